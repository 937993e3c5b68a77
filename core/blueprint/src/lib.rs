//! The living blueprint: requirements, entities and relations, each linked to the sentence it came from.
pub mod rules;

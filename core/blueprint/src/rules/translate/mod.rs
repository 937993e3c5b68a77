//! The rule-based translator: a client's brief becomes requirements, entities, relations and roles, each with its reason.
//!
//! No model, no network, no chance: the same text always gives the same translation. The method is described in
//! `docs/decisions/translator.md`; the shape of the result in `docs/translation.schema.json`.

mod assemble;
mod attributes;
mod clause;
mod entities;
mod facts;
mod lexicon_en;
mod lexicon_ru;
mod lexis_ru;
mod lists;
mod model;
mod morphology_en;
mod morphology_ru;
mod naming;
mod near;
mod nouns_ru;
mod owners;
mod phrases;
mod predicate;
mod questions;
mod relations;
mod requirements;
mod split;
#[cfg(test)]
mod tests;
mod things;
mod token;
mod verbs_en;
mod word;

pub use model::{Attribute, AttributeType, Cardinality, Entity, Language, Priority, Question, Refusal, Relation, Requirement, RequirementKind, Role, Translation};

/// The longest brief that is read, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Translates a brief in English or Russian, plain text or Markdown; never panics, and takes time in proportion to the text.
///
/// # Errors
/// A [`Refusal`] when the text is empty, holds NUL, or is longer than [`MAX_BYTES`].
pub fn translate(text: &str) -> Result<Translation, Refusal> {
    if text.len() > MAX_BYTES {
        return Err(Refusal::TooLong);
    }
    if text.contains('\0') {
        return Err(Refusal::Binary);
    }
    if text.chars().all(|c| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}')) {
        return Err(Refusal::Empty);
    }
    Ok(assemble::assemble(text))
}

/// Translates the bytes of a file; spans count bytes of the file.
///
/// # Errors
/// As [`translate`], and [`Refusal::Binary`] for bytes that are not UTF-8.
pub fn translate_bytes(bytes: &[u8]) -> Result<Translation, Refusal> {
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::TooLong);
    }
    translate(std::str::from_utf8(bytes).map_err(|_| Refusal::Binary)?)
}

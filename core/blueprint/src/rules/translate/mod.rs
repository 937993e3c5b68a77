//! The rule-based translator.

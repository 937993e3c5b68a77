//! Pure functions of the blueprint.
pub mod conflicts;
pub mod compare;
pub mod place;
pub mod translate;
pub mod words;

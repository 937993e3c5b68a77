//! Pure functions of the blueprint.
pub mod conflicts;
pub mod place;
pub mod translate;

//! Pure functions of the blueprint.
pub mod place;
pub mod translate;

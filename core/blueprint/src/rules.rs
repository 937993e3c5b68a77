//! Pure functions of the blueprint.
pub mod translate;

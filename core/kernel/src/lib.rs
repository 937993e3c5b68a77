//! What every context stands on.

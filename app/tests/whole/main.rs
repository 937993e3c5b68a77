//! The real program, as people and machines run it: killed, starved, damaged, misfed.

mod bench;
mod damage;
mod input;
mod keyring;
mod kill;

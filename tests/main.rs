//! The whole system, driven from outside. The programs are named by SCANTLING_DESKTOP_BIN, SCANTLING_BIN and
//! SCANTLING_SERVER_BIN; nothing in here knows their insides.

mod house;
mod journeys;
mod support;

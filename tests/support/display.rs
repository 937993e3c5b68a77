//! A display that nobody looks at.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::group::Group;

/// An X server of its own for one desktop, on a number that was free.
pub struct Display {
    number: String,
    _server: Group,
}

impl Display {
    pub fn start() -> Display {
        let mut server = Group::start(
            Group::command("Xvfb")
                // The server chooses a free number itself and says so once it answers.
                .args(["-displayfd", "1", "-screen", "0", "1360x900x24", "-nolisten", "tcp", "-noreset"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let said = server.child().stdout.take().expect("the output is piped");
        let mut number = String::new();
        BufReader::new(said).read_line(&mut number).expect("Xvfb says its number");
        assert!(!number.trim().is_empty(), "Xvfb found no free display");
        Display { number: format!(":{}", number.trim()), _server: server }
    }

    pub fn name(&self) -> &str {
        &self.number
    }
}

//! Runs the program with a folder of its own, and talks to it line by line.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Value, json};

/// The program on a folder, in English, with its key in a file.
pub fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scantling"));
    for name in ["LC_ALL", "LC_MESSAGES", "SCANTLING_LOG", "SCANTLING_PASSPHRASE_FILE"] {
        command.env_remove(name);
    }
    command.env("LANG", "C.UTF-8").env("SCANTLING_KEY_HOME", "file").env("SCANTLING_DATA", data);
    command
}

/// What a run of the program said and how it ended.
pub struct Said {
    pub ok: bool,
    pub out: String,
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8");
        Self { ok: output.status.success(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Runs the program once.
pub fn run(data: &Path, arguments: &[&str]) -> Said {
    program(data).args(arguments).stdin(Stdio::null()).output().expect("the program starts").into()
}

/// Runs the program once and expects an answer in JSON.
pub fn answer(data: &Path, arguments: &[&str]) -> Value {
    let said = run(data, arguments);
    assert!(said.ok, "{arguments:?} failed: {}", said.err);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{arguments:?} answered {:?}: {error}", said.out))
}

/// Runs the program in both languages and expects it to fail with these words, without a panic.
pub fn fails(data: &Path, arguments: &[&str], english: &str, russian: &str) {
    for (language, words) in [("C.UTF-8", english), ("ru_RU.UTF-8", russian)] {
        let said: Said = program(data).env("LANG", language).args(arguments).stdin(Stdio::null()).output().expect("the program starts").into();
        assert!(!said.ok, "{arguments:?} succeeded: {}", said.out);
        assert!(said.err.contains(words), "{arguments:?} said {:?} instead of {words:?}", said.err);
        assert!(!said.err.contains("panicked"), "{arguments:?} panicked: {}", said.err);
    }
}

/// Adds a requirement; answers the project and the requirement.
pub fn begin(data: &Path) -> (String, String) {
    let project = answer(data, &["--json", "call", "project.create", r#"{"name":"Bicycles"}"#])["id"].as_str().expect("a project has an id").to_owned();
    let requirement = answer(data, &["--json", "call", "blueprint.add_requirement", &json!({ "project": project, "text": "The shop sells parts." }).to_string()]);
    (project, requirement["id"].as_str().expect("a requirement has an id").to_owned())
}

/// The texts of a project's requirements.
pub fn texts(data: &Path, project: &str) -> Vec<String> {
    let requirements = answer(data, &["--json", "call", "blueprint.requirements", &json!({ "project": project }).to_string()]);
    requirements.as_array().expect("a list").iter().map(|requirement| requirement["text"].as_str().expect("a text").to_owned()).collect()
}

/// The program with its standard input open: calls go in as lines, answers come out as lines.
pub struct Session {
    pub child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<Value>,
    last: u64,
}

impl Session {
    pub fn new(mut command: Command) -> Self {
        let mut child = command.args(["call", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let out = child.stdout.take().expect("it was piped");
        let (sender, answers) = mpsc::channel();
        std::thread::spawn(move || {
            // A kill may tear the last line; what is torn was not answered.
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Ok(value) = serde_json::from_str(&line) {
                    let _ = sender.send(value);
                }
            }
        });
        Self { input: child.stdin.take(), child, answers, last: 0 }
    }

    pub fn on(data: &Path) -> Self {
        Self::new(program(data))
    }

    /// Sends bytes as they are; whether the program took them.
    pub fn write(&mut self, bytes: &[u8]) -> bool {
        self.input.as_mut().is_some_and(|input| input.write_all(bytes).and_then(|()| input.flush()).is_ok())
    }

    /// Sends a call; answers its id.
    pub fn send(&mut self, name: &str, payload: &Value) -> u64 {
        self.last += 1;
        let line = format!("{}\n", json!({ "id": self.last, "name": name, "payload": payload }));
        self.write(line.as_bytes());
        self.last
    }

    /// The next answer, or none when the program has ended.
    pub fn next(&mut self) -> Option<Value> {
        self.answers.recv_timeout(Duration::from_secs(60)).ok()
    }

    /// A call and its answer, or none when the program has ended.
    pub fn call(&mut self, name: &str, payload: &Value) -> Option<Value> {
        let id = self.send(name, payload);
        let answer = self.next()?;
        assert_eq!(answer["id"], id, "{answer}");
        Some(answer)
    }

    /// Ends the input and waits for the program; answers what it still said.
    pub fn end(mut self) -> Vec<Value> {
        drop(self.input.take());
        let rest = self.answers.iter().collect();
        assert!(self.child.wait().expect("it is our child").success());
        rest
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! The key lives in the system's keyring where there is one, and beside the store where there is none.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{Said, program};

/// Runs a script in which `"$@"` is the program, on a message bus of its own with homes of its own.
fn on_a_bus(home: &Path, data: &Path, script: &str) -> Option<Said> {
    for tool in ["dbus-run-session", "gnome-keyring-daemon"] {
        if let Err(error) = Command::new(tool).arg("--version").output() {
            eprintln!("skipped: this machine has no {tool} ({error})");
            return None;
        }
    }
    let output = Command::new("dbus-run-session")
        .args(["--", "sh", "-c", script])
        .arg("sh")
        .arg(env!("CARGO_BIN_EXE_scantling"))
        .env_remove("SCANTLING_KEY_HOME")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env("LANG", "C.UTF-8")
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home)
        .env("XDG_DATA_HOME", home.join("share"))
        .env("SCANTLING_DATA", data)
        .output()
        .expect("the bus starts");
    Some(output.into())
}

const UNLOCK: &str = "printf pass | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1";

#[test]
fn the_key_goes_into_the_keyring_and_is_found_again() {
    let (home, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let script = format!("{UNLOCK}; \"$@\" --json call project.create '{{\"name\":\"Kept\"}}' && \"$@\" --json call workspace.status");
    let Some(said) = on_a_bus(home.path(), data.path(), &script) else { return };
    assert!(said.ok, "{}", said.err);
    let status: Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    assert_eq!(status["key_home"], "keyring", "{status}");
    assert!(data.path().join("store.db").exists() && !data.path().join("store.key").exists());

    // The bus and the daemon are new, as after a restart of the machine; the wish for a file is for new stores alone.
    for wish in ["", "SCANTLING_KEY_HOME=file "] {
        let said = on_a_bus(home.path(), data.path(), &format!("{UNLOCK}; {wish}\"$@\" show")).unwrap();
        assert!(said.ok && said.out.contains("Kept"), "{}{}", said.out, said.err);
        assert!(!data.path().join("store.key").exists());
    }

    // Locked, the key can't be had: the start says so and soon, and makes no other key.
    let started = Instant::now();
    let said = on_a_bus(home.path(), data.path(), "\"$@\" show").unwrap();
    assert!(!said.ok && said.err.contains("Unlock the keyring or restore store.key; nothing was changed."), "{}{}", said.out, said.err);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert!(!data.path().join("store.key").exists());
}

#[test]
fn without_a_keyring_the_key_is_a_private_file_and_the_status_says_so() {
    let check = |said: Said, data: &Path| {
        assert!(said.ok, "{}", said.err);
        assert_eq!(serde_json::from_str::<Value>(said.out.trim()).unwrap()["key_home"], "file");
        assert!(data.join("store.key").exists());
    };
    let data = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let said = program(data.path()).env_remove("SCANTLING_KEY_HOME").env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus").args(["--json", "call", "workspace.status"]).output().unwrap().into();
    check(said, data.path());
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());

    // A keyring that is locked, with nobody to unlock it, does not hold up the start either.
    let (home, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let started = Instant::now();
    let Some(said) = on_a_bus(home.path(), data.path(), "\"$@\" --json call workspace.status") else { return };
    check(said, data.path());
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

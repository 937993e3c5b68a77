//! The project's folders, its packages, and the commands that work on them.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::steps::{Step, Steps};
use crate::{Failure, Result};

/// Where things are.
pub struct Project {
    /// The folder of the workspace's manifest.
    pub root: PathBuf,
    /// Cargo's target folder, wherever the developer put it.
    pub target: PathBuf,
    metadata: Value,
}

impl Project {
    /// Asks Cargo, which is also the first proof that Cargo works here.
    pub fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default();
        let answer = cargo(&root).args(["metadata", "--no-deps", "--format-version", "1", "--quiet"]).output()?;
        if !answer.status.success() {
            return Err(Failure::failed(String::from_utf8_lossy(&answer.stderr).into_owned()));
        }
        let metadata: Value =
            serde_json::from_slice(&answer.stdout).map_err(|error| Failure::failed(format!("cargo metadata answered something else: {error}")))?;
        let target = metadata["target_directory"].as_str().map_or_else(|| root.join("target"), PathBuf::from);
        Ok(Self { root, target, metadata })
    }

    /// The packages whose manifest lies under `folder`.
    pub fn packages(&self, folder: &str) -> Vec<&str> {
        let folder = self.root.join(folder);
        let packages = self.metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        packages
            .iter()
            .filter(|package| package["manifest_path"].as_str().is_some_and(|path| Path::new(path).starts_with(&folder)))
            .filter_map(|package| package["name"].as_str())
            .collect()
    }

    /// The oldest Rust that builds the whole.
    pub fn rust_version(&self) -> &str {
        let packages = self.metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        packages.iter().filter_map(|package| package["rust_version"].as_str()).max_by_key(|version| numbers(version)).unwrap_or("1.85")
    }

    /// Cargo at the root.
    pub fn cargo(&self) -> Command {
        cargo(&self.root)
    }

    /// npm in the folder of the screens.
    pub fn npm(&self) -> Command {
        let mut command = Command::new("npm");
        command.current_dir(self.ui());
        command
    }

    /// A program that Cargo built for development.
    pub fn program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// A program that Cargo built for release.
    pub fn released(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }

    fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// Plans the fetching of npm packages, if the lock file changed since the last time.
    pub fn npm_packages(&self, steps: &mut Steps) -> Result {
        let mut hash = Hash::new();
        hash.file(&self.ui().join("package-lock.json"))?;
        hash.text(&crate::machine::node_version().unwrap_or_default());
        let stamp = Stamp { path: self.ui().join("node_modules/.xtask-lock"), value: hash.end() };
        if !stamp.holds() {
            let mut npm = self.npm();
            npm.args(["ci", "--no-audit", "--no-fund"]);
            steps.add(Step::new("Fetching the screens' packages", npm).then(move || stamp.write()).advice("Is the npm registry within reach?"));
        }
        Ok(())
    }

    /// Plans the fetching of the JavaScript client that the tests put to the server, if its lock file changed.
    pub fn peer_packages(&self, steps: &mut Steps) -> Result {
        let folder = self.root.join("tests/peers/automerge-repo");
        let mut hash = Hash::new();
        hash.file(&folder.join("package-lock.json"))?;
        hash.text(&crate::machine::node_version().unwrap_or_default());
        let stamp = Stamp { path: folder.join("node_modules/.xtask-lock"), value: hash.end() };
        if !stamp.holds() {
            let mut npm = Command::new("npm");
            // As the lock file says, but without `ci`: that insists on native builds of an optional package, for every
            // platform, which not every registry holds.
            npm.current_dir(&folder).args(["install", "--omit=optional", "--no-save", "--no-audit", "--no-fund"]);
            steps.add(Step::new("Fetching the JavaScript client for the tests", npm).then(move || stamp.write()).advice("Is the npm registry within reach?"));
        }
        Ok(())
    }

    /// Plans the building of `ui/dist`, which the programs contain, if a source of the screens changed. The packages must be there.
    pub fn screens(&self, steps: &mut Steps) -> Result {
        let mut hash = Hash::new();
        for name in ["package-lock.json", "tsconfig.json", "vite.config.ts", "index.html", "console.html", "public", "src"] {
            hash.tree(&self.ui().join(name))?;
        }
        let stamp = Stamp { path: self.ui().join("dist/.xtask-sources"), value: hash.end() };
        if !stamp.holds() {
            let mut npm = self.npm();
            npm.args(["run", "--silent", "build"]);
            steps.add(Step::new("Building the screens", npm).then(move || stamp.write()));
        }
        Ok(())
    }
}

/// Cargo without the traces of the `cargo run` that started this program: they would make build scripts run again
/// whenever a developer alternates between `cargo build` and `cargo xtask`.
fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// The numbers of a version: `v20.19.2` is 20, 19, 2.
pub fn numbers(version: &str) -> Vec<u32> {
    version.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).filter_map(|part| part.parse().ok()).take(3).collect()
}

/// Remembers from which sources something was made, beside what was made.
struct Stamp {
    path: PathBuf,
    value: String,
}

impl Stamp {
    fn holds(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|value| value == self.value)
    }

    fn write(&self) -> Result {
        Ok(fs::write(&self.path, &self.value)?)
    }
}

/// A fingerprint of files; a false match would need an accident, not an attack.
struct Hash(DefaultHasher);

impl Hash {
    fn new() -> Self {
        Self(DefaultHasher::new())
    }

    fn text(&mut self, text: &str) {
        self.0.write_usize(text.len());
        self.0.write(text.as_bytes());
    }

    fn file(&mut self, path: &Path) -> Result {
        self.text(&path.to_string_lossy());
        let bytes = fs::read(path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
        self.0.write_usize(bytes.len());
        self.0.write(&bytes);
        Ok(())
    }

    fn tree(&mut self, path: &Path) -> Result {
        if path.is_file() {
            return self.file(path);
        }
        if path.is_dir() {
            let mut entries: Vec<PathBuf> = fs::read_dir(path)?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
            entries.sort();
            entries.iter().try_for_each(|entry| self.tree(entry))?;
        }
        Ok(())
    }

    fn end(self) -> String {
        format!("{:016x}", self.0.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(numbers("v20.19.2"), [20, 19, 2]);
        assert_eq!(numbers("rustc 1.95.0 (59807616e 2026-04-14)"), [1, 95, 0]);
        assert!(numbers("1.9") < numbers("1.88"));
    }
}

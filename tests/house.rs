//! The architecture of `docs/architecture.md`, read off the sources: where a rule is broken, a test names the line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where nothing decides: the kernel grounds, wiring joins.
const NO_CONTEXT: [&str; 2] = ["kernel", "wiring"];

/// What a context may consist of; a folder of the same name counts as the file.
const CONTEXT_FILES: [&str; 7] = ["lib", "model", "rules", "doc", "store", "ops", "tests"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the repository").to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|failure| panic!("{}: {failure}", path.display()))
}

/// The names in a folder, sorted; a folder that is not there has none.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.map(|entry| entry.expect("a folder can be read").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Every file below a folder with one of these endings, without what was built or brought.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            if !["target", "node_modules", "dist", "gen", "out"].contains(&name.as_str()) {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found
}

/// A path as it is written in the repository.
fn shown(path: &Path) -> String {
    path.strip_prefix(root()).expect("a path of the repository").to_string_lossy().replace('\\', "/")
}

fn contexts() -> Vec<String> {
    names(&root().join("core")).into_iter().filter(|name| root().join("core").join(name).is_dir() && !NO_CONTEXT.contains(&name.as_str())).collect()
}

/// The sources of the core without its tests.
fn core_sources(package: &str) -> Vec<PathBuf> {
    let tests = |path: &PathBuf| path.iter().any(|part| part == "tests" || part == "tests.rs" || part == "harness.rs");
    files(&root().join("core").join(package).join("src"), &[".rs"]).into_iter().filter(|path| !tests(path)).collect()
}

/// The lines of a file that are no comment, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(number, line)| (number + 1, line.trim())).filter(|(_, line)| !line.starts_with("//") && !line.starts_with('*'))
}

fn none(broken: Vec<String>, rule: &str) {
    assert!(broken.is_empty(), "{rule}\n  {}", broken.join("\n  "));
}

/// What a package needs to run, by name; what only its tests need may be more.
fn dependencies(manifest: &Path) -> BTreeSet<String> {
    let mut inside = false;
    let mut found = BTreeSet::new();
    for line in read(manifest).lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && !line.contains("dev-") && !line.contains("build-");
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            found.extend(line.split(['.', '=', ' ']).next().map(str::to_owned));
        }
    }
    found
}

#[test]
fn contexts_depend_on_the_kernel_alone_and_the_core_on_no_shell() {
    let own: BTreeSet<String> = names(&root().join("core")).into_iter().chain(["scantling", "scantling-server"].map(str::to_owned)).collect();
    let mut broken = Vec::new();
    let mut check = |package: &str, allowed: &[String]| {
        let needs = dependencies(&root().join("core").join(package).join("Cargo.toml"));
        broken.extend(needs.intersection(&own).filter(|name| !allowed.contains(name)).map(|name| format!("core/{package} depends on {name}")));
        // What performs has no place in what decides.
        let performers = ["tokio", "reqwest", "axum", "tauri", "getrandom", "keyring-core", "postgres", "async-nats"];
        broken.extend(performers.iter().filter(|name| needs.contains(**name)).map(|name| format!("core/{package} depends on {name}")));
    };
    let contexts = contexts();
    assert!(contexts.len() >= 3, "{contexts:?}");
    check("kernel", &[]);
    for context in &contexts {
        check(context, &["kernel".into()]);
    }
    check("wiring", &[contexts, vec!["kernel".into()]].concat());
    none(broken, "Arrows point down only: shells, wiring, contexts, kernel.");
}

#[test]
fn a_context_has_the_files_that_every_context_has() {
    let mut broken = Vec::new();
    for context in contexts() {
        let folder = root().join("core").join(&context).join("src");
        let stems: Vec<String> = names(&folder).iter().map(|name| name.trim_end_matches(".rs").to_owned()).collect();
        broken.extend(stems.iter().filter(|stem| !CONTEXT_FILES.contains(&stem.as_str())).map(|stem| format!("core/{context}/src/{stem} is a place that no other context has")));
        broken.extend(["lib", "model", "tests"].iter().filter(|needed| !stems.iter().any(|stem| stem == *needed)).map(|needed| format!("core/{context} has no {needed}.rs")));
        let door = read(&folder.join("lib.rs"));
        if !door.starts_with("//!") {
            broken.push(format!("core/{context}/src/lib.rs does not say what the context is"));
        }
    }
    none(broken, "Who knows one context knows them all.");
}

/// The beginnings of statements, as they stand in a string.
const STATEMENTS: [&str; 8] = ["select ", "insert into ", "insert or ", "update ", "delete from ", "create table ", "with recursive ", "pragma "];

fn speaks_sql(line: &str) -> bool {
    let mut quoted = line.split('"').skip(1).step_by(2);
    // `select 1` reads no table: it asks whether the database answers.
    quoted.any(|text| text != "select 1" && STATEMENTS.iter().any(|begin| text.to_lowercase().starts_with(begin)))
}

#[test]
fn every_statement_of_a_context_stands_in_its_store() {
    let mut broken = Vec::new();
    let mut sources: Vec<PathBuf> = contexts().iter().flat_map(|context| core_sources(context)).collect();
    sources.extend(core_sources("wiring"));
    sources.extend(files(&root().join("app/src"), &[".rs"]));
    sources.extend(files(&root().join("sync-server/src"), &[".rs"]));
    for path in sources {
        let name = shown(&path);
        // The device's own tables are those of its accounts; storage and host.rs open a database and set it up.
        let home = name.ends_with("/store.rs") || ["app/src/identity.rs", "app/src/host.rs"].contains(&name.as_str()) || name.starts_with("sync-server/src/storage/") || name.contains("/tests");
        if home {
            continue;
        }
        broken.extend(code(&read(&path)).filter(|(_, line)| speaks_sql(line)).map(|(number, line)| format!("{name}:{number}: {line}")));
    }
    none(broken, "SQL stands in store.rs and nowhere else.");
}

#[test]
fn nobody_reads_the_tables_of_another_context() {
    let contexts = contexts();
    let mut broken = Vec::new();
    for context in &contexts {
        for path in core_sources(context) {
            let text = read(&path);
            for other in contexts.iter().filter(|other| *other != context) {
                let table = format!("{other}_");
                let asks = |line: &str| ["from ", "into ", "update ", "join "].iter().any(|word| line.contains(&format!("{word}{table}")));
                broken.extend(code(&text).filter(|(_, line)| asks(line)).map(|(number, line)| format!("{}:{number}: {line}", shown(&path))));
            }
        }
    }
    for path in files(&root().join("migrations"), &[".sql"]) {
        let name = shown(&path);
        let context = name.split('/').nth(2).expect("migrations/<side>/<context>/<number>.sql").to_owned();
        for line in read(&path).to_lowercase().lines().map(str::trim) {
            let made = ["create table ", "create virtual table "].iter().find_map(|begin| line.strip_prefix(begin));
            if made.is_some_and(|table| !table.starts_with(&format!("{context}_"))) {
                broken.push(format!("{name}: {line}"));
            }
        }
    }
    none(broken, "A table bears the name of its context and is read by it alone.");
}

/// The command table as it is written: the home and the name of each command.
fn commands() -> Vec<(String, String)> {
    let table = read(&root().join("core/wiring/src/commands.rs"));
    let (_, table) = table.split_once("\ncommands! {").expect("the table begins so");
    let line = |line: &str| {
        let (home, rest) = line.trim().split_once([' ', '('])?;
        let name = rest.split('"').find(|part| part.contains('.') && !part.contains('/'))?;
        ["local", "device", "server"].contains(&home).then(|| (home.to_owned(), name.to_owned()))
    };
    table.lines().filter_map(line).collect()
}

#[test]
fn every_command_is_served_where_the_table_says() {
    let commands = commands();
    assert!(commands.len() > 40, "only {} commands were read", commands.len());
    let mut broken = Vec::new();
    let mut arms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for context in names(&root().join("app/src")).iter().filter_map(|name| name.strip_suffix(".rs")) {
        let text = read(&root().join("app/src").join(format!("{context}.rs")));
        let served = text.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" =>").map(|(name, _)| name.to_owned()));
        arms.insert(context.to_owned(), served.filter(|name| name.starts_with(&format!("{context}."))).collect());
    }
    let host = read(&root().join("app/src/host.rs"));
    for (home, name) in &commands {
        let context = name.split('.').next().expect("a command has a context");
        let here = arms.get(context).is_some_and(|names| names.contains(name));
        match home.as_str() {
            "device" if !here => broken.push(format!("{name} is the device's, but app/src/{context}.rs has no answer")),
            "device" if !host.contains(&format!("(\"{context}\", _)")) => broken.push(format!("app/src/host.rs sends nothing to {context}")),
            "local" if here => broken.push(format!("{name} is the core's, but app/src/{context}.rs answers too")),
            _ => {}
        }
    }
    for name in arms.values().flatten() {
        if !commands.iter().any(|(_, known)| known == name) {
            broken.push(format!("app answers {name}, which no table names"));
        }
    }
    none(broken, "The table names each command once, and who performs it has an answer.");
}

#[test]
fn what_the_device_asks_of_a_server_the_server_answers() {
    let server = root().join("sync-server/src");
    assert!(server.is_dir(), "there is no server to ask");
    // `{space}`, `{token}` and `:id` are the same place.
    let shape = |path: &str| -> String {
        path.split('/').map(|part| if part.starts_with(['{', ':']) { "*" } else { part }).collect::<Vec<_>>().join("/")
    };
    let paths = |folder: &Path| -> BTreeSet<String> {
        let texts: Vec<String> = files(folder, &[".rs"]).iter().map(|path| read(path)).collect();
        texts.iter().flat_map(|text| text.split('"').filter(|part| part.starts_with("/v1/") && !part.contains(char::is_whitespace))).map(shape).collect()
    };
    let (asked, answered) = (paths(&root().join("app/src")), paths(&server));
    assert!(asked.len() >= 8, "{asked:?}");
    none(asked.difference(&answered).cloned().collect(), "The device asks for what no route answers.");
}

#[test]
fn only_the_window_knows_tauri_and_only_one_file_of_the_screens_does() {
    let mut broken = Vec::new();
    for folder in ["core", "app/src", "sync-server", "xtask"] {
        for path in files(&root().join(folder), &[".rs"]) {
            let name = shown(&path);
            if name.starts_with("app/src/window") {
                continue;
            }
            broken.extend(code(&read(&path)).filter(|(_, line)| line.contains("tauri::")).map(|(number, line)| format!("{name}:{number}: {line}")));
        }
    }
    for path in files(&root().join("ui/src"), &[".ts", ".tsx"]) {
        let name = shown(&path);
        if name != "ui/src/platform/tauri.ts" {
            broken.extend(code(&read(&path)).filter(|(_, line)| line.contains("@tauri-apps")).map(|(number, line)| format!("{name}:{number}: {line}")));
        }
    }
    none(broken, "The window could be another one tomorrow.");
}

#[test]
fn a_screen_enters_another_context_by_its_door() {
    let screens = root().join("ui/src");
    let contexts: Vec<String> = contexts().into_iter().chain(["identity", "sync", "workspace"].map(str::to_owned)).collect();
    let mut broken = Vec::new();
    for context in &contexts {
        for path in files(&screens.join(context), &[".ts", ".tsx"]) {
            for (number, line) in code(&read(&path)).filter(|(_, line)| line.contains("from \"../")) {
                let inside = contexts.iter().any(|other| line.contains(&format!("from \"../{other}/")));
                if inside {
                    broken.push(format!("{}:{number}: {line}", shown(&path)));
                }
            }
        }
    }
    none(broken, "What a context shows to others stands in its index.ts.");
}

#[test]
fn no_test_waits_for_a_fixed_time() {
    let mut broken = Vec::new();
    let sleeps = |line: &str| ["sleep(", "setTimeout(", "waitForTimeout("].iter().any(|word| line.contains(word));
    let mut sources = files(&root().join("tests"), &[".rs"]);
    sources.extend(files(&root().join("core"), &[".rs"]));
    sources.extend(files(&root().join("ui/src"), &[".test.ts", ".test.tsx"]));
    for path in sources {
        let name = shown(&path);
        // The one place that asks again and again until a deadline, this list of words, and what measures time itself.
        if name == "tests/support/mod.rs" || name == "tests/house.rs" || name.starts_with("tests/bench/") {
            continue;
        }
        broken.extend(code(&read(&path)).filter(|(_, line)| sleeps(line)).map(|(number, line)| format!("{name}:{number}: {line}")));
    }
    none(broken, "A test waits for a condition, with a deadline.");
}

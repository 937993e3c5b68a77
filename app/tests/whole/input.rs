//! Wrong and hostile input: each gets a clear sentence in both languages, and nothing is changed.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::bench::{Said, Session, answer, begin, fails, program, run, texts};

#[test]
fn calls_that_nobody_can_answer_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let (project, _) = begin(folder.path());
    let data = folder.path();
    fails(data, &["call", "no.such"], "There is no command no.such.", "Команды no.such нет.");
    fails(data, &["call", "project.list", "{\"a"], "The input is not JSON:", "Входные данные — не JSON:");
    fails(data, &["call", "project.create", r#"{"name":"A","colour":"red"}"#], "unknown field `colour`", "Команда не принимает такие данные:");
    fails(data, &["call", "project.create", "[]"], "The command does not take this input:", "Команда не принимает такие данные:");
    fails(data, &["show", "Nowhere"], "There is no project \"Nowhere\".", "Проекта «Nowhere» нет.");
    fails(data, &["why", "Bicycles", "Nothing"], "There is no requirement, entity or attribute \"Nothing\".", "Нет ни требования, ни сущности, ни атрибута «Nothing».");
    let said = run(data, &["frobnicate"]);
    assert!(!said.ok && said.err.contains("unrecognized subcommand 'frobnicate'"), "{}", said.err);
    assert_eq!(texts(data, &project), ["The shop sells parts."]);
    let file = folder.path().join("store.key").display().to_string();
    fails(data, &["--data", &file, "show"], "is a file. A workspace needs a folder.", "это файл, а рабочему месту нужна папка.");
    for (language, words) in [("C.UTF-8", "SCANTLING_KEY_HOME is keyring, passphrase or file, not cellar."), ("ru_RU.UTF-8", "SCANTLING_KEY_HOME принимает keyring, passphrase или file, а не cellar.")] {
        let said: Said = program(data).env("SCANTLING_KEY_HOME", "cellar").env("LANG", language).arg("show").output().unwrap().into();
        assert!(!said.ok && said.err.contains(words), "{}", said.err);
    }
}

#[test]
fn a_brief_that_is_no_text_is_refused_and_leaves_no_project_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let empty = file("empty.md", b"");
    let binary = file("binary.md", &(0..4096_u32).map(|at| (at * 7 % 256) as u8).collect::<Vec<u8>>());
    let zeros = file("zeros.md", &[0; 2048]);
    let large = file("large.md", "The shop sells parts. ".repeat(480_000).as_bytes());
    let (nowhere, directory) = (folder.path().join("nowhere.md").display().to_string(), folder.path().display().to_string());
    let cases = [
        (&empty, "There is nothing to translate in", "переводить пока нечего."),
        (&binary, "is not text in UTF-8.", "не текст в UTF-8."),
        (&zeros, "is not plain text.", "не простой текст."),
        (&large, "The text is longer than 1 MiB. Split it by subject", "Текст длиннее 1 МиБ. Разделите его по темам"),
        (&nowhere, "There is no file", "Файла"),
        (&directory, "is a folder, not a file.", "папка, а не файл."),
    ];
    for (path, english, russian) in cases {
        fails(&data, &["translate", path], english, russian);
        fails(&data, &["translate", path, "--into", "New"], english, russian);
    }
    assert_eq!(answer(&data, &["--json", "show"]), json!([]));
}

#[test]
fn a_brief_is_translated_without_a_project_and_into_a_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let brief = folder.path().join("brief.md");
    fs::write(&brief, "The shop sells parts. Each part has a name and a price. A customer places orders.\n").unwrap();
    let brief = brief.display().to_string();
    let alone = answer(&data, &["--json", "translate", &brief]);
    assert!(!alone["requirements"].as_array().unwrap().is_empty(), "{alone}");
    assert_eq!(answer(&data, &["--json", "show"]), json!([]), "a proposal makes no project");
    assert!(!answer(&data, &["--json", "translate", &brief, "--into", "Shop"])["items"].as_array().unwrap().is_empty());
    let shown = answer(&data, &["--json", "show", "Shop"]);
    assert!(!shown["requirements"].as_array().unwrap().is_empty() && !shown["model"]["entities"].as_array().unwrap().is_empty(), "{shown}");
    assert!(run(&data, &["verify"]).ok);
}

#[test]
fn broken_lines_are_answered_and_the_next_line_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::on(folder.path());
    let long = [b"{\"id\":1,\"name\":\"".as_slice(), &vec![b'x'; 9 * 1024 * 1024], b"\"}\n"].concat();
    let cases: [(&[u8], &str); 8] = [
        (b"no json\n", "The line is not JSON:"),
        (b"{\"id\":1\n", "The line is not JSON:"),
        (b"\xff\xfe\x00\n", "The line is not JSON:"),
        (b"42\n", "The line names no command."),
        (b"[]\n", "The line names no command."),
        (b"{\"id\":1}\n", "The line names no command."),
        (b"{\"id\":1,\"name\":\"no.such\"}\n", "There is no command no.such."),
        (&long, "The line is longer than 8 MiB. Split it."),
    ];
    for (line, words) in cases {
        assert!(session.write(line));
        let refused = session.next().unwrap();
        assert!(refused["problem"]["message"].as_str().unwrap().contains(words), "{refused}");
        assert!(session.write(b"\n   \n"));
        assert!(session.call("project.list", &json!({})).unwrap().get("ok").is_some());
    }
    // Nesting beyond what a parser's stack holds is refused like any other broken line.
    assert!(session.write(&[vec![b'['; 200_000], b"\n".to_vec()].concat()));
    assert!(session.next().unwrap().get("problem").is_some());
    // A last line without its end is a line all the same.
    assert!(session.write(b"{\"id\":\"last\",\"name\":\"project.list\"}"));
    let rest: Vec<Value> = session.end();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0]["id"], "last");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    begin(folder.path());
    for arguments in [&["commands"] as &[&str], &["--json", "call", "blueprint.search", "{}"], &["show", "Bicycles"], &["verify"]] {
        let mut child = program(folder.path()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        child.wait().unwrap();
        assert!(!said.contains("panicked") && !said.contains("Broken pipe"), "{arguments:?}: {said}");
    }
    // Calls that nobody reads the answers of are performed all the same.
    let mut child = program(folder.path()).args(["call", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    for number in 0..3 {
        std::io::Write::write_all(&mut input, format!("{{\"id\":{number},\"name\":\"project.create\",\"payload\":{{\"name\":\"P{number}\"}}}}\n").as_bytes()).unwrap();
    }
    drop(input);
    assert!(child.wait().unwrap().success());
    assert_eq!(answer(folder.path(), &["--json", "show"]).as_array().unwrap().len(), 4);
}

//! Damaged, starved and foreign stores: each is refused in a clear sentence, and nothing in them is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::bench::{Said, Session, answer, begin, fails, program, run, texts};

const DAMAGED: (&str, &str) = ("The store can't be read: it is damaged, or the key belongs to another store.", "Хранилище не читается: оно повреждено или ключ от другого хранилища.");

#[test]
fn a_truncated_store_is_refused_and_is_not_replaced_by_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let (project, _) = begin(folder.path());
    let path = folder.path().join("store.db");
    let whole = fs::read(&path).unwrap();
    for length in [whole.len() / 2, 4096] {
        fs::write(&path, &whole[..length]).unwrap();
        fails(folder.path(), &["verify"], DAMAGED.0, DAMAGED.1);
        assert_eq!(fs::read(&path).unwrap(), &whole[..length], "the remains are left as they are");
    }
    let emptied = ("was cut off, emptied or removed. Restore store.db from a backup", "обрезано, опустело или удалено. Восстановите store.db из резервной копии");
    // What is shorter than a page SQLite itself would take for a new database.
    for length in [4095, 100, 1, 0] {
        fs::write(&path, &whole[..length]).unwrap();
        fails(folder.path(), &["show"], emptied.0, emptied.1);
        assert_eq!(fs::read(&path).unwrap(), &whole[..length]);
    }
    fs::remove_file(&path).unwrap();
    fails(folder.path(), &["show"], emptied.0, emptied.1);
    assert!(!path.exists());
    fs::write(&path, whole).unwrap();
    assert_eq!(texts(folder.path(), &project), ["The shop sells parts."]);
}

#[test]
fn a_flipped_byte_is_noticed_and_its_repair_brings_everything_back() {
    let folder = tempfile::tempdir().unwrap();
    let (project, _) = begin(folder.path());
    let path = folder.path().join("store.db");
    let whole = fs::read(&path).unwrap();
    let pages = whole.len() / 4096;
    assert!(pages > 24);
    for step in 0..24 {
        let mut bytes = whole.clone();
        bytes[(pages * step / 24) * 4096 + 1234] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        let said = run(folder.path(), &["verify"]);
        assert!(!said.ok && (said.err.contains(DAMAGED.0) || said.err.contains("A part of the store can't be read") || said.out.contains("BAD")), "page {}: {}{}", pages * step / 24, said.out, said.err);
        assert!(!said.err.contains("panicked"), "{}", said.err);
    }
    fs::write(&path, whole).unwrap();
    assert_eq!(texts(folder.path(), &project), ["The shop sells parts."]);
    assert!(run(folder.path(), &["verify"]).ok);
}

#[test]
fn a_wrong_short_or_missing_key_opens_nothing_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (project, _) = begin(folder.path());
    let (path, key) = (folder.path().join("store.db"), folder.path().join("store.key"));
    let (whole, right) = (fs::read(&path).unwrap(), fs::read(&key).unwrap());
    let lost = ("is encrypted and its key is not here", "зашифровано, а ключа к нему здесь нет");
    fs::write(&key, [7; 32]).unwrap();
    fails(folder.path(), &["show"], DAMAGED.0, DAMAGED.1);
    fs::write(&key, b"short").unwrap();
    fails(folder.path(), &["show"], lost.0, lost.1);
    fs::remove_file(&key).unwrap();
    fails(folder.path(), &["show"], lost.0, lost.1);
    assert!(!key.exists(), "no new key is made for an old store");
    assert_eq!(fs::read(&path).unwrap(), whole);
    fs::write(&key, right).unwrap();
    assert_eq!(texts(folder.path(), &project), ["The shop sells parts."]);
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    begin(folder.path());
    let key: String = fs::read(folder.path().join("store.key")).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    let write = |sql: &str| {
        let connection = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
        connection.execute_batch(&format!("pragma key = \"x'{key}'\"; {sql}")).unwrap();
    };
    write("insert into kernel_migration (context, number, hash) values ('kernel', 99, 'unknown');");
    let before = fs::read(folder.path().join("store.db")).unwrap();
    fails(folder.path(), &["show"], "written by a newer version of Scantling. Update the program", "записаны более новой версией Scantling. Обновите программу");
    assert_eq!(fs::read(folder.path().join("store.db")).unwrap(), before);
    write("delete from kernel_migration where number = 99;");
    assert!(run(folder.path(), &["verify"]).ok);
}

/// The program in a mount namespace of its own, after `prepare`, in which `$0` is the folder.
fn mounted(data: &Path, prepare: &str) -> Command {
    let base = program(data);
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &format!("{prepare} && exec \"$@\"")]).arg(data).arg(base.get_program());
    for (name, value) in base.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

/// Whether this machine lets a test mount; where it doesn't, the reason is printed.
fn may_mount() -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let tried = Command::new("unshare").args(["--mount", "sh", "-c", "mount -t tmpfs none \"$0\""]).arg(folder.path()).output();
    let reason = match tried {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    eprintln!("skipped: this machine forbids mounting ({})", reason.trim());
    false
}

#[test]
fn a_read_only_folder_is_refused_and_nothing_is_lost() {
    if !may_mount() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (project, _) = begin(folder.path());
    let whole = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"";
    let store = "mount --bind \"$0/store.db\" \"$0/store.db\" && mount -o remount,bind,ro \"$0/store.db\"";
    let cases = [
        (whole, "C.UTF-8", "can't be written. Check its permissions and the free space."),
        (whole, "ru_RU.UTF-8", "нельзя писать. Проверьте права и свободное место."),
        (store, "C.UTF-8", "The store can't be written. Check the permissions of its folder; nothing was changed."),
        (store, "ru_RU.UTF-8", "Хранилище недоступно для записи. Проверьте права на его папку; ничего не изменено."),
    ];
    for (prepare, language, words) in cases {
        let add = json!({ "project": project, "text": "More." }).to_string();
        let said: Said = mounted(folder.path(), prepare).env("LANG", language).args(["call", "blueprint.add_requirement", &add]).stdin(Stdio::null()).output().unwrap().into();
        assert!(!said.ok && said.err.contains(words), "{}", said.err);
    }
    assert_eq!(texts(folder.path(), &project), ["The shop sells parts."]);
}

#[test]
fn a_full_disk_refuses_an_edit_changes_nothing_and_goes_on_when_there_is_space() {
    if !may_mount() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::new(mounted(folder.path(), "mount -t tmpfs -o size=4m none \"$0\""));
    let project = session.call("project.create", &json!({ "name": "Full" })).unwrap()["ok"]["id"].as_str().unwrap().to_owned();
    // The folder as the program sees it.
    let inside = PathBuf::from(format!("/proc/{}/root{}", session.child.id(), folder.path().display()));
    let filler = inside.join("filler");
    let mut kept = 0;
    for round in 0..3 {
        let mut refused = None;
        // Space is taken until not a byte is left; what the log still holds in reserve is used up by edits.
        let fill = || drop(fs::write(&filler, vec![0_u8; 8 * 1024 * 1024]));
        fill();
        for _ in 0..200 {
            let answer = session.call("blueprint.add_requirement", &json!({ "project": project, "text": format!("The shop keeps {}.", "much ".repeat(700)) })).unwrap();
            match answer.get("problem") {
                None => kept += 1,
                Some(problem) => {
                    refused = Some(problem["message"].as_str().unwrap().to_owned());
                    break;
                }
            }
        }
        let full = if round == 1 { "Диск заполнен. Освободите место и повторите; ничего не изменено." } else { "The disk is full. Free some space and try again; nothing was changed." };
        assert_eq!(refused.as_deref(), Some(full));
        let listed = session.call("blueprint.requirements", &json!({ "project": project })).unwrap();
        assert_eq!(listed["ok"].as_array().unwrap().len(), kept, "what was refused is nowhere");
        fs::remove_file(&filler).unwrap();
        assert!(session.call("blueprint.add_requirement", &json!({ "project": project, "text": "Space again." })).unwrap().get("ok").is_some());
        kept += 1;
        let language = if round == 0 { "ru" } else { "en" };
        session.call("workspace.set_preferences", &json!({ "language": language })).unwrap();
    }
    let proof = session.call("workspace.verify", &json!({})).unwrap();
    assert_eq!(proof["ok"]["ok"], true, "{proof}");
    session.end();
}

#[test]
fn a_second_program_is_told_that_the_workspace_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let (project, _) = begin(folder.path());
    let mut first = Session::on(folder.path());
    assert!(first.call("project.list", &json!({})).is_some());
    fails(folder.path(), &["show"], "This workspace is open in another window or program already", "Это рабочее место уже открыто в другом окне или программе");
    assert!(first.call("blueprint.add_requirement", &json!({ "project": project, "text": "Still here." })).unwrap().get("ok").is_some());
    first.end();
    assert_eq!(texts(folder.path(), &project).len(), 2);
    assert_eq!(answer(folder.path(), &["--json", "show"]).as_array().unwrap().len(), 1);
}

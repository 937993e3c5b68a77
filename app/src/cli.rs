//! The command line: every command of the table by its name, and a few for people.

use std::io::{BufRead, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use kernel::{Code, Error, Language};

use crate::key::Home;
use crate::{Host, Options, Problem, system_language};

/// From a client's sentence to a blueprint that stays true.
#[derive(Parser)]
#[command(name = "scantling", version, about, long_about = None)]
struct Arguments {
    /// The folder of the workspace.
    #[arg(long, env = "SCANTLING_DATA", global = true)]
    data: Option<PathBuf>,
    /// Answers in JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Lists the projects, or shows one: its requirements and its data model.
    Show {
        /// The project's id or name.
        project: Option<String>,
    },
    /// Reads what a client said and proposes requirements, entities and relations.
    Translate {
        /// A text file in English or Russian; `-` reads standard input.
        file: String,
        /// Takes the whole proposal over into this project; a name that does not exist yet makes a new one.
        #[arg(long, value_name = "PROJECT")]
        into: Option<String>,
    },
    /// Answers why a requirement, entity or attribute is there.
    Why {
        /// The project's id or name.
        project: String,
        /// An entity's name, or the key or id of any element.
        element: String,
    },
    /// Sends and fetches until this device and its servers hold the same, proven by their chains.
    Sync {
        /// Gives up after so many seconds.
        #[arg(long, default_value_t = 60)]
        timeout: u64,
    },
    /// Proves the workspace: signatures, chains, documents and tables.
    Verify {
        /// Also reads the server's whole log of each shared project, and compares.
        #[arg(long)]
        server: bool,
    },
    /// Performs any command by its name; `scantling commands` lists them.
    Call {
        /// The name, like `project.list`; or `-` to read one JSON object per line: {"id": 1, "name": ..., "payload": ...}.
        name: String,
        /// Its input in JSON; `-` reads standard input, so that secrets stay off the command line.
        #[arg(default_value = "{}")]
        payload: String,
    },
    /// Lists every command and where it is performed.
    Commands,
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("SCANTLING_LOG").unwrap_or_else(|_| "error".into()))
        .init();
    let arguments = Arguments::parse();
    if matches!(arguments.command, Some(Command::Commands)) {
        return print(&commands(), arguments.json);
    }
    let host = match open(&arguments) {
        Ok(host) => host,
        Err(problem) => return refuse(&problem, arguments.json, arguments.command.is_none()),
    };
    let done = match arguments.command {
        None => window(&host),
        Some(command) => run(&host, command, arguments.json),
    };
    host.close();
    done.unwrap_or_else(|problem| refuse(&problem, arguments.json, false))
}

fn open(arguments: &Arguments) -> Result<Host, Problem> {
    // Before the store is open nobody knows which language the person chose.
    let invalid = |words: (String, String)| Problem::of(&Error::new(Code::Invalid, words), system_language());
    let data = match &arguments.data {
        Some(data) => data.clone(),
        None => default_folder().ok_or_else(|| invalid(("Name the folder of the workspace with --data.".into(), "Укажите папку рабочего места: --data ПАПКА.".into())))?,
    };
    let key_home = match std::env::var("SCANTLING_KEY_HOME").ok().as_deref() {
        None | Some("") => None,
        Some("keyring") => Some(Home::Keyring),
        Some("passphrase") => Some(Home::Passphrase),
        Some("file") => Some(Home::File),
        Some(other) => return Err(invalid((format!("SCANTLING_KEY_HOME is keyring, passphrase or file, not {other}."), format!("SCANTLING_KEY_HOME принимает keyring, passphrase или file, а не {other}.")))),
    };
    let passphrase = match std::env::var_os("SCANTLING_PASSPHRASE_FILE") {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(&path).map_err(|error| invalid((format!("The file that SCANTLING_PASSPHRASE_FILE names can't be read: {error}."), format!("Файл, указанный в SCANTLING_PASSPHRASE_FILE, не читается: {error}."))))?;
            Some(text.trim_end_matches(['\n', '\r']).to_owned())
        }
    };
    // One-shot commands are over before a connection stands; those that live longer keep it.
    let sync = match &arguments.command {
        None | Some(Command::Sync { .. }) => true,
        Some(Command::Call { name, .. }) => name == "-" || matches!(name.as_str(), "sync.now" | "project.join" | "project.share"),
        Some(_) => false,
    };
    Host::open(Options { data, key_home, passphrase, sync })
}

/// Where the system keeps the data of programs (XDG Base Directory Specification on Linux).
fn default_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        set("APPDATA")
    } else if cfg!(target_os = "macos") {
        set("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        set("XDG_DATA_HOME").or_else(|| set("HOME").map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join("scantling"))
}

#[cfg(feature = "desktop")]
fn window(host: &Host) -> Result<ExitCode, Problem> {
    crate::window::run(host.clone());
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "desktop"))]
fn window(host: &Host) -> Result<ExitCode, Problem> {
    Err(problem(host, &Error::new(Code::Invalid, ("This build has no window. Name a command; --help lists them.", "Эта сборка без окна. Укажите команду; их перечисляет --help."))))
}

/// An error in the person's language.
fn problem(host: &Host, error: &Error) -> Problem {
    Problem::of(error, host.language())
}

fn refuse(problem: &Problem, json: bool, _window: bool) -> ExitCode {
    #[cfg(feature = "desktop")]
    if _window {
        crate::window::tell(&problem.message);
    }
    if json {
        eprintln!("{}", json!({ "problem": problem }));
    } else {
        eprintln!("{}", problem.message);
    }
    ExitCode::FAILURE
}

/// Prints an answer. A reader that has gone away, as `head` does, is no failure.
fn print(value: &impl Answer, json: bool) -> ExitCode {
    let text = if json { value.json().to_string() } else { value.text() };
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the answer can't be written");
            ExitCode::FAILURE
        }
    }
}

trait Answer {
    fn json(&self) -> Value;
    fn text(&self) -> String;
}

/// An answer in JSON with its form for people.
struct Shown(Value, String);

impl Answer for Shown {
    fn json(&self) -> Value {
        self.0.clone()
    }
    fn text(&self) -> String {
        self.1.clone()
    }
}

fn run(host: &Host, command: Command, json: bool) -> Result<ExitCode, Problem> {
    let call = |name: &str, payload: Value| host.wait(host.call(name, payload));
    match command {
        Command::Commands => Ok(print(&commands(), json)),
        Command::Call { name, payload } if name == "-" => {
            drop(payload);
            Ok(serve_lines(host))
        }
        Command::Call { name, payload } => {
            let text = if payload == "-" { read(host, "-")? } else { payload };
            let payload = serde_json::from_str(&text).map_err(|error| problem(host, &Error::new(Code::Invalid, (format!("The input is not JSON: {error}."), format!("Входные данные — не JSON: {error}.")))))?;
            let answer = call(&name, payload)?;
            Ok(print(&Shown(answer.clone(), serde_json::to_string_pretty(&answer).unwrap_or_default()), json))
        }
        Command::Show { project: None } => {
            let projects = call("project.list", json!({}))?;
            let text = list(&projects).map(|project| format!("{}  {}  {}", word(project, "id"), word(project, "name"), project["server"].as_str().unwrap_or(if host.language() == Language::Ru { "это устройство" } else { "this device" }))).collect::<Vec<_>>().join("\n");
            Ok(print(&Shown(projects, text), json))
        }
        Command::Show { project: Some(project) } => {
            let project = find_project(host, &project)?;
            let requirements = call("blueprint.requirements", json!({ "project": project }))?;
            let model = call("blueprint.model", json!({ "project": project }))?;
            let text = show(&requirements, &model);
            Ok(print(&Shown(json!({ "requirements": requirements, "model": model }), text), json))
        }
        Command::Translate { file, into } => {
            let text = read(host, &file)?;
            // A text that can't be translated is refused before a project is made for it.
            let translation = blueprint::rules::translate::translate(&text).map_err(|refusal| problem(host, &untranslatable(&file, &refusal)))?;
            let Some(name) = into else {
                let shown = translated(&translation);
                return Ok(print(&Shown(serde_json::to_value(&translation).unwrap_or_default(), shown), json));
            };
            let project = match find_project(host, &name) {
                Ok(project) => project,
                Err(problem) if problem.code == Code::NotFound => word(&call("project.create", json!({ "name": name }))?, "id").to_owned(),
                Err(problem) => return Err(problem),
            };
            let proposal = call("blueprint.propose", json!({ "project": project, "text": text }))?;
            let title: String = std::path::Path::new(&file).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().chars().take(120).collect());
            let items: Vec<Value> = list(&proposal["items"]).map(|item| item["id"].clone()).collect();
            if !items.is_empty() {
                call("blueprint.accept", json!({ "project": project, "title": title, "text": text, "items": items }))?;
            }
            let text = propose(&proposal);
            Ok(print(&Shown(proposal, text), json))
        }
        Command::Why { project, element } => {
            let project = find_project(host, &project)?;
            let id = find_element(host, &project, &element)?;
            let why = call("blueprint.why", json!({ "project": project, "id": id }))?;
            let text = std::iter::once(word(&why, "title").to_owned()).chain(list(&why["steps"]).map(|step| format!("  {}: {}", word(step, "title"), word(step, "detail")))).collect::<Vec<_>>().join("\n");
            Ok(print(&Shown(why, text), json))
        }
        Command::Sync { timeout } => sync(host, Duration::from_secs(timeout), json),
        Command::Verify { server } => {
            let mut report = call("workspace.verify", json!({}))?;
            if server {
                for space in list(&call("sync.inspect", json!({}))?["spaces"]).filter(|space| !space["server"].is_null()) {
                    let compared = call("sync.compare", json!({ "space": space["space"] }))?;
                    let mut checks: Vec<Value> = list(&report["checks"]).cloned().collect();
                    for check in list(&compared["checks"]) {
                        let name = format!("{}: {}", word(space, "name"), word(check, "name"));
                        checks.push(json!({ "name": name, "ok": check["ok"], "detail": check["detail"] }));
                    }
                    report = json!({ "ok": report["ok"] == true && compared["ok"] == true, "checks": checks });
                }
            }
            let text = list(&report["checks"]).map(|check| format!("{}  {}: {}", if check["ok"] == true { "ok " } else { "BAD" }, word(check, "name"), word(check, "detail"))).collect::<Vec<_>>().join("\n");
            let ok = report["ok"] == true;
            let printed = print(&Shown(report, text), json);
            Ok(if ok { printed } else { ExitCode::FAILURE })
        }
    }
}

/// Waits until everything shared is proven, or says what stands in the way.
fn sync(host: &Host, patience: Duration, json: bool) -> Result<ExitCode, Problem> {
    let mut changes = host.changes();
    host.wait(async {
        let waited = tokio::time::timeout(patience, async {
            loop {
                let badge = host.call("sync.badge", json!({})).await?;
                match badge["state"].as_str() {
                    Some("proven" | "local" | "paused" | "refused" | "signed_out" | "error") => return Ok::<Value, Problem>(badge),
                    _ => drop(changes.recv().await),
                }
            }
        })
        .await;
        let badge = match waited {
            Ok(badge) => badge?,
            Err(_) => host.call("sync.badge", json!({})).await?,
        };
        let good = matches!(badge["state"].as_str(), Some("proven" | "local" | "paused"));
        let text = format!("{}{}", word(&badge, "state"), badge["detail"].as_str().map(|detail| format!(": {detail}")).unwrap_or_default());
        let printed = print(&Shown(badge, text), json);
        Ok(if good { printed } else { ExitCode::FAILURE })
    })
}

/// Answers calls that come as lines until standard input ends; each answer is a line with the caller's id.
/// Calls are answered in the order of their ends, so a slow one does not hold up the rest.
fn serve_lines(host: &Host) -> ExitCode {
    let (answers, to_print) = mpsc::channel::<String>();
    let printer = std::thread::spawn(move || {
        let mut out = std::io::stdout().lock();
        for line in to_print {
            if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
                return;
            }
        }
    });
    let mut running = Vec::new();
    let mut input = std::io::stdin().lock();
    loop {
        let mut line = Vec::new();
        match (&mut input).take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let whole = line.last() == Some(&b'\n') || (line.len() as u64) < MAX_LINE;
        if !whole && skip_line(&mut input).is_err() {
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let asked = if whole { understand(&line) } else { Err(Error::new(Code::TooLarge, ("The line is longer than 8 MiB. Split it.", "Строка длиннее 8 МиБ. Разделите её."))) };
        let (wait, host, answers) = (host, host.clone(), answers.clone());
        running.push(wait.spawn(async move {
            let answer = match asked {
                Err(error) => json!({ "id": null, "problem": problem(&host, &error) }),
                Ok((id, name, payload)) => match host.call(&name, payload).await {
                    Ok(value) => json!({ "id": id, "ok": value }),
                    Err(problem) => json!({ "id": id, "problem": problem }),
                },
            };
            // The printer ends when nobody reads any more.
            let _ = answers.send(answer.to_string());
        }));
        running.retain(|task| !task.is_finished());
    }
    for task in running {
        // A task that panicked has been reported by the host.
        let _ = host.wait(task);
    }
    drop(answers);
    match printer.join() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The longest line that is read; nothing that fits into one change is longer.
const MAX_LINE: u64 = 8 * 1024 * 1024;

/// A line as a call: its id, its name, its payload.
fn understand(line: &[u8]) -> kernel::Result<(Value, String, Value)> {
    let invalid = |en: String, ru: String| Error::new(Code::Invalid, (en, ru));
    let mut call: Value = serde_json::from_slice(line).map_err(|error| invalid(format!("The line is not JSON: {error}."), format!("Строка — не JSON: {error}.")))?;
    let Some(name) = call["name"].as_str().map(str::to_owned) else {
        return Err(invalid("The line names no command. It looks like {\"id\": 1, \"name\": \"project.list\", \"payload\": {}}.".into(), "В строке не названа команда. Строка выглядит так: {\"id\": 1, \"name\": \"project.list\", \"payload\": {}}.".into()));
    };
    Ok((call["id"].take(), name, call["payload"].take()))
}

/// Passes over the rest of a line without keeping it.
fn skip_line(input: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let held = input.fill_buf()?;
        let end = held.iter().position(|byte| *byte == b'\n');
        let (passed, over) = (end.map_or(held.len(), |at| at + 1), end.is_some() || held.is_empty());
        input.consume(passed);
        if over {
            return Ok(());
        }
    }
}

fn too_long() -> Error {
    Error::new(Code::TooLarge, ("The text is longer than 1 MiB. Split it by subject and translate the parts one by one.", "Текст длиннее 1 МиБ. Разделите его по темам и переведите по частям.")).about("file")
}

fn untranslatable(file: &str, refusal: &blueprint::rules::translate::Refusal) -> Error {
    use blueprint::rules::translate::Refusal;
    match refusal {
        Refusal::Empty => Error::invalid("file", (format!("There is nothing to translate in {file} yet. Write a sentence or two about what the system should keep and who uses it."), format!("В {file} переводить пока нечего. Напишите одно-два предложения: что система хранит и кто ею пользуется."))),
        Refusal::Binary => Error::invalid("file", (format!("{file} is not plain text. Save it as text or Markdown in UTF-8 and try again."), format!("{file} — не простой текст. Сохраните его как текст или Markdown в UTF-8 и повторите."))),
        Refusal::TooLong => too_long(),
    }
}

fn read(host: &Host, file: &str) -> Result<String, Problem> {
    let invalid = |en: String, ru: String| problem(host, &Error::invalid("file", (en, ru)));
    let mut bytes = Vec::new();
    // One byte more than is read tells that there is more.
    let limit = blueprint::rules::translate::MAX_BYTES as u64 + 1;
    let taken = if file == "-" {
        if std::io::stdin().is_terminal() {
            eprintln!("{}", if host.language() == Language::Ru { "Введите или вставьте текст и нажмите Ctrl+D." } else { "Type or paste the text, then press Ctrl+D." });
        }
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(limit).read_to_end(&mut bytes))
    };
    taken.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => invalid(format!("There is no file {file}."), format!("Файла {file} нет.")),
        std::io::ErrorKind::IsADirectory => invalid(format!("{file} is a folder, not a file."), format!("{file} — папка, а не файл.")),
        _ => invalid(format!("{file} can't be read: {error}."), format!("{file} не читается: {error}.")),
    })?;
    if bytes.len() as u64 == limit {
        return Err(problem(host, &too_long()));
    }
    String::from_utf8(bytes).map_err(|_| invalid(format!("{file} is not text in UTF-8."), format!("{file} — не текст в UTF-8.")))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn find_project(host: &Host, wanted: &str) -> Result<String, Problem> {
    let projects = host.wait(host.call("project.list", json!({})))?;
    let found: Vec<&Value> = list(&projects).filter(|project| word(project, "id") == wanted || (word(project, "name") == wanted && project["removed"] != true)).collect();
    match found.as_slice() {
        [project] => Ok(word(project, "id").to_owned()),
        [] => Err(problem(host, &Error::not_found((format!("There is no project \"{wanted}\". `scantling show` lists them."), format!("Проекта «{wanted}» нет. Список покажет `scantling show`."))).about("project"))),
        _ => Err(problem(host, &Error::conflict((format!("Several projects are called \"{wanted}\". Name one by its id; `scantling show` lists them."), format!("Проектов с именем «{wanted}» несколько. Укажите id; список покажет `scantling show`."))).about("project"))),
    }
}

fn find_element(host: &Host, project: &str, wanted: &str) -> Result<String, Problem> {
    let requirements = host.wait(host.call("blueprint.requirements", json!({ "project": project })))?;
    let model = host.wait(host.call("blueprint.model", json!({ "project": project })))?;
    let found = list(&requirements)
        .chain(list(&model["entities"]))
        .chain(list(&model["entities"]).flat_map(|entity| list(&entity["attributes"])))
        .find(|element| ["id", "key", "name"].iter().any(|field| element[*field] == wanted))
        .map(|element| word(element, "id").to_owned());
    found.ok_or_else(|| problem(host, &Error::not_found((format!("There is no requirement, entity or attribute \"{wanted}\"."), format!("Нет ни требования, ни сущности, ни атрибута «{wanted}»."))).about("element")))
}

fn show(requirements: &Value, model: &Value) -> String {
    let mut lines: Vec<String> = list(requirements).map(|requirement| format!("{}  {}", word(requirement, "key"), word(requirement, "text"))).collect();
    let name = |id: &Value| list(&model["entities"]).find(|entity| entity["id"] == *id).map_or("?", |entity| word(entity, "name"));
    for entity in list(&model["entities"]) {
        lines.push(format!("\n{}", word(entity, "name")));
        lines.extend(list(&entity["attributes"]).map(|attribute| format!("  {}: {}", word(attribute, "name"), word(attribute, "type"))));
    }
    lines.push(String::new());
    lines.extend(list(&model["relations"]).map(|relation| format!("{} -> {}  {}", name(&relation["from"]), name(&relation["to"]), word(relation, "cardinality"))));
    lines.join("\n")
}

fn propose(proposal: &Value) -> String {
    let mut lines: Vec<String> = list(&proposal["items"])
        .map(|item| {
            let detail = word(item, "detail");
            format!("{} {}: {}{}", word(item, "action"), word(item, "kind"), word(item, "title"), if detail.is_empty() { String::new() } else { format!("  ({detail})") })
        })
        .collect();
    lines.extend(list(&proposal["questions"]).map(|question| format!("? {}", question.as_str().unwrap_or_default())));
    lines.join("\n")
}

fn translated(translation: &blueprint::rules::translate::Translation) -> String {
    let mut lines: Vec<String> = translation.requirements.iter().map(|requirement| format!("{}  {}", requirement.id, requirement.text)).collect();
    for entity in &translation.entities {
        lines.push(format!("\n{}  ({})", entity.name, entity.because));
        lines.extend(entity.attributes.iter().map(|attribute| format!("  {}: {}", attribute.name, blueprint::AttributeType::from(attribute.kind).word())));
    }
    lines.push(String::new());
    lines.extend(translation.relations.iter().map(|relation| format!("{} -> {}  {}", relation.from, relation.to, blueprint::Cardinality::from(relation.cardinality).word())));
    lines.extend(translation.questions.iter().map(|question| format!("? {}", question.text)));
    lines.join("\n")
}

fn commands() -> Shown {
    let homes: Vec<(&str, String)> = wiring::COMMANDS.iter().map(|command| (command.name, command.home.to_string())).collect();
    let text = homes.iter().map(|(name, home)| format!("{name}  {home}")).collect::<Vec<_>>().join("\n");
    Shown(homes.iter().map(|(name, home)| json!({ "name": name, "home": home })).collect(), text)
}

//! The sync server's program, and people with accounts on it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use automerge::ActorId;
use ed25519_dalek::SigningKey;
use kernel::SpaceId;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::Result;

/// How long the server may take to be ready, with much on disk.
const PATIENCE: Duration = Duration::from_secs(120);
/// A token lasts fifteen minutes; it is replaced long before.
const RENEWAL: Duration = Duration::from_secs(5 * 60);
/// Of every account.
pub const PASSWORD: &str = "from keel to masthead";

/// A running server.
pub struct Server {
    child: Child,
    program: PathBuf,
    data: PathBuf,
    /// `http://127.0.0.1:PORT`.
    pub address: String,
    /// The one-time link of the first start.
    set_up: Option<String>,
    /// From the start of the program until `/readyz` agreed.
    pub ready_after: Duration,
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts the program on a folder and waits until it is ready.
    pub async fn start(program: &Path, data: &Path) -> Result<Self> {
        let log = File::options().create(true).append(true).open(data.with_extension("log"))?;
        let started = Instant::now();
        let mut child = Command::new(program)
            .arg("--data")
            .arg(data)
            // All clients of a benchmark come from one address.
            .args(["--listen", "127.0.0.1:0", "--rate", "1000000"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let Some(output) = child.stdout.take() else { return Err("the server has no output".into()) };
        let mut server = Self {
            child,
            program: program.to_owned(),
            data: data.to_owned(),
            address: String::new(),
            set_up: None,
            ready_after: Duration::ZERO,
            _output: BufReader::new(output),
        };
        let first = !data.join("scantling-bench").exists();
        for word in ["Listening on ", "Set up: "].iter().take(1 + usize::from(first)) {
            let mut said = String::new();
            server._output.read_line(&mut said)?;
            let value = said
                .split_once(word)
                .ok_or_else(|| format!("The server says {said:?} and not {word:?}; its log is {}.", data.with_extension("log").display()))?
                .1
                .trim()
                .to_owned();
            if *word == "Listening on " { server.address = value } else { server.set_up = Some(value) }
        }
        let url = format!("{}/readyz", server.address);
        while !reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success()) {
            if started.elapsed() > PATIENCE {
                return Err("the server is not ready".into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.ready_after = started.elapsed();
        // The server makes its folder itself, so the mark of a folder in use can only be left now.
        File::create(data.join("scantling-bench"))?;
        Ok(server)
    }

    /// Ends the program, in good order or as a power cut would, and starts it on the same folder.
    pub async fn restart(mut self, signal: Signal) -> Result<Self> {
        self.end(signal)?;
        let (program, data) = (self.program.clone(), self.data.clone());
        drop(self);
        Self::start(&program, &data).await
    }

    fn end(&mut self, signal: Signal) -> Result {
        if let Some(process) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            kill_process(process, signal)?;
        }
        self.child.wait()?;
        Ok(())
    }

    /// Bytes of memory that the process holds now.
    pub fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the system does not tell a process's memory")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1_024)
    }

    /// How long the process has computed so far, to a hundredth of a second: that is how the system counts.
    pub fn computed(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after = stat.rsplit_once(')').ok_or("the system does not tell a process's time")?.1;
        let ticks: Vec<u64> = after.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
        Ok(Duration::from_millis(ticks.iter().sum::<u64>() * 10))
    }

    /// The link for the first account.
    pub fn set_up_link(&self) -> Result<&str> {
        Ok(self.set_up.as_deref().ok_or("the server is set up already")?)
    }

    /// Bytes of the data folder.
    pub fn disk(&self) -> Result<u64> {
        std::fs::read_dir(&self.data)?.try_fold(0, |sum, entry| Ok(sum + entry?.metadata()?.len()))
    }

    /// The first account, which the link of the first start allows.
    pub async fn set_up(&self, name: &str) -> Result<Person> {
        let token = self.set_up_link()?.rsplit('/').next().unwrap_or_default();
        self.account("/v1/identity/setup", name, "token", token).await
    }

    /// An account by invitation into a space, and its role there.
    pub async fn invite(&self, owner: &Person, space: SpaceId, role: &str, name: &str) -> Result<Person> {
        let invited = self.post(Some(owner), &format!("/v1/spaces/{space}/invitations"), json!({ "role": role })).await?;
        let token = invited["link"].as_str().and_then(|link| link.rsplit('/').next()).ok_or("an invitation has a link")?.to_owned();
        let person = self.account("/v1/identity/sign-up", name, "invitation", &token).await?;
        self.post(Some(&person), &format!("/v1/invitations/{token}/accept"), json!({})).await?;
        Ok(person)
    }

    /// A space that belongs to its owner.
    pub async fn share(&self, owner: &Person, space: SpaceId, name: &str) -> Result {
        self.post(Some(owner), "/v1/spaces", json!({ "space": space, "name": name })).await?;
        Ok(())
    }

    /// The same person on the same device, with a token that lasts for the next minutes.
    pub async fn renew(&self, person: &mut Person) -> Result {
        if person.since.elapsed() < RENEWAL {
            return Ok(());
        }
        let input = json!({ "email": email(&person.name), "password": PASSWORD, "device_key": person.device_key(), "device_name": "bench" });
        (person.token, person.since) = (token(&self.post(None, "/v1/identity/sign-in", input).await?)?, Instant::now());
        Ok(())
    }

    async fn account(&self, path: &str, name: &str, field: &str, value: &str) -> Result<Person> {
        let mut seed = [0; 48];
        getrandom::fill(&mut seed)?;
        let (key, actor) = seed.split_at(32);
        let mut person = Person {
            name: name.to_owned(),
            token: String::new(),
            since: Instant::now(),
            key: SigningKey::from_bytes(key.try_into()?),
            actor: ActorId::from(actor),
        };
        let mut input =
            json!({ "name": name, "email": email(name), "password": PASSWORD, "device_key": person.device_key(), "device_name": "bench" });
        input[field] = json!(value);
        person.token = token(&self.post(None, path, input).await?)?;
        Ok(person)
    }

    async fn post(&self, person: Option<&Person>, path: &str, input: Value) -> Result<Value> {
        let mut request = reqwest::Client::new().post(format!("{}{path}", self.address)).json(&input);
        if let Some(person) = person {
            request = request.bearer_auth(&person.token);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(format!("POST {path}: {status} {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn email(name: &str) -> String {
    format!("{}@example.org", name.to_lowercase())
}

fn token(answer: &Value) -> Result<String> {
    Ok(answer["access_token"].as_str().ok_or("an account comes with a token")?.to_owned())
}

/// Someone with an account, and their device.
pub struct Person {
    pub name: String,
    pub token: String,
    since: Instant,
    pub key: SigningKey,
    pub actor: ActorId,
}

impl Person {
    fn device_key(&self) -> String {
        self.key.verifying_key().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

//! The official JavaScript client (automerge-repo) against the server, beside a device.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use automerge::ReadDoc;
use automerge::transaction::CommitOptions;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::support::wait_for;
use super::*;

fn folder_of_the_client() -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/peers/automerge-repo");
    assert!(folder.join("node_modules").is_dir(), "the JavaScript client is not installed; run `npm install --omit=optional` in tests/peers/automerge-repo, or `cargo xtask test`");
    folder
}

/// The client in a process of its own.
struct Client {
    _child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Client {
    fn start(world: &World, token: &str, name: &str) -> Self {
        let address = format!("{}/v1/spaces/{}/automerge", world.url.replacen("http", "ws", 1), the_space());
        let mut command = Command::new("node");
        command.current_dir(folder_of_the_client()).args(["peer.mjs", &address, token, name]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(if std::env::var_os("SCANTLING_TEST_LOG").is_some() { Stdio::inherit() } else { Stdio::null() }).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { _child: child, input, lines: BufReader::new(output).lines() }
    }

    async fn tries(&mut self, command: &str, input: Value) -> Result<Value, String> {
        let mut line = input;
        line["command"] = command.into();
        self.input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let answer = tokio::time::timeout(std::time::Duration::from_secs(60), self.lines.next_line()).await.expect("the client answers").unwrap().expect("the client runs");
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        match answer["failed"].as_str() {
            Some(failed) => Err(failed.to_owned()),
            None => Ok(answer["ok"].take()),
        }
    }

    async fn does(&mut self, command: &str, input: Value) -> Value {
        self.tries(command, input).await.unwrap_or_else(|failed| panic!("{command}: {failed}"))
    }

    async fn edit(&mut self, url: &str, mut what: Value) {
        what["url"] = url.into();
        self.does("edit", what).await;
    }

    async fn heads(&mut self, url: &str) -> Vec<String> {
        serde_json::from_value(self.does("read", json!({ "url": url })).await["heads"].take()).unwrap()
    }

    /// The codes of the problems that it was told.
    async fn problems(&mut self) -> Vec<String> {
        self.does("errors", json!({})).await.as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap().to_owned()).collect()
    }

    async fn is_told(&mut self, code: &str) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while !self.problems().await.iter().any(|told| told == code) {
            assert!(std::time::Instant::now() < until, "the client is not told {code}: {:?}", self.problems().await);
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// A device as far as these tests need one: it checks every entry and holds one document.
struct Desk {
    key: SigningKey,
    socket: Socket,
    document: Automerge,
    chain: Chain,
    seq: u64,
    /// Who signed which change.
    signers: BTreeMap<Vec<u8>, [u8; 32]>,
    /// Waiting to be heard of again.
    own: BTreeMap<Vec<u8>, Entry>,
    /// The devices of the people of the space, and those whose key the server holds.
    devices: BTreeSet<Vec<u8>>,
    doors: BTreeSet<Vec<u8>>,
}

const DOC: &str = "bp_door";

impl Desk {
    async fn start(world: &World, token: &str, key: &SigningKey, actor: u8) -> Self {
        let document = Automerge::new_with_encoding(automerge::TextEncoding::Utf16CodeUnit).with_actor(ActorId::from([actor; 16]));
        let socket = connect(world, token, key).await;
        Self { key: key.clone(), socket, document, chain: Chain::empty(the_space()), seq: 0, signers: BTreeMap::new(), own: BTreeMap::new(), devices: BTreeSet::new(), doors: BTreeSet::new() }
    }

    /// Connects anew, going on where it was, and pushes what waits.
    async fn reconnect(&mut self, world: &World, token: &str) {
        let (mut socket, _) = tokio_tungstenite::connect_async(format!("{}/v1/sync", world.url.replacen("http", "ws", 1))).await.unwrap();
        let cursor = Cursor { space: the_space(), epoch: None, seq: self.seq, chain: self.chain, marks: None };
        let push = Push { space: the_space(), entries: self.own.values().map(|entry| entry.bytes().to_vec().into()).collect() };
        say(&mut socket, &ToServer::Hello { version: VERSION, token: token.into(), device: self.key.verifying_key().to_bytes(), cursors: vec![cursor], push: vec![push] }).await;
        self.socket = socket;
    }

    /// Changes the document; the change is pushed if the connection holds.
    async fn edit(&mut self, work: impl FnOnce(&mut automerge::transaction::Transaction<'_>)) {
        let mut transaction = self.document.transaction();
        work(&mut transaction);
        transaction.commit_with(CommitOptions::default().with_time(0));
        let made = self.document.get_last_local_change().unwrap().clone();
        let entry = change(&self.key, DOC, &made);
        self.own.insert(entry.id.clone(), entry.clone());
        let message = ToServer::Push(Push { space: the_space(), entries: vec![entry.bytes().to_vec().into()] });
        let _ = self.socket.send(Message::binary(encode(&message))).await;
    }

    /// Takes over what comes until `enough`; every entry is read as a device reads it, and the chain is checked.
    async fn listen(&mut self, mut enough: impl FnMut(&Self) -> bool) {
        while !enough(self) {
            match hear(&mut self.socket).await {
                ToClient::Entries { first, items, chain, .. } => {
                    assert_eq!(first, self.seq + 1);
                    for item in items {
                        let entry = match item {
                            Item::Entry(bytes) => Entry::parse(&bytes).expect("it is signed and canonical"),
                            Item::Own(id) => self.own[&id].clone(),
                        };
                        self.own.remove(&entry.id);
                        self.chain = self.chain.then(entry.bytes());
                        self.seq += 1;
                        if entry.subject == DOC {
                            self.document.apply_changes([entry.change().expect("a plain change with its hash")]).unwrap();
                            self.signers.insert(entry.id, entry.device);
                        }
                    }
                    assert_eq!(chain, self.chain, "the proof holds");
                }
                ToClient::Welcome { spaces, .. } => self.learn(&spaces[0]),
                ToClient::Space(state) => self.learn(&state),
                ToClient::Refused { code, reason, .. } => panic!("refused: {code}: {}", reason.en),
                _ => {}
            }
        }
    }

    fn learn(&mut self, state: &kernel::protocol::SpaceState) {
        self.devices = state.people.iter().flat_map(|person| &person.devices).map(|key| key.to_vec()).collect();
        self.doors = state.people.iter().flat_map(|person| person.doors.iter().flatten()).map(|key| key.to_vec()).collect();
    }

    fn heads(&self) -> Vec<String> {
        let mut heads: Vec<String> = self.document.get_heads().iter().map(ToString::to_string).collect();
        heads.sort();
        heads
    }

    fn has(&self, key: &str) -> bool {
        self.document.get(ROOT, key).unwrap().is_some()
    }

    fn text(&self) -> String {
        let (_, text) = self.document.get(ROOT, "text").unwrap().unwrap();
        self.document.text(&text).unwrap()
    }
}

/// Both hold the same, now or soon.
async fn converge(desk: &mut Desk, client: &mut Client, url: &str) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let heads = client.heads(url).await;
        if heads == desk.heads() && desk.own.is_empty() {
            return;
        }
        assert!(std::time::Instant::now() < until, "they do not converge: {heads:?} {:?}", desk.heads());
        let _ = tokio::time::timeout(std::time::Duration::from_millis(50), desk.listen(|_| false)).await;
    }
}

/// Signs in as a browser does: without a device.
async fn browser(world: &World, email: &str) -> Value {
    let (status, tokens) = world.post("/v1/identity/sign-in", None, json!({ "email": email, "password": PASSWORD })).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

async fn url_of(world: &World, token: &str, doc: &str) -> String {
    let (status, listed) = world.call(Method::GET, &format!("/v1/spaces/{}/documents", the_space()), Some(token), None).await;
    assert_eq!(status, 200, "{listed}");
    let found = listed["documents"].as_array().unwrap().iter().find(|listed| listed["doc"] == doc).unwrap_or_else(|| panic!("{listed}"));
    found["url"].as_str().unwrap().to_owned()
}

/// Ada's device with a document that has a text, the document's address, and Ada's token of a browser.
async fn begin(world: &World, owner: &Value) -> (Desk, String, Value) {
    share(world, access(owner)).await;
    let mut desk = Desk::start(world, access(owner), &key(1), 1).await;
    desk.edit(|document| {
        document.put(ROOT, "title", "Shop").unwrap();
        let text = document.put_object(ROOT, "text", automerge::ObjType::Text).unwrap();
        document.splice_text(&text, 0, 0, "Orders are paid.").unwrap();
    })
    .await;
    desk.listen(|desk| desk.own.is_empty()).await;
    let tokens = browser(world, "ada@example.org").await;
    let url = url_of(world, access(&tokens), DOC).await;
    (desk, url, tokens)
}

#[tokio::test]
async fn the_official_client_reads_edits_and_converges_with_a_device() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(folder.path())).await.unwrap();
    let world = World::at(server.address);
    let owner = world.set_up(server.setup_link.as_ref().unwrap(), &key(1)).await;
    let (mut desk, url, tokens) = begin(&world, &owner).await;
    let mut client = Client::start(&world, access(&tokens), "tab-1");

    // It reads what the device wrote, then and later.
    let read = client.does("open", json!({ "url": url })).await;
    assert_eq!((read["title"].as_str(), read["text"].as_str()), (Some("Shop"), Some("Orders are paid.")));
    desk.edit(|document| document.put(ROOT, "by_desk", 1).unwrap()).await;
    converge(&mut desk, &mut client, &url).await;

    // The device receives what it writes: signed, by a key of Ada's that is not the device's.
    client.edit(&url, json!({ "put": { "by_client": { "deep": [1, 2.5, "three", true, null] } } })).await;
    desk.listen(|desk| desk.has("by_client")).await;
    converge(&mut desk, &mut client, &url).await;
    let signers: BTreeSet<[u8; 32]> = desk.signers.values().copied().collect();
    let door = *signers.iter().find(|signer| **signer != key(1).verifying_key().to_bytes()).expect("a second signer");
    assert!(signers.len() == 2 && desk.devices.contains(door.as_slice()), "the device was told whose the key is");
    assert_eq!(desk.doors, BTreeSet::from([door.to_vec()]), "and that the server signs with it");
    let (_, devices) = world.call(Method::GET, "/v1/identity/devices", Some(access(&owner)), None).await;
    let listed = devices["devices"].as_array().unwrap().iter().find(|device| device["name"] == "Browser (signed by the server)").unwrap();
    assert_eq!(listed["key"], door.iter().map(|byte| format!("{byte:02x}")).collect::<String>());

    // At the same time, in the same text, beyond the first plane of Unicode.
    client.edit(&url, json!({ "splice": { "path": ["text"], "at": 0, "insert": "🙂 All " } })).await;
    let (_, text) = desk.document.get(ROOT, "text").unwrap().unwrap();
    desk.edit(|document| document.splice_text(&text, 15, 0, " 🏗 at once").unwrap()).await;
    client.edit(&url, json!({ "splice": { "path": ["text"], "at": 7, "delete": 1, "insert": "o" } })).await;
    desk.edit(|document| document.put(ROOT, "title", "Shop two").unwrap()).await;
    client.edit(&url, json!({ "put": { "title": "Shop of the client" } })).await;
    converge(&mut desk, &mut client, &url).await;
    let read = client.does("read", json!({ "url": url })).await;
    assert_eq!(read["doc"]["text"].as_str().unwrap(), desk.text());
    assert_eq!(desk.text(), "🙂 All orders are paid 🏗 at once.");

    // Another tab of the same person, with the same key and an actor of its own.
    let mut second = Client::start(&world, access(&tokens), "tab-2");
    second.does("open", json!({ "url": url })).await;
    second.does("many", json!({ "url": url, "key": "second", "count": 300 })).await;
    client.does("many", json!({ "url": url, "key": "first", "count": 300 })).await;
    desk.listen(|desk| desk.signers.values().filter(|signer| **signer == door).count() >= 604).await;
    converge(&mut desk, &mut client, &url).await;
    converge(&mut desk, &mut second, &url).await;
    assert_eq!(desk.signers.values().collect::<BTreeSet<_>>().len(), 2);
    // What one says reaches the other, and no log.
    let before = desk.seq;
    second.does("say", json!({ "url": url, "message": { "cursor": 4 } })).await;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while client.does("heard", json!({})).await != json!([{ "message": { "cursor": 4 }, "senderId": "tab-2" }]) {
        assert!(std::time::Instant::now() < until, "nothing was heard");
    }
    assert_eq!(desk.seq, before);

    // Sealed documents are served as well, and a document that is not the space's is none.
    server.seal().await.unwrap();
    drop((client, second));
    wait_for("cold documents are unloaded", || async { reqwest::get(format!("{}/metrics", world.url)).await.unwrap().text().await.unwrap().contains("scantling_door_documents 0\n") }).await;
    let mut third = Client::start(&world, access(&tokens), "tab-3");
    assert_eq!(third.does("open", json!({ "url": url })).await["second"], 299);
    converge(&mut desk, &mut third, &url).await;
    let made = third.does("create", json!({ "put": { "secret": 1 } })).await;
    assert_ne!(made, Value::Null);
    assert!(third.tries("open", json!({ "url": "automerge:2j9knpCseyhnK8izDmLpGP5WMdZQ" })).await.unwrap_err().contains("unavailable"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cuts_and_kills_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let url = database(folder.path());
    let environment: Vec<(&str, &str)> = url.iter().map(|url| ("SCANTLING_DATABASE_URL", url.as_str())).collect();
    // Always at the same place, where the client comes back to by itself.
    let address = format!("127.0.0.1:{}", support::free_port());
    let start = || support::Process::at(&address, &["--data", &data], &environment);
    let mut server = start();
    let world = World::at(&address);
    let owner = world.set_up(&server.setup_link(), &key(1)).await;
    let (mut desk, url, tokens) = begin(&world, &owner).await;
    let mut client = Client::start(&world, access(&tokens), "tab-1");
    client.does("open", json!({ "url": url })).await;

    // The client's line is cut in the middle of its edits, and it goes on while it is away.
    for round in 0..3 {
        client.does("many", json!({ "url": url, "key": format!("cut_{round}"), "count": 50 })).await;
        client.does("cut", json!({})).await;
        client.edit(&url, json!({ "put": { "away": round }, "splice": { "path": ["text"], "at": 0, "insert": "c" } })).await;
        let (_, text) = desk.document.get(ROOT, "text").unwrap().unwrap();
        desk.edit(|document| document.splice_text(&text, 3, 0, "d").unwrap()).await;
        converge(&mut desk, &mut client, &url).await;
    }
    // The device's line is cut, both go on, and it comes back.
    desk.socket.close(None).await.unwrap();
    desk.edit(|document| document.put(ROOT, "alone", 1).unwrap()).await;
    client.edit(&url, json!({ "put": { "meanwhile": 1 } })).await;
    desk.reconnect(&world, access(&owner)).await;
    converge(&mut desk, &mut client, &url).await;
    // The server is killed in the middle, over and over; both write while it is away.
    for round in 0..4 {
        client.does("many", json!({ "url": url, "key": format!("kill_{round}"), "count": 200 })).await;
        if round % 2 == 1 {
            // Some of it has arrived.
            let before = desk.seq;
            desk.listen(|desk| desk.seq > before).await;
        }
        server.kill();
        client.edit(&url, json!({ "put": { "while_dead": round } })).await;
        desk.edit(|document| document.put(ROOT, "desk_while_dead", round).unwrap()).await;
        server = start();
        desk.reconnect(&world, access(&owner)).await;
        converge(&mut desk, &mut client, &url).await;
    }
    let read = client.does("read", json!({ "url": url })).await;
    assert_eq!(read["doc"]["text"].as_str().unwrap(), desk.text());
    assert_eq!((&read["doc"]["kill_3"], &read["doc"]["cut_2"], &read["doc"]["desk_while_dead"]), (&json!(199), &json!(49), &json!(3)));
    assert!(client.problems().await.iter().all(|code| code == "busy"), "{:?}", client.problems().await);
    // The log once more from its beginning, as a new device reads it: each entry once, each signed.
    let mut anew = Desk::start(&world, access(&owner), &key(1), 2).await;
    anew.listen(|anew| anew.seq == desk.seq).await;
    assert_eq!((anew.heads(), anew.chain), (desk.heads(), desk.chain));
}

#[tokio::test]
async fn a_role_holds_at_the_door_and_ends_there_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(folder.path())).await.unwrap();
    let world = World::at(server.address);
    let owner = world.set_up(server.setup_link.as_ref().unwrap(), &key(1)).await;
    let (mut desk, url, tokens) = begin(&world, &owner).await;
    let viewer = world.join(access(&owner), the_space(), "viewer", &key(2)).await;
    let (bob, bob_id) = (browser(&world, "viewer@example.org").await, viewer["person"]["id"].as_str().unwrap());
    let mut at_bob = Client::start(&world, access(&bob), "bob");

    // A viewer reads, and goes on reading after a change that was refused.
    assert_eq!(at_bob.does("open", json!({ "url": url })).await["title"], "Shop");
    at_bob.edit(&url, json!({ "put": { "by_viewer": 1 } })).await;
    at_bob.is_told("forbidden").await;
    desk.edit(|document| document.put(ROOT, "later", 2).unwrap()).await;
    desk.listen(|desk| desk.own.is_empty()).await;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while at_bob.does("read", json!({ "url": url })).await["doc"]["later"] != 2 {
        assert!(std::time::Instant::now() < until, "a viewer goes on reading");
    }
    assert!(!desk.has("by_viewer") && desk.signers.len() == 2);
    // As an editor, the same change is taken.
    let members = format!("/v1/spaces/{}/members/{bob_id}", the_space());
    assert_eq!(world.call(Method::PUT, &members, Some(access(&owner)), Some(json!({ "role": "editor" }))).await.0, 200);
    at_bob.is_told("role_changed").await;
    desk.listen(|desk| desk.has("by_viewer")).await;
    converge(&mut desk, &mut at_bob, &url).await;
    assert_eq!(desk.signers.values().collect::<BTreeSet<_>>().len(), 2, "it bears the signature of the viewer's own key");

    // Whoever leaves is closed out at once, and hears nothing of what comes.
    assert_eq!(world.call(Method::DELETE, &members, Some(access(&owner)), None).await.0, 200);
    at_bob.is_told("not_found").await;
    desk.edit(|document| document.put(ROOT, "secret", 3).unwrap()).await;
    at_bob.edit(&url, json!({ "put": { "too_late": 1 } })).await;
    let mut ada = Client::start(&world, access(&tokens), "ada");
    ada.does("open", json!({ "url": url })).await;
    converge(&mut desk, &mut ada, &url).await;
    assert!(!desk.has("too_late"));
    assert!(at_bob.does("read", json!({ "url": url })).await["doc"]["secret"].is_null());

    // A token of a device opens nothing, nor does a forged one, nor one for another space.
    for (token, code) in [(access(&owner), "forbidden"), ("eyJhbGciOiJub25lIn0.e30.", "unauthorized"), (access(&viewer), "not_found")] {
        Client::start(&world, token, "eve").is_told(code).await;
    }
    // The key is revoked like a device: its connections, its session and its token end; the next sign-in has a new key.
    let (_, devices) = world.call(Method::GET, "/v1/identity/devices", Some(access(&owner)), None).await;
    let listed = devices["devices"].as_array().unwrap().iter().find(|device| device["name"] == "Browser (signed by the server)").unwrap()["key"].as_str().unwrap().to_owned();
    assert_eq!(world.call(Method::DELETE, &format!("/v1/identity/devices/{listed}"), Some(access(&owner)), None).await.0, 200);
    ada.is_told("device_revoked").await;
    ada.edit(&url, json!({ "put": { "revoked": 1 } })).await;
    assert_eq!(world.post("/v1/identity/refresh", None, json!({ "refresh_token": tokens["refresh_token"] })).await.0, 401);
    assert_eq!(world.call(Method::GET, "/v1/identity/me", Some(access(&tokens)), None).await.0, 401);
    let again = browser(&world, "ada@example.org").await;
    let mut back = Client::start(&world, access(&again), "again");
    back.does("open", json!({ "url": url })).await;
    back.edit(&url, json!({ "put": { "back": 1 } })).await;
    desk.listen(|desk| desk.has("back")).await;
    converge(&mut desk, &mut back, &url).await;
    assert!(!desk.has("revoked"));
    // Signing out ends it, too.
    assert_eq!(world.post("/v1/identity/sign-out", None, json!({ "refresh_token": again["refresh_token"] })).await.0, 200);
    back.is_told("unauthorized").await;
    server.stop().await;
}

/// A message of the door, as a program may write it that is not the official client.
fn frame(kind: &str, document: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = minicbor::Encoder::new(&mut bytes);
    encoder.map(5).unwrap().str("type").unwrap().str(kind).unwrap().str("senderId").unwrap().str("eve").unwrap().str("targetId").unwrap().str("server").unwrap();
    encoder.str("documentId").unwrap().str(document).unwrap().str("data").unwrap().bytes(data).unwrap();
    bytes
}

fn joining(token: &str, version: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = minicbor::Encoder::new(&mut bytes);
    encoder.map(4).unwrap().str("type").unwrap().str("join").unwrap().str("senderId").unwrap().str("eve").unwrap();
    encoder.str("peerMetadata").unwrap().map(1).unwrap().str("token").unwrap().str(token).unwrap();
    encoder.str("supportedProtocolVersions").unwrap().array(1).unwrap().str(version).unwrap();
    bytes
}

/// The type of the next message, and its code if it is an error.
async fn next(socket: &mut Socket) -> String {
    loop {
        match tokio::time::timeout(std::time::Duration::from_secs(20), socket.next()).await.expect("the server says something") {
            Some(Ok(Message::Binary(bytes))) => {
                let mut decoder = minicbor::Decoder::new(&bytes);
                let (mut kind, mut code) = (String::new(), String::new());
                for _ in 0..decoder.map().unwrap().unwrap() {
                    match decoder.str().unwrap() {
                        "type" => kind = decoder.str().unwrap().to_owned(),
                        "code" => code = decoder.str().unwrap().to_owned(),
                        _ => decoder.skip().unwrap(),
                    }
                }
                return if code.is_empty() { kind } else { code };
            }
            Some(Ok(Message::Close(_))) | None | Some(Err(_)) => return "end".to_owned(),
            Some(Ok(_)) => {}
        }
    }
}

async fn knock(world: &World, first: Option<Vec<u8>>) -> Socket {
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("{}/v1/spaces/{}/automerge", world.url.replacen("http", "ws", 1), the_space())).await.unwrap();
    if let Some(first) = first {
        socket.send(Message::binary(first)).await.unwrap();
    }
    socket
}

/// A message of Automerge's sync, version 1, with these chunks and this summary.
fn step(chunks: &[&[u8]], bloom: &[u8]) -> Vec<u8> {
    let length = |bytes: &mut Vec<u8>, mut length: usize| {
        while length >= 0x80 {
            bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
    };
    let mut bytes = vec![0x42, 0, 0, 1, 0];
    length(&mut bytes, bloom.len());
    bytes.extend(bloom);
    length(&mut bytes, chunks.len());
    for chunk in chunks {
        length(&mut bytes, chunk.len());
        bytes.extend(*chunk);
    }
    bytes
}

#[tokio::test]
async fn hostile_clients_of_the_door_end_only_their_own_connection() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(folder.path())).await.unwrap();
    let world = World::at(server.address);
    let owner = world.set_up(server.setup_link.as_ref().unwrap(), &key(1)).await;
    let (mut desk, url, tokens) = begin(&world, &owner).await;
    let id = url.strip_prefix("automerge:").unwrap();
    let mut honest = Client::start(&world, access(&tokens), "honest");
    honest.does("open", json!({ "url": url })).await;
    let join = || joining(access(&tokens), "1");

    // Before anyone has joined.
    for (first, code) in [(frame("sync", id, &step(&[], &[])), "unauthorized"), (vec![0xff; 40], "malformed"), (vec![], "malformed"), (joining("", "1"), "unauthorized"), (joining(access(&tokens), "2"), "version"), (joining(&"x".repeat(5_000), "1"), "malformed")] {
        let mut socket = knock(&world, Some(first)).await;
        assert_eq!((next(&mut socket).await, next(&mut socket).await), (code.to_owned(), "end".to_owned()));
    }
    let mut silent = knock(&world, None).await;
    silent.send(Message::text("{}")).await.unwrap();
    assert_eq!(next(&mut silent).await, "malformed");

    // After that.
    let made = changes(9, "x", 3);
    let raw: Vec<&[u8]> = made.iter().map(automerge::Change::raw_bytes).collect();
    let mut forged = raw[0].to_vec();
    *forged.last_mut().unwrap() ^= 1;
    let mut compressed = raw[0].to_vec();
    compressed[8] = 2;
    let saved = { let mut document = Automerge::new(); document.apply_changes(made.clone()).unwrap(); document.save() };
    let huge = [&raw[0][..8], &[1, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a broken step", vec![0x42, 0xff]),
        ("a forged change", step(&[&forged], &[])),
        ("a compressed change", step(&[&compressed], &[])),
        ("a whole document", step(&[&saved], &[])),
        ("a change longer than its message", step(&[&huge], &[])),
        ("a summary that asks for gigabytes", step(&[], &[1, 10, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0])),
        ("a summary of nothing", step(&[], &[5, 0, 7])),
    ];
    for (what, data) in cases {
        let mut socket = knock(&world, Some(join())).await;
        assert_eq!(next(&mut socket).await, "peer");
        socket.send(Message::binary(frame("sync", id, &data))).await.unwrap();
        assert_eq!((next(&mut socket).await, next(&mut socket).await), ("malformed".to_owned(), "end".to_owned()), "{what}");
    }
    // Joining twice; what nobody knows is passed over, and what is not there is said not to be.
    let mut socket = knock(&world, Some(join())).await;
    assert_eq!(next(&mut socket).await, "peer");
    socket.send(Message::binary(frame("remote-heads-changed", id, &[]))).await.unwrap();
    for unknown in ["", "x", "2j9knpCseyhnK8izDmLpGP5WMdZQ", &"z".repeat(200)] {
        socket.send(Message::binary(frame("request", unknown, &step(&[], &[])))).await.unwrap();
        assert_eq!(next(&mut socket).await, "doc-unavailable");
    }
    socket.send(Message::binary(join())).await.unwrap();
    assert_eq!(next(&mut socket).await, "malformed");
    // An actor of the device's is not the door's, and a number that was left out is missed.
    let theirs = desk.document.get_changes(&[])[0].clone();
    let mut another = Automerge::new().with_actor(theirs.actor_id().clone());
    let mut transaction = another.transaction();
    transaction.put(ROOT, "forged", 1).unwrap();
    transaction.commit();
    let mut socket = knock(&world, Some(join())).await;
    assert_eq!(next(&mut socket).await, "peer");
    let posing = another.get_changes(&[])[0].raw_bytes().to_vec();
    socket.send(Message::binary(frame("sync", id, &step(&[&posing], &[])))).await.unwrap();
    let told = next(&mut socket).await;
    assert!(told == "actor" || told == "malformed", "{told}");
    // Changes that build on what never comes wait, and harm nobody; with the rest they are taken.
    let mut socket = knock(&world, Some(join())).await;
    assert_eq!(next(&mut socket).await, "peer");
    socket.send(Message::binary(frame("sync", id, &step(&raw[1..], &[])))).await.unwrap();
    assert_eq!(next(&mut socket).await, "sync");
    honest.edit(&url, json!({ "put": { "honest": 1 } })).await;
    desk.listen(|desk| desk.has("honest")).await;
    assert!(!desk.has("x"));
    socket.send(Message::binary(frame("sync", id, &step(&raw[..1], &[])))).await.unwrap();
    desk.listen(|desk| desk.has("x")).await;
    assert!(!desk.has("forged"));
    converge(&mut desk, &mut honest, &url).await;
    assert_eq!(honest.problems().await, [""; 0]);
    server.stop().await;
}

#[tokio::test]
async fn the_example_of_the_guide_works() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(folder.path())).await.unwrap();
    let world = World::at(server.address);
    let owner = world.set_up(server.setup_link.as_ref().unwrap(), &key(1)).await;
    let (mut desk, _, _) = begin(&world, &owner).await;
    let page = include_str!("../../../docs/guide/javascript.md");
    let example = page.split_once("```js\n").and_then(|(_, rest)| rest.split_once("```")).expect("the guide has an example").0;
    let mut command = Command::new("node");
    command.current_dir(folder_of_the_client()).args(["--input-type=module", "-e", example]).env("SERVER", &world.url).env("EMAIL", "ada@example.org").env("PASSWORD", PASSWORD);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = async || tokio::time::timeout(std::time::Duration::from_secs(60), lines.next_line()).await.expect("the example says something").unwrap().expect("it runs");
    let read = line().await;
    assert!(read.starts_with("read {") && read.contains(r#""title":"Shop""#), "{read}");
    assert!(line().await.contains("Hello from JavaScript"));
    desk.listen(|desk| desk.has("greeting")).await;
    desk.edit(|document| document.put(ROOT, "answer", "Hello").unwrap()).await;
    assert!(line().await.contains(r#""answer":"Hello""#));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_and_a_device_at_different_nodes_converge_and_a_revoked_key_ends_everywhere() {
    if !on_postgres() {
        return; // A folder has one server.
    }
    let folder = tempfile::tempdir().unwrap();
    let url = database(folder.path()).unwrap();
    let environment = [("SCANTLING_DATABASE_URL", url.as_str())];
    let (mut first, second) = (support::Process::start(&[], &environment), support::Process::start(&[], &environment));
    let (world, there) = (World::at(&first.address), World::at(&second.address));
    let owner = world.set_up(&first.setup_link(), &key(1)).await;
    let (mut desk, url, tokens) = begin(&world, &owner).await;
    let mut client = Client::start(&there, access(&tokens), "tab-1");
    client.does("open", json!({ "url": url })).await;
    client.edit(&url, json!({ "put": { "by_client": 1 }, "splice": { "path": ["text"], "at": 0, "insert": "Yes: " } })).await;
    desk.edit(|document| document.put(ROOT, "by_desk", 1).unwrap()).await;
    converge(&mut desk, &mut client, &url).await;
    assert!(desk.has("by_client") && desk.text().starts_with("Yes: "));
    // A second client of the same person at the first node.
    let mut other = Client::start(&world, access(&tokens), "tab-2");
    other.does("open", json!({ "url": url })).await;
    other.does("many", json!({ "url": url, "key": "other", "count": 50 })).await;
    client.does("many", json!({ "url": url, "key": "client", "count": 50 })).await;
    desk.listen(|desk| desk.seq >= 103).await;
    converge(&mut desk, &mut client, &url).await;
    converge(&mut desk, &mut other, &url).await;
    let door = desk.doors.first().unwrap().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(world.call(Method::DELETE, &format!("/v1/identity/devices/{door}"), Some(access(&owner)), None).await.0, 200);
    other.is_told("device_revoked").await;
    client.is_told("device_revoked").await;
}

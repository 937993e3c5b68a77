//! The server over real sockets and a real database.

// What helps the tests may fail as they do: by unwrapping.
#![allow(clippy::unwrap_used)]

use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, ROOT};
use ed25519_dalek::SigningKey;
use futures_util::{SinkExt, StreamExt};
use kernel::entry::{Chain, Entry, Kind};
use kernel::log::Item;
use kernel::protocol::{Cursor, Push, ToClient, ToServer, VERSION, decode, encode};
use kernel::{SpaceId, Timestamp};
use reqwest::Method;
use scantling_server::routes::{Rule, table};
use scantling_server::{Config, Server};
use serde_json::{Value, json};
use std::path::Path;
use tokio_tungstenite::tungstenite::Message;

mod door;
mod gaps;
mod hostile;
mod packs;

const PASSWORD: &str = "correct horse battery";

mod kills;
mod storage;
#[path = "../support/mod.rs"]
pub(crate) mod support;

/// Whether these are the tests on Postgres: the same ones are compiled into two programs.
fn on_postgres() -> bool {
    env!("CARGO_CRATE_NAME") == "server_on_postgres"
}

/// The database that stands for a folder; SQLite keeps its file in the folder.
pub(crate) fn database(data: &Path) -> Option<String> {
    on_postgres().then(|| support::postgres::shared().database(&data.display().to_string().replace('/', "_")))
}

pub(crate) fn config(data: &Path) -> Config {
    Config { database: database(data).map(|url| url.as_str().into()), name: "Test".into(), space_quota: 1 << 20, rate: 100_000, ..Config::in_folder(data) }
}

pub(crate) struct World {
    pub(crate) url: String,
    http: reqwest::Client,
}

impl World {
    pub(crate) fn at(address: impl std::fmt::Display) -> Self {
        Self { url: format!("http://{address}"), http: reqwest::Client::new() }
    }

    pub(crate) async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, token, Some(body)).await
    }

    /// The first account: its access token.
    pub(crate) async fn set_up(&self, link: &str, key: &SigningKey) -> Value {
        let token = link.rsplit('/').next().unwrap();
        let body = json!({ "token": token, "name": "Ada", "email": "ada@example.org", "password": PASSWORD, "device_key": hex(key), "device_name": "laptop" });
        let (status, tokens) = self.post("/v1/identity/setup", None, body).await;
        assert_eq!(status, 201, "{tokens}");
        tokens
    }

    /// Someone who joins with a role.
    pub(crate) async fn join(&self, owner: &str, space: SpaceId, role: &str, key: &SigningKey) -> Value {
        let (status, invited) = self.post(&format!("/v1/spaces/{space}/invitations"), Some(owner), json!({ "role": role })).await;
        assert_eq!(status, 201, "{invited}");
        let invitation = invited["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let (status, tokens) = self
            .post("/v1/identity/sign-up", None, json!({ "invitation": invitation, "name": role, "email": format!("{role}@example.org"), "password": PASSWORD, "device_key": hex(key), "device_name": "phone" }))
            .await;
        assert_eq!(status, 201, "{tokens}");
        let (status, accepted) = self.post(&format!("/v1/invitations/{invitation}/accept"), tokens["access_token"].as_str(), json!({})).await;
        assert_eq!((status, accepted["role"].as_str()), (200, Some(role)), "{accepted}");
        tokens
    }
}

pub(crate) fn hex(key: &SigningKey) -> String {
    key.verifying_key().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

pub(crate) fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

pub(crate) fn the_space() -> SpaceId {
    SpaceId::from_bytes([9; 16])
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000)
}

pub(crate) fn record(by: &SigningKey, id: u8, payload: &[u8]) -> Entry {
    Entry::sign(by, the_space(), Kind::Record, &[id; 16], "rooms.comment", now(), payload.to_vec())
}

pub(crate) fn changes(actor: u8, doc: &str, count: usize) -> Vec<automerge::Change> {
    let mut document = Automerge::new().with_actor(ActorId::from([actor; 16]));
    for number in 0..count {
        let mut transaction = document.transaction();
        transaction.put(ROOT, doc, i64::try_from(number).unwrap()).unwrap();
        transaction.commit();
    }
    document.get_changes(&[])
}

pub(crate) fn change(by: &SigningKey, doc: &str, change: &automerge::Change) -> Entry {
    Entry::sign(by, the_space(), Kind::Change, &change.hash().0, doc, now(), change.raw_bytes().to_vec())
}

pub(crate) type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

pub(crate) async fn say(socket: &mut Socket, message: &ToServer) {
    socket.send(Message::binary(encode(message))).await.unwrap();
}

pub(crate) async fn hear(socket: &mut Socket) -> ToClient {
    loop {
        match tokio::time::timeout(std::time::Duration::from_secs(20), socket.next()).await.expect("the server says something") {
            Some(Ok(Message::Binary(bytes))) => return decode(&bytes).unwrap(),
            Some(Ok(_)) => {}
            other => panic!("the connection ended: {other:?}"),
        }
    }
}

pub(crate) async fn connect(world: &World, token: &str, device: &SigningKey) -> Socket {
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("{}/v1/sync", world.url.replacen("http", "ws", 1))).await.unwrap();
    let cursor = Cursor { space: the_space(), epoch: None, seq: 0, chain: Chain::empty(the_space()), marks: None };
    say(&mut socket, &ToServer::Hello { version: VERSION, token: token.into(), device: device.verifying_key().to_bytes(), cursors: vec![cursor], push: vec![] }).await;
    socket
}

pub(crate) async fn push(socket: &mut Socket, entries: &[Entry]) {
    say(socket, &ToServer::Push(Push { space: the_space(), entries: entries.iter().map(|entry| entry.bytes().to_vec().into()).collect() })).await;
}

/// The codes of the next refusals.
async fn refusals(socket: &mut Socket, count: usize) -> Vec<String> {
    let mut codes = Vec::new();
    while codes.len() < count {
        if let ToClient::Refused { code, .. } = hear(socket).await {
            codes.push(code);
        }
    }
    codes
}

pub(crate) async fn share(world: &World, token: &str) {
    let (status, space) = world.post("/v1/spaces", Some(token), json!({ "space": the_space(), "name": "Shop" })).await;
    assert_eq!((status, space["role"].as_str()), (201, Some("owner")), "{space}");
}

#[tokio::test]
async fn the_setup_link_survives_restarts_and_works_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(config(folder.path())).await.unwrap();
    let both = Server::start(config(folder.path())).await;
    assert_eq!(both.is_ok(), on_postgres(), "two servers cannot share a folder, but a database made for it");
    if let Ok(both) = both {
        assert_eq!(both.setup_link.as_ref().map(|link| link.rsplit('/').next()), first.setup_link.as_ref().map(|link| link.rsplit('/').next()));
        both.stop().await;
    }
    let token = |link: &str| link.rsplit('/').next().unwrap().to_owned();
    let before = token(first.setup_link.as_ref().unwrap());
    first.stop().await;
    let second = Server::start(config(folder.path())).await.unwrap();
    let link = second.setup_link.clone().unwrap();
    assert_eq!(before, token(&link));
    let world = World::at(second.address);
    let body = json!({ "token": before, "name": "Ada", "email": "ada@example.org", "password": "short" });
    let (status, problem) = world.post("/v1/identity/setup", None, body).await;
    assert_eq!((status, problem["field"].as_str()), (422, Some("password")), "{problem}");
    world.set_up(&link, &key(1)).await;
    let again = json!({ "token": before, "name": "Eve", "email": "eve@example.org", "password": PASSWORD });
    assert_eq!(world.post("/v1/identity/setup", None, again).await.0, 409);
    second.stop().await;
    let third = Server::start(config(folder.path())).await.unwrap();
    assert!(third.setup_link.is_none());
    third.stop().await;
}

#[tokio::test]
async fn sessions_renew_once_and_end_when_a_token_is_used_twice() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(folder.path())).await.unwrap();
    let world = World::at(server.address);
    let tokens = world.set_up(server.setup_link.as_ref().unwrap(), &key(1)).await;
    let refresh = |token: &Value| world.post("/v1/identity/refresh", None, json!({ "refresh_token": token }));
    let (status, renewed) = refresh(&tokens["refresh_token"]).await;
    assert_eq!(status, 200);
    assert_eq!(refresh(&tokens["refresh_token"]).await.0, 401, "a used token");
    assert_eq!(refresh(&renewed["refresh_token"]).await.0, 401, "and with it the whole session");
    assert_eq!(world.call(Method::GET, "/v1/identity/me", Some(access(&renewed)), None).await.0, 401);
    // Whoever has no account hears the same as whoever mistypes.
    let wrong = |email: &str| world.post("/v1/identity/sign-in", None, json!({ "email": email, "password": "wrong password" }));
    let (known, unknown) = (wrong("ada@example.org").await, wrong("nobody@example.org").await);
    assert_eq!((known.0, &known.1), (401, &unknown.1));
    let (status, again) = world.post("/v1/identity/sign-in", None, json!({ "email": "ADA@example.org", "password": PASSWORD, "device_key": hex(&key(1)), "device_name": "laptop" })).await;
    assert_eq!(status, 200);
    assert_eq!(world.post("/v1/identity/sign-out", None, json!({ "refresh_token": again["refresh_token"] })).await, (200, json!({})));
    assert_eq!(world.call(Method::GET, "/v1/identity/me", Some(access(&again)), None).await.0, 401);
    server.stop().await;
}

#[tokio::test]
async fn every_route_keeps_its_rule() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(folder.path())).await.unwrap();
    let world = World::at(server.address);
    let owner = world.set_up(server.setup_link.as_ref().unwrap(), &key(1)).await;
    share(&world, access(&owner)).await;
    let viewer = world.join(access(&owner), the_space(), "viewer", &key(2)).await;
    let stranger_space = SpaceId::from_bytes([8; 16]);
    let people = [("anonymous", None), ("forged", Some("eyJhbGciOiJub25lIn0.e30.")), ("viewer", Some(access(&viewer)))];
    for route in table() {
        let person = viewer["person"]["id"].as_str().unwrap();
        for space in [the_space(), stranger_space] {
            let path = route.path.replace("{space}", &space.to_string()).replace("{person}", person).replace("{token}", "none").replace("{key}", &hex(&key(5))).replace("{organisation}", "org_0000000000000000000000000e").replace("{invitation}", "inv");
            for (who, token) in people {
                // Removing oneself is every member's right, so nobody does it here.
                if route.method == "DELETE" && who == "viewer" && path.contains("/members/") && space == the_space() {
                    continue;
                }
                let body = (route.method == "POST" || route.method == "PUT").then(|| json!({}));
                let status = world.call(route.method.parse().unwrap(), &path, token, body).await.0;
                let allowed = match (route.rule, who) {
                    (Rule::Anyone, _) => status != 403 || path.ends_with("/setup"),
                    (_, "anonymous" | "forged") => status == 401,
                    (Rule::SignedIn, _) => status != 401 && status != 403,
                    (Rule::Space(_), _) if space == stranger_space => status == 404,
                    (Rule::Space(kernel::Permission::Own), _) => status == 403,
                    // A pack is empty (204) until the log is sealed.
                    (Rule::Space(_), _) => status == 200 || status == 204,
                };
                assert!(allowed, "{} {path} as {who}: {status}", route.method);
            }
        }
    }
    // The last owner stays; roles are given by owners; unknown fields and strange types are refused.
    let ada = owner["person"]["id"].as_str().unwrap();
    let members = format!("/v1/spaces/{}/members", the_space());
    assert_eq!(world.call(Method::DELETE, &format!("{members}/{ada}"), Some(access(&owner)), None).await.0, 409);
    assert_eq!(world.call(Method::PUT, &format!("{members}/{ada}"), Some(access(&owner)), Some(json!({ "role": "owner", "admin": true }))).await.0, 422);
    let large = json!({ "name": "x".repeat(70_000), "space": the_space() });
    assert_eq!(world.post("/v1/spaces", Some(access(&owner)), large).await.0, 413);
    // An invitation for one is good for one, and a withdrawn one for nobody.
    let (_, invited) = world.post(&format!("/v1/spaces/{}/invitations", the_space()), Some(access(&owner)), json!({ "role": "editor" })).await;
    let token = invited["link"].as_str().unwrap().rsplit('/').next().unwrap();
    assert_eq!(world.call(Method::GET, &format!("/v1/invitations/{token}"), None, None).await.1["project_name"], "Shop");
    assert_eq!(world.post(&format!("/v1/invitations/{token}/accept"), Some(access(&viewer)), json!({})).await.1["role"], "editor");
    assert_eq!(world.post(&format!("/v1/invitations/{token}/accept"), Some(access(&viewer)), json!({})).await.0, 200, "an answer may get lost");
    assert_eq!(world.post(&format!("/v1/invitations/{token}/accept"), Some(access(&owner)), json!({})).await.0, 409);
    let (_, invited) = world.post(&format!("/v1/spaces/{}/invitations", the_space()), Some(access(&owner)), json!({ "role": "editor" })).await;
    let (token, id) = (invited["link"].as_str().unwrap().rsplit('/').next().unwrap(), invited["id"].as_str().unwrap());
    assert_eq!(world.call(Method::DELETE, &format!("/v1/spaces/{}/invitations/{id}", the_space()), Some(access(&owner)), None).await.0, 200);
    assert_eq!(world.call(Method::GET, &format!("/v1/invitations/{token}"), None, None).await.0, 409);
    server.stop().await;
}

#[tokio::test]
async fn what_is_pushed_is_judged_ordered_and_relayed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(folder.path())).await.unwrap();
    let world = World::at(server.address);
    let (ada, bob) = (key(1), key(2));
    let owner = world.set_up(server.setup_link.as_ref().unwrap(), &ada).await;
    share(&world, access(&owner)).await;
    let viewer = world.join(access(&owner), the_space(), "viewer", &bob).await;

    let mut wrong = connect(&world, access(&owner), &bob).await;
    assert!(matches!(hear(&mut wrong).await, ToClient::Problem { code, retry_after: None, .. } if code == "unauthorized"), "a token of another device");

    let mut at_ada = connect(&world, access(&owner), &ada).await;
    assert!(matches!(hear(&mut at_ada).await, ToClient::Welcome { spaces, .. } if spaces.len() == 1 && spaces[0].head == 0));
    let mut at_bob = connect(&world, access(&viewer), &bob).await;
    assert!(matches!(hear(&mut at_bob).await, ToClient::Welcome { spaces, .. } if spaces[0].people.iter().all(|person| person.online)));
    assert!(matches!(hear(&mut at_ada).await, ToClient::Space(_)), "someone came");

    // Good entries come back by their ids, and to the other one whole; their proofs are one chain.
    let made = changes(7, "a", 2);
    let good = [change(&ada, "doc_a", &made[0]), change(&ada, "doc_a", &made[1]), record(&ada, 1, b"hello")];
    push(&mut at_ada, &good).await;
    let expected = good.iter().fold(Chain::empty(the_space()), |chain, entry| chain.then(entry.bytes()));
    let ToClient::Entries { items, chain, head, .. } = hear(&mut at_ada).await else { panic!("entries") };
    assert!(items.iter().all(|item| matches!(item, Item::Own(_))) && items.len() == 3 && head == 3);
    assert_eq!(chain, expected);
    let ToClient::Entries { items, chain, .. } = hear(&mut at_bob).await else { panic!("entries") };
    assert_eq!((items, chain), (good.iter().map(|entry| Item::Entry(entry.bytes().to_vec())).collect(), expected));

    // Pushed again: known.
    push(&mut at_ada, &good[..1]).await;
    assert!(matches!(hear(&mut at_ada).await, ToClient::Known { seq: 1, .. }));

    // A viewer writes nothing, and nobody writes in another's name.
    push(&mut at_bob, &[record(&bob, 2, b"no")]).await;
    assert_eq!(refusals(&mut at_bob, 1).await, ["forbidden"]);
    let mut forged = record(&ada, 3, b"signed").bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    say(&mut at_bob, &ToServer::Push(Push { space: the_space(), entries: vec![forged.into()] })).await;
    assert_eq!(refusals(&mut at_bob, 1).await, ["signature"]);
    let orphan = &changes(8, "a", 2)[1];
    let gap = changes(7, "b", 1);
    let late = Entry::sign(&ada, the_space(), Kind::Record, &[5; 16], "rooms.comment", Timestamp::from_millis(i64::MAX / 2), vec![]);
    push(&mut at_ada, &[record(&key(9), 4, b"stranger"), change(&ada, "doc_a", orphan), change(&ada, "doc_b", &changes(7, "a", 3)[2]), change(&ada, "doc_a", &gap[0]), record(&ada, 6, &vec![0; 300_000]), late]).await;
    assert_eq!(refusals(&mut at_ada, 6).await, ["unknown_device", "dependencies", "dependencies", "sequence", "too_large", "clock"]);

    // An actor belongs to the device that used it first.
    let bob_id = viewer["person"]["id"].as_str().unwrap();
    let members = format!("/v1/spaces/{}/members/{bob_id}", the_space());
    assert_eq!(world.call(Method::PUT, &members, Some(access(&owner)), Some(json!({ "role": "editor" }))).await.0, 200);
    assert!(matches!(hear(&mut at_bob).await, ToClient::Space(state) if state.role == kernel::Role::Editor));
    push(&mut at_bob, &[change(&bob, "doc_a", &changes(7, "a", 3)[2])]).await;
    assert_eq!(refusals(&mut at_bob, 1).await, ["actor"]);

    // Removal is told at once, and holds at the next message.
    assert_eq!(world.call(Method::DELETE, &members, Some(access(&owner)), None).await.0, 200);
    assert!(matches!(hear(&mut at_bob).await, ToClient::Closed { .. }));
    push(&mut at_bob, &[record(&bob, 7, b"still here")]).await;
    assert_eq!(refusals(&mut at_bob, 1).await, ["forbidden"]);
    assert_eq!(world.call(Method::DELETE, &format!("/v1/identity/devices/{}", hex(&bob)), Some(access(&viewer)), None).await.0, 200);
    assert!(matches!(hear(&mut at_bob).await, ToClient::Problem { code, .. } if code == "device_revoked"));
    let stopped = tokio::spawn(server.stop());
    loop {
        if let ToClient::Problem { code, .. } = hear(&mut at_ada).await {
            assert_eq!(code, "going_away");
            break;
        }
    }
    drop(at_ada);
    stopped.await.unwrap();
}

struct Process(std::process::Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(data: &Path) -> (Process, String, Option<String>) {
    use std::io::BufRead;
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_scantling-server")).args(["--listen", "127.0.0.1:0", "--data"]).arg(data).envs(database(data).map(|url| ("SCANTLING_DATABASE_URL", url))).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.next().unwrap().strip_prefix("Listening on http://").unwrap().to_owned();
    let setup = if data.join("asked").exists() { None } else { lines.next().map(|line| line.strip_prefix("Set up: ").unwrap().to_owned()) };
    std::fs::write(data.join("asked"), "").unwrap();
    (Process(child), address, setup)
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (process, address, setup) = spawn(folder.path());
    let world = World::at(&address);
    let owner = world.set_up(&setup.unwrap(), &key(1)).await;
    share(&world, access(&owner)).await;
    let mut socket = connect(&world, access(&owner), &key(1)).await;
    hear(&mut socket).await;
    let entries: Vec<Entry> = (0..200).map(|number| record(&key(1), number, &[number])).collect();
    for entry in &entries {
        push(&mut socket, std::slice::from_ref(entry)).await;
    }
    let mut acknowledged = (0, Chain::empty(the_space()));
    while acknowledged.0 < 60 {
        if let ToClient::Entries { first, items, chain, .. } = hear(&mut socket).await {
            acknowledged = (first + items.len() as u64 - 1, chain);
        }
    }
    // SIGKILL, with more on its way.
    drop(process);
    let (_process, address, _) = spawn(folder.path());
    let world = World::at(&address);
    let mut socket = connect(&world, access(&owner), &key(1)).await;
    let ToClient::Welcome { spaces, .. } = hear(&mut socket).await else { panic!("welcome") };
    assert!(spaces[0].head >= acknowledged.0);
    let (mut chain, mut seq) = (Chain::empty(the_space()), 0);
    while seq < acknowledged.0 {
        if let ToClient::Entries { items, .. } = hear(&mut socket).await {
            for item in items {
                let Item::Entry(bytes) = item else { panic!("entry") };
                chain = chain.then(&bytes);
                seq += 1;
                if seq == acknowledged.0 {
                    assert_eq!(chain, acknowledged.1, "the proof that was given holds");
                }
            }
        }
    }
}

//! Several nodes on one Postgres, with and without NATS between them; each is a real process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ed25519_dalek::SigningKey;
use futures_util::StreamExt;
use kernel::entry::{Chain, Entry, Kind};
use kernel::log::Item;
use kernel::protocol::{ToClient, ToServer, decode};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::server::support::balancer::Balancer;
use crate::server::support::nats::Nats;
use crate::server::support::postgres::{Postgres, shared};
use crate::server::support::{Process, wait_for};
use crate::server::{Socket, World, access, connect, hear, hex, key, now, push, record, say, share, the_space};

/// A node of a server.
fn node(database: &str, nats: Option<&Nats>) -> Process {
    node_at("127.0.0.1:0", database, nats)
}

fn node_at(listen: &str, database: &str, nats: Option<&Nats>) -> Process {
    let nats = nats.map(Nats::url);
    let mut environment = vec![("SCANTLING_DATABASE_URL", database)];
    environment.extend(nats.iter().map(|url| ("SCANTLING_NATS_URL", url.as_str())));
    Process::at(listen, &[], &environment)
}

/// Ada, who owns the space, and Bob, who edits in it.
struct People {
    ada: Value,
    bob: Value,
}

async fn people(first: &mut Process) -> People {
    let world = World::at(&first.address);
    let ada = world.set_up(&first.setup_link(), &key(1)).await;
    share(&world, access(&ada)).await;
    let bob = world.join(access(&ada), the_space(), "editor", &key(2)).await;
    People { ada, bob }
}

pub(crate) fn records(by: &SigningKey, numbers: std::ops::Range<u32>) -> Vec<Entry> {
    let id = |number: u32| [number.to_be_bytes(), by.verifying_key().to_bytes()[..4].try_into().unwrap(), [0; 4], [0; 4]].concat();
    numbers.map(|number| Entry::sign(by, the_space(), Kind::Record, &id(number), "rooms.comment", now(), number.to_be_bytes().to_vec())).collect()
}

/// A log as a device receives it: every message continues it and proves it.
pub(crate) struct Log {
    pub(crate) seq: u64,
    pub(crate) chain: Chain,
    /// How often each entry came.
    ids: BTreeMap<Vec<u8>, usize>,
    /// What the device has written itself.
    own: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Log {
    pub(crate) fn new(own: &[Entry]) -> Self {
        Self { seq: 0, chain: Chain::empty(the_space()), ids: BTreeMap::new(), own: own.iter().map(|entry| (entry.id.clone(), entry.bytes().to_vec())).collect() }
    }

    fn take(&mut self, message: ToClient) {
        let ToClient::Entries { first, items, chain, .. } = message else { return };
        assert_eq!(first, self.seq + 1, "the log goes on where it was");
        for item in items {
            let bytes = match item {
                Item::Entry(bytes) => bytes,
                Item::Own(id) => self.own[&id].clone(),
            };
            self.chain = self.chain.then(&bytes);
            self.seq += 1;
            *self.ids.entry(Entry::peek(&bytes).unwrap().id).or_default() += 1;
        }
        assert_eq!(chain, self.chain, "the proof holds");
    }

    pub(crate) async fn read(&mut self, socket: &mut Socket, until: u64) {
        while self.seq < until {
            let message = hear(socket).await;
            self.take(message);
        }
    }

    fn is_once(&self) -> bool {
        self.ids.values().all(|count| *count == 1)
    }
}

async fn ephemeral(socket: &mut Socket, body: &[u8]) {
    say(socket, &ToServer::Ephemeral { space: the_space(), body: body.to_vec().into() }).await;
}

/// What comes within a while that satisfies.
async fn within<T>(socket: &mut Socket, time: Duration, mut wanted: impl FnMut(ToClient) -> Option<T>) -> Option<T> {
    let until = Instant::now() + time;
    loop {
        let left = until.checked_duration_since(Instant::now())?;
        match tokio::time::timeout(left, socket.next()).await.ok()? {
            Some(Ok(Message::Binary(bytes))) => {
                if let Some(found) = wanted(decode(&bytes).unwrap()) {
                    return Some(found);
                }
            }
            Some(Ok(_)) => {}
            _ => return None,
        }
    }
}

fn relayed(message: ToClient) -> Option<Vec<u8>> {
    if let ToClient::Ephemeral { body, .. } = message { Some(body.into()) } else { None }
}

/// Whether Bob is said to be online.
fn online(bob: &Value) -> impl FnMut(ToClient) -> Option<bool> + '_ {
    move |message| match message {
        ToClient::Space(state) => state.people.iter().find(|person| person.person.to_string() == bob["person"]["id"].as_str().unwrap()).map(|person| person.online),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_on_two_nodes_see_each_other_at_once() {
    let nats = Nats::start();
    let database = shared().database("two_nodes");
    let mut first = node(&database, Some(&nats));
    let second = node(&database, Some(&nats));
    let People { ada, bob } = people(&mut first).await;
    let (here, there) = (World::at(&first.address), World::at(&second.address));
    let mut at_ada = connect(&here, access(&ada), &key(1)).await;
    hear(&mut at_ada).await;
    let mut at_bob = connect(&there, access(&bob), &key(2)).await;
    let ToClient::Welcome { spaces, .. } = hear(&mut at_bob).await else { panic!("welcome") };
    assert_eq!(spaces[0].head, 0);
    let came = within(&mut at_ada, Duration::from_secs(10), |message| online(&bob)(message).filter(|online| *online)).await;
    assert_eq!(came, Some(true), "Bob is seen to come on the other node");

    // Edits in both directions, in one order.
    let (mine, yours) = (records(&key(1), 0..50), records(&key(2), 100..150));
    let (mut log_ada, mut log_bob) = (Log::new(&mine), Log::new(&yours));
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    for (one, other) in mine.iter().zip(&yours) {
        let asked = Instant::now();
        push(&mut at_ada, std::slice::from_ref(one)).await;
        let next = log_bob.seq + 1;
        log_bob.read(&mut at_bob, next).await;
        slowest = slowest.max(asked.elapsed());
        push(&mut at_bob, std::slice::from_ref(other)).await;
        let both = log_bob.seq + 1;
        log_bob.read(&mut at_bob, both).await;
        log_ada.read(&mut at_ada, both).await;
    }
    assert_eq!((log_ada.seq, log_ada.chain, log_ada.is_once()), (100, log_bob.chain, log_bob.is_once()));
    eprintln!("100 edits across two nodes in {:?}, the slowest {slowest:?}", began.elapsed());
    assert!(slowest < Duration::from_secs(1), "edits do not wait for a look into the database: {slowest:?}");

    // Ephemeral messages cross, and nobody hears their own.
    ephemeral(&mut at_bob, b"cursor").await;
    assert_eq!(within(&mut at_ada, Duration::from_secs(5), relayed).await.as_deref(), Some(b"cursor".as_slice()));
    ephemeral(&mut at_ada, b"answer").await;
    assert_eq!(within(&mut at_bob, Duration::from_secs(5), relayed).await.as_deref(), Some(b"answer".as_slice()));
    assert_eq!(within(&mut at_bob, Duration::from_millis(300), relayed).await, None, "no echo");

    // Who leaves is gone everywhere.
    drop(at_bob);
    let left = within(&mut at_ada, Duration::from_secs(10), |message| online(&bob)(message).filter(|online| !online)).await;
    assert_eq!(left, Some(false));

    // Roles and devices hold on the other node at once.
    let mut at_bob = connect(&there, access(&bob), &key(2)).await;
    hear(&mut at_bob).await;
    let member = format!("/v1/spaces/{}/members/{}", the_space(), bob["person"]["id"].as_str().unwrap());
    assert_eq!(here.call(Method::DELETE, &member, Some(access(&ada)), None).await.0, 200);
    let closed = within(&mut at_bob, Duration::from_secs(5), |message| matches!(message, ToClient::Closed { .. }).then_some(())).await;
    assert!(closed.is_some(), "Bob hears that he was removed");
    assert_eq!(here.call(Method::DELETE, &format!("/v1/identity/devices/{}", hex(&key(2))), Some(access(&bob)), None).await.0, 200);
    let ended = within(&mut at_bob, Duration::from_secs(5), |message| if let ToClient::Problem { code, .. } = message { Some(code) } else { None }).await;
    assert_eq!(ended.as_deref(), Some("device_revoked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_nodes_are_slower_and_as_right() {
    let mut nats = Nats::start();
    let database = shared().database("nats_dies");
    let mut first = node(&database, Some(&nats));
    let second = node(&database, Some(&nats));
    // The third was never told of NATS.
    let third = node(&database, None);
    let People { ada, bob } = people(&mut first).await;
    let mut at_ada = connect(&World::at(&first.address), access(&ada), &key(1)).await;
    hear(&mut at_ada).await;
    let mut at_bob = connect(&World::at(&second.address), access(&bob), &key(2)).await;
    hear(&mut at_bob).await;
    let mine = records(&key(1), 0..30);
    let (mut log_ada, mut log_bob, mut log_third) = (Log::new(&mine), Log::new(&[]), Log::new(&[]));
    push(&mut at_ada, &mine[..10]).await;
    log_bob.read(&mut at_bob, 10).await;

    nats.down();
    push(&mut at_ada, &mine[10..20]).await;
    log_ada.read(&mut at_ada, 20).await;
    log_bob.read(&mut at_bob, 20).await;
    // What an owner decides is heard as well.
    let world = World::at(&first.address);
    let member = format!("/v1/spaces/{}/members/{}", the_space(), bob["person"]["id"].as_str().unwrap());
    assert_eq!(world.call(Method::PUT, &member, Some(access(&ada)), Some(json!({ "role": "viewer" }))).await.0, 200);
    let role = within(&mut at_bob, Duration::from_secs(10), |message| if let ToClient::Space(state) = message { Some(state.role) } else { None }).await;
    assert_eq!(role, Some(kernel::Role::Viewer));
    // A node that starts meanwhile serves, too.
    let fourth = node(&database, Some(&nats));
    let mut at_third = connect(&World::at(&fourth.address), access(&bob), &key(2)).await;
    log_third.read(&mut at_third, 20).await;
    let mut at_alone = connect(&World::at(&third.address), access(&bob), &key(2)).await;
    Log::new(&[]).read(&mut at_alone, 20).await;

    nats.up();
    // As soon as all have come back, ephemeral messages cross again: only NATS carries them.
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        ephemeral(&mut at_ada, b"again").await;
        if within(&mut at_bob, Duration::from_millis(250), relayed).await.is_some() {
            break;
        }
        assert!(Instant::now() < until, "the nodes find NATS again");
    }
    let began = Instant::now();
    push(&mut at_ada, &mine[20..]).await;
    log_bob.read(&mut at_bob, 30).await;
    log_third.read(&mut at_third, 30).await;
    log_ada.read(&mut at_ada, 30).await;
    eprintln!("after NATS came back, edits crossed in {:?}", began.elapsed());
    assert!(log_ada.chain == log_bob.chain && log_bob.chain == log_third.chain && log_bob.is_once() && log_third.is_once());
}

/// A device that pushes everything until everything is in the log, over whatever breaks.
async fn deliver(world: &World, token: &str, device: &SigningKey, entries: &[Entry], told: impl Fn(u64)) -> Log {
    let mut breaks = 0;
    loop {
        if let Some(log) = attempt(world, token, device, entries, &told).await {
            eprintln!("delivered {} entries over {breaks} breaks", log.seq);
            return log;
        }
        breaks += 1;
        assert!(breaks < 200, "the server never comes back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One connection: what is not in the log yet is pushed. Nothing if it broke.
async fn attempt(world: &World, token: &str, device: &SigningKey, entries: &[Entry], told: &impl Fn(u64)) -> Option<Log> {
    let url = format!("{}/v1/sync", world.url.replacen("http", "ws", 1));
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.ok()?;
    let cursor = kernel::protocol::Cursor { space: the_space(), epoch: None, seq: 0, chain: Chain::empty(the_space()), marks: None };
    let hello = ToServer::Hello { version: kernel::protocol::VERSION, token: token.into(), device: device.verifying_key().to_bytes(), cursors: vec![cursor], push: vec![] };
    futures_util::SinkExt::send(&mut socket, Message::binary(kernel::protocol::encode(&hello))).await.ok()?;
    let mut log = Log::new(entries);
    let mut waiting: Vec<&Entry> = Vec::new();
    let mut head = None;
    loop {
        let message = match tokio::time::timeout(Duration::from_secs(20), socket.next()).await.ok()?? {
            Ok(Message::Binary(bytes)) => decode(&bytes).unwrap(),
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(_) => continue,
        };
        match message {
            ToClient::Welcome { spaces, .. } => head = Some(spaces[0].head),
            ToClient::Problem { .. } => return None,
            ToClient::Refused { code, reason, .. } => panic!("refused: {code} {}", reason.en),
            message => log.take(message),
        }
        told(log.seq);
        if head.is_some_and(|head| log.seq >= head) {
            if waiting.is_empty() {
                waiting = entries.iter().filter(|entry| !log.ids.contains_key(&entry.id)).collect();
                for entry in &waiting {
                    let pushed = kernel::protocol::Push { space: the_space(), entries: vec![entry.bytes().to_vec().into()] };
                    futures_util::SinkExt::send(&mut socket, Message::binary(kernel::protocol::encode(&ToServer::Push(pushed)))).await.ok()?;
                }
            }
            if entries.iter().all(|entry| log.ids.contains_key(&entry.id)) {
                return Some(log);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_among_edits_loses_nothing_and_nothing_comes_twice() {
    let nats = Nats::start();
    let database = shared().database("killed_node");
    let mut first = node(&database, Some(&nats));
    let second = node(&database, Some(&nats));
    let People { ada, bob } = people(&mut first).await;
    let balancer = Balancer::start([&first.address, &second.address]);
    let world = World::at(balancer.address());
    // Bob reads on the second node all the while; Ada writes through the balancer, twice at the same time.
    let mut at_bob = connect(&World::at(&second.address), access(&bob), &key(2)).await;
    let entries = records(&key(1), 0..400);
    let (highest, mut nodes) = (Arc::new(AtomicUsize::new(0)), vec![first, second]);
    let seen = highest.clone();
    let world = Arc::new(world);
    let writing = {
        let (world, entries, token) = (world.clone(), entries.clone(), access(&ada).to_owned());
        tokio::spawn(async move { deliver(&world, &token, &key(1), &entries, |seq| { seen.fetch_max(usize::try_from(seq).unwrap(), Ordering::Relaxed); }).await })
    };
    let bobs = records(&key(2), 1_000..1_200);
    let writing_too = {
        let (world, entries, token) = (world.clone(), bobs.clone(), access(&bob).to_owned());
        tokio::spawn(async move { deliver(&world, &token, &key(2), &entries, |_| ()).await })
    };
    for limit in [60, 150, 250, 400] {
        wait_for("edits go on", || async { highest.load(Ordering::Relaxed) >= limit }).await;
        // SIGKILL for one node after the other; the next takes its address.
        let killed = nodes.remove(0);
        let address = killed.address.clone();
        killed.kill();
        nodes.push(node_at(&address, &database, Some(&nats)));
    }
    let (log, other) = (writing.await.unwrap(), writing_too.await.unwrap());
    // One more reader from the beginning, on the newest node.
    let newest = World::at(&nodes.last().unwrap().address);
    let mut fresh = connect(&newest, access(&bob), &key(2)).await;
    let mut whole = Log::new(&bobs);
    whole.read(&mut fresh, 600).await;
    assert_eq!(whole.seq, 600, "each entry once");
    assert!(whole.is_once() && whole.ids.len() == 600);
    assert!(log.is_once() && other.is_once());
    let heads = shared().ask("killed_node", "select head::text from sync_space");
    assert_eq!(heads, ["600"]);
    // Bob's first connection was on a node that has been killed since; what it had shown is a beginning of the log.
    let mut before = Log::new(&bobs);
    while let Some(Ok(Message::Binary(bytes))) = at_bob.next().await {
        before.take(decode(&bytes).unwrap());
    }
    assert!(before.seq <= 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_may_crash_and_come_back() {
    let mut postgres = tokio::task::spawn_blocking(Postgres::start).await.unwrap();
    let database = postgres.database("crashing");
    let mut first = node(&database, None);
    let People { ada, .. } = people(&mut first).await;
    let world = Arc::new(World::at(&first.address));
    let ready = async |world: &World| world.call(Method::GET, "/readyz", None, None).await.0;
    assert_eq!(ready(&world).await, 200);
    let entries = records(&key(1), 0..300);
    let highest = Arc::new(AtomicUsize::new(0));
    let writing = {
        let (world, entries, token, seen) = (world.clone(), entries.clone(), access(&ada).to_owned(), highest.clone());
        tokio::spawn(async move { deliver(&world, &token, &key(1), &entries, |seq| { seen.fetch_max(usize::try_from(seq).unwrap(), Ordering::Relaxed); }).await })
    };
    for limit in [50, 150] {
        wait_for("edits go on", || async { highest.load(Ordering::Relaxed) >= limit }).await;
        postgres.down();
        wait_for("the node says that it is not ready", || async { ready(&world).await == 503 }).await;
        let (status, problem) = world.post("/v1/identity/sign-in", None, json!({ "email": "ada@example.org", "password": "x" })).await;
        assert_eq!((status, problem["code"].as_str()), (503, Some("busy")), "{problem}");
        assert_eq!(world.call(Method::GET, "/healthz", None, None).await.0, 200, "a restart of the node would not help");
        postgres = tokio::task::spawn_blocking(move || {
            postgres.up();
            postgres
        })
        .await
        .unwrap();
        wait_for("the node is ready again", || async { ready(&world).await == 200 }).await;
    }
    let log = writing.await.unwrap();
    assert!(log.is_once() && log.seq == 300 && log.ids.len() == 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_engine_refuses_the_other_refuses() {
    let database = shared().database("texts");
    let mut first = node(&database, None);
    let People { ada, .. } = people(&mut first).await;
    let world = World::at(&first.address);
    let zero = format!("/v1/spaces/{}/invitations/a%00b", the_space());
    let (status, problem) = world.call(Method::DELETE, &zero, Some(access(&ada)), None).await;
    assert_eq!(status, 422, "{problem}");
    let mut socket = connect(&world, access(&ada), &key(1)).await;
    hear(&mut socket).await;
    push(&mut socket, &[Entry::sign(&key(1), the_space(), Kind::Record, &[1; 16], "a\0b", now(), vec![]), record(&key(1), 2, b"good")]).await;
    let refused = within(&mut socket, Duration::from_secs(5), |message| if let ToClient::Refused { code, .. } = message { Some(code) } else { None }).await;
    assert_eq!(refused.as_deref(), Some("malformed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_freezes_while_it_writes_holds_up_the_others_for_seconds_only() {
    let database = shared().database("frozen_node");
    let mut first = node(&database, None);
    let second = node(&database, None);
    let People { ada, bob } = people(&mut first).await;
    let entries = records(&key(1), 0..2_000);
    let highest = Arc::new(AtomicUsize::new(0));
    let writing = {
        let (world, entries, token, seen) = (World::at(&first.address), entries.clone(), access(&ada).to_owned(), highest.clone());
        tokio::spawn(async move { deliver(&world, &token, &key(1), &entries, |seq| { seen.fetch_max(usize::try_from(seq).unwrap(), Ordering::Relaxed); }).await })
    };
    wait_for("edits go on", || async { highest.load(Ordering::Relaxed) >= 100 }).await;
    // In a stream of edits it is nearly always inside a transaction.
    first.signal("STOP");
    let frozen = Instant::now();
    let bobs = records(&key(2), 5_000..5_010);
    let log = deliver(&World::at(&second.address), access(&bob), &key(2), &bobs, |_| ()).await;
    eprintln!("the other node could write again after {:?}", frozen.elapsed());
    assert!(frozen.elapsed() < Duration::from_secs(40) && log.is_once());
    first.signal("CONT");
    let log = writing.await.unwrap();
    assert!(log.is_once() && entries.iter().all(|entry| log.ids.contains_key(&entry.id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_without_jetstream_carries_what_is_fleeting_and_the_rest_is_read() {
    let nats = Nats::without_jetstream();
    let database = shared().database("no_jetstream");
    let mut first = node(&database, Some(&nats));
    let second = node(&database, Some(&nats));
    let People { ada, bob } = people(&mut first).await;
    let mut at_ada = connect(&World::at(&first.address), access(&ada), &key(1)).await;
    hear(&mut at_ada).await;
    let mut at_bob = connect(&World::at(&second.address), access(&bob), &key(2)).await;
    hear(&mut at_bob).await;
    let mine = records(&key(1), 0..3);
    let mut log = Log::new(&[]);
    for (number, entry) in mine.iter().enumerate() {
        let asked = Instant::now();
        push(&mut at_ada, std::slice::from_ref(entry)).await;
        log.read(&mut at_bob, number as u64 + 1).await;
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    }
    ephemeral(&mut at_ada, b"cursor").await;
    assert_eq!(within(&mut at_bob, Duration::from_secs(5), relayed).await.as_deref(), Some(b"cursor".as_slice()));
}

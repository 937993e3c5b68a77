//! The server is killed over and over in a stream of edits; SCANTLING_KILLS says how often.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::support::Process;
use super::support::postgres::Postgres;
use super::*;

/// How many edits a device has on their way.
const WINDOW: usize = 64;

/// What a device holds: the proven part of the log, and what it waits for.
struct Device {
    seq: u64,
    chain: Chain,
    waiting: VecDeque<Entry>,
    made: u32,
}

impl Device {
    /// Writes and listens until `until`; answers when the connection breaks.
    async fn write(&mut self, socket: &mut Socket, until: Instant) {
        let mut sent = 0;
        loop {
            while sent < WINDOW {
                if sent == self.waiting.len() {
                    self.made += 1;
                    let id = [&self.made.to_be_bytes()[..], &[0; 12]].concat();
                    self.waiting.push_back(Entry::sign(&key(1), the_space(), Kind::Record, &id, "rooms.comment", now(), self.made.to_be_bytes().to_vec()));
                }
                let pushed = Push { space: the_space(), entries: vec![self.waiting[sent].bytes().to_vec().into()] };
                if socket.send(Message::binary(encode(&ToServer::Push(pushed)))).await.is_err() {
                    return;
                }
                sent += 1;
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else { return };
            match tokio::time::timeout(left, socket.next()).await {
                Ok(Some(Ok(Message::Binary(bytes)))) => {
                    if let Some(taken) = self.take(decode(&bytes).unwrap()) {
                        sent -= taken.min(sent);
                    }
                }
                Ok(Some(Ok(_))) => {}
                _ => return,
            }
        }
    }

    /// Takes over what the server proves; answers how many of the waiting were among it.
    fn take(&mut self, message: ToClient) -> Option<usize> {
        match message {
            ToClient::Entries { first, items, chain, .. } => {
                assert_eq!(first, self.seq + 1, "the log goes on where the device is");
                let count = items.len();
                for item in items {
                    let waiting = self.waiting.pop_front().expect("only this device writes");
                    match item {
                        Item::Own(id) => assert_eq!(id, waiting.id, "in the order in which it was written"),
                        Item::Entry(bytes) => assert_eq!(bytes, waiting.bytes(), "what was sent before the kill"),
                    }
                    self.chain = self.chain.then(waiting.bytes());
                    self.seq += 1;
                }
                assert_eq!(chain, self.chain, "the proof holds");
                Some(count)
            }
            ToClient::Refused { code, reason, .. } => panic!("refused: {code}: {}", reason.en),
            _ => None,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_any_number_of_kills() {
    let rounds: u32 = std::env::var("SCANTLING_KILLS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(8);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    // Its own Postgres, for that is killed as well.
    let mut postgres = if on_postgres() { Some(tokio::task::spawn_blocking(Postgres::start).await.unwrap()) } else { None };
    let url = postgres.as_ref().map(|postgres| postgres.database("kills"));
    let environment: Vec<(&str, &str)> = url.iter().map(|url| ("SCANTLING_DATABASE_URL", url.as_str())).collect();
    let start = || Process::start(&["--data", &data], &environment);

    let mut server = start();
    let world = World::at(&server.address);
    let mut ada = world.set_up(&server.setup_link(), &key(1)).await;
    share(&world, access(&ada)).await;
    let mut device = Device { seq: 0, chain: Chain::empty(the_space()), waiting: VecDeque::new(), made: 0 };
    // Always the same pauses: from a kill before the first commit to one after many.
    let mut random = kernel::Random::new([5; 32]);
    for round in 0..rounds {
        let world = World::at(&server.address);
        if round % 50 == 49 {
            let (status, renewed) = world.post("/v1/identity/refresh", None, json!({ "refresh_token": ada["refresh_token"] })).await;
            assert_eq!(status, 200, "{renewed}");
            ada = renewed;
        }
        let (mut socket, _) = tokio_tungstenite::connect_async(format!("{}/v1/sync", world.url.replacen("http", "ws", 1))).await.unwrap();
        let cursor = Cursor { space: the_space(), epoch: None, seq: device.seq, chain: device.chain, marks: None };
        say(&mut socket, &ToServer::Hello { version: VERSION, token: access(&ada).into(), device: key(1).verifying_key().to_bytes(), cursors: vec![cursor], push: vec![] }).await;
        let ToClient::Welcome { spaces, .. } = hear(&mut socket).await else { panic!("welcome") };
        assert_eq!(spaces[0].start, device.seq, "round {round}: what was acknowledged is there, and proven");
        // What had arrived without an acknowledgement comes first.
        while device.seq < spaces[0].head {
            let message = hear(&mut socket).await;
            device.take(message);
        }
        let pause = Duration::from_millis(u64::from(random.bytes::<1>()[0]));
        device.write(&mut socket, Instant::now() + pause).await;
        server.kill();
        if let Some(mut crashed) = postgres.take() {
            postgres = Some(if round % 5 == 4 {
                tokio::task::spawn_blocking(move || {
                    crashed.down();
                    crashed.up();
                    crashed
                })
                .await
                .unwrap()
            } else {
                crashed
            });
        }
        server = start();
    }
    // The whole once more, from the beginning.
    let world = World::at(&server.address);
    let mut socket = connect(&world, access(&ada), &key(1)).await;
    let ToClient::Welcome { spaces, .. } = hear(&mut socket).await else { panic!("welcome") };
    let (mut chain, mut count, mut ids) = (Chain::empty(the_space()), 0, BTreeMap::new());
    while count < spaces[0].head {
        if let ToClient::Entries { items, .. } = hear(&mut socket).await {
            for item in items {
                let Item::Entry(bytes) = item else { panic!("nothing was pushed here") };
                chain = chain.then(&bytes);
                count += 1;
                *ids.entry(Entry::peek(&bytes).unwrap().id).or_insert(0) += 1;
                if count == device.seq {
                    assert_eq!(chain, device.chain, "the proof that was given holds");
                }
            }
        }
    }
    assert!(count >= device.seq && ids.values().all(|times| *times == 1), "each entry once");
    assert_eq!(chain, spaces[0].chain);
    eprintln!("{rounds} kills, {} entries acknowledged, {count} in the log, each once", device.seq);
}

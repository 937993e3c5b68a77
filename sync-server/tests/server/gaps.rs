//! Limits, refusals at the start, the end in good order, and the console's files.

use std::io::{BufRead, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use kernel::sql::Sqlite;
use kernel::Permission;
use scantling_server::server::migrations;
use scantling_server::storage::{Place, Storage};

use super::*;

/// A server with one owner and one space.
pub(crate) async fn shop(folder: &Path, change: impl FnOnce(&mut Config)) -> (Server, World, Value) {
    let mut config = config(folder);
    change(&mut config);
    let server = Server::start(config).await.unwrap();
    let world = World::at(server.address);
    let owner = world.set_up(server.setup_link.as_ref().unwrap(), &key(1)).await;
    share(&world, access(&owner)).await;
    (server, world, owner)
}

/// Entries of a device that came in order, until there are so many.
pub(crate) async fn accepted(socket: &mut Socket, mut count: u64) {
    while count > 0 {
        match hear(socket).await {
            ToClient::Entries { items, .. } => count -= (items.len() as u64).min(count),
            ToClient::Refused { code, reason, .. } => panic!("refused: {code}: {}", reason.en),
            ToClient::Problem { code, .. } => panic!("problem: {code}"),
            _ => {}
        }
    }
}

/// Numbered records.
pub(crate) fn records(by: &SigningKey, numbers: std::ops::Range<u32>, payload: &[u8]) -> Vec<Entry> {
    numbers
        .map(|number| {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            id[4..].copy_from_slice(&by.verifying_key().to_bytes()[..12]);
            Entry::sign(by, the_space(), Kind::Record, &id, "rooms.comment", now(), payload.to_vec())
        })
        .collect()
}

#[tokio::test]
async fn a_space_that_is_full_takes_nothing_more_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (server, world, owner) = shop(folder.path(), |config| config.space_quota = 2_000).await;
    let mut socket = connect(&world, access(&owner), &key(1)).await;
    hear(&mut socket).await;
    push(&mut socket, &[record(&key(1), 1, &[0; 1_000]), record(&key(1), 2, &[0; 1_000]), record(&key(1), 3, &[0; 100])]).await;
    // What is too much is refused alone: the smaller one after it still fits.
    let (mut taken, mut refused) = (0, Vec::new());
    while taken < 2 || refused.is_empty() {
        match hear(&mut socket).await {
            ToClient::Entries { items, .. } => taken += items.len(),
            ToClient::Refused { code, .. } => refused.push(code),
            _ => {}
        }
    }
    assert_eq!((taken, refused), (2, vec!["quota".to_owned()]));
    server.stop().await;
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = config(folder.path());
    (settings.rate, settings.behind_proxy) = (1, true);
    let server = Server::start(settings).await.unwrap();
    let http = reqwest::Client::new();
    let ask = |forwarded: &'static str, path: &'static str| http.get(format!("http://{}{path}", server.address)).header("x-forwarded-for", forwarded).header("accept-language", "ru").send();
    for _ in 0..10 {
        // Only the last address is the proxy's word; what stands before it is the client's.
        assert_eq!(ask("1.1.1.1, 2.2.2.2", "/v1/instance").await.unwrap().status(), 200);
    }
    let refused = ask("3.3.3.3, 2.2.2.2", "/v1/instance").await.unwrap();
    assert_eq!(refused.status(), 429);
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let problem: Value = refused.json().await.unwrap();
    assert_eq!((problem["code"].as_str(), problem["title"].as_str()), (Some("rate_limited"), Some("Слишком часто")), "{problem}");
    assert!(seconds == 1 && problem["retry_after"].as_u64().unwrap() <= 1_000, "{problem}");
    assert_eq!(ask("2.2.2.2", "/healthz").await.unwrap().status(), 200, "a probe is not counted");
    assert_eq!(ask("2.2.2.3", "/v1/instance").await.unwrap().status(), 200, "another address");
    // A host of IPv6 has many addresses and one network.
    for _ in 0..5 {
        assert_eq!(ask("2001:db8::1", "/v1/instance").await.unwrap().status(), 200);
        assert_eq!(ask("2001:db8::2:0:0:1", "/v1/instance").await.unwrap().status(), 200);
    }
    assert_eq!(ask("2001:db8::3", "/v1/instance").await.unwrap().status(), 429);
    assert_eq!(ask("2001:db8:0:1::3", "/v1/instance").await.unwrap().status(), 200);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(ask("2.2.2.2", "/v1/instance").await.unwrap().status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn without_a_proxy_the_header_is_believed_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = config(folder.path());
    settings.rate = 1;
    let server = Server::start(settings).await.unwrap();
    let http = reqwest::Client::new();
    let mut last = 200;
    for number in 0..12 {
        last = http.get(format!("http://{}/v1/instance", server.address)).header("x-forwarded-for", format!("9.9.9.{number}")).send().await.unwrap().status().as_u16();
    }
    assert_eq!(last, 429);
    server.stop().await;
}

#[tokio::test]
async fn colleagues_join_from_one_office_and_guessers_are_slowed() {
    let folder = tempfile::tempdir().unwrap();
    let (server, world, owner) = shop(folder.path(), |_| ()).await;
    let (_, invited) = world.post(&format!("/v1/spaces/{}/invitations", the_space()), Some(access(&owner)), json!({ "role": "viewer", "uses": 20 })).await;
    let token = invited["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let sign_up = |invitation: String, number: u8| world.post("/v1/identity/sign-up", None, json!({ "invitation": invitation, "name": "Cy", "email": format!("cy{number}@example.org"), "password": PASSWORD }));
    for number in 0..12 {
        assert_eq!(sign_up(token.clone(), number).await.0, 201);
    }
    let mut guesses = Vec::new();
    for _ in 0..11 {
        guesses.push(sign_up("guess".into(), 99).await.0);
    }
    assert_eq!((guesses[0], guesses[10]), (404, 429));
    server.stop().await;
}

/// Looks once whether it is done.
async fn poll<T: Future + Unpin>(future: &mut T) -> std::task::Poll<T::Output> {
    std::future::poll_fn(|context| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context))).await
}

#[tokio::test]
async fn a_full_queue_answers_busy_and_later_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let (storage, threads) = Storage::open(&Place::File(folder.path().join("a.db")), &migrations()).unwrap();
    let (release, held) = mpsc::channel::<()>();
    let blocked = storage.queue(move |_| Ok(held.recv().is_ok()), |_| ()).await.unwrap();
    // The writer takes a group at once, so a few more fit than the queue holds.
    let mut waiting = Vec::new();
    let full = loop {
        let storage = storage.clone();
        let mut write = Box::pin(async move { storage.write(|sql| Ok(sql.query("select 1", &[])?.len())).await });
        match poll(&mut write).await {
            std::task::Poll::Ready(answer) => break answer,
            std::task::Poll::Pending => waiting.push(write),
        }
        assert!(waiting.len() < 3_000, "the queue has an end");
    };
    assert_eq!(full.unwrap_err().code, kernel::Code::Offline);
    release.send(()).unwrap();
    assert!(blocked.answer().await.unwrap());
    for write in waiting {
        assert_eq!(write.await.unwrap(), 1);
    }
    assert_eq!(storage.write(|_| Ok(7)).await.unwrap(), 7);
    // Bytes that wait are bounded as well: a second one waits until the first is done.
    let whole = storage.room(usize::MAX).await.unwrap();
    let mut second = Box::pin(storage.room(1));
    assert!(poll(&mut second).await.is_pending());
    drop(whole);
    drop(second.await.unwrap());
    drop(storage);
    threads.join();
}

#[tokio::test]
async fn what_could_not_be_written_is_taken_at_the_next_connection_in_its_order() {
    if on_postgres() {
        return; // It is about the file of SQLite.
    }
    let folder = tempfile::tempdir().unwrap();
    let (server, world, owner) = shop(folder.path(), |_| ()).await;
    let mut socket = connect(&world, access(&owner), &key(1)).await;
    hear(&mut socket).await;
    // Someone else, perhaps a backup, holds the database for longer than the writer waits.
    let other = rusqlite::Connection::open(folder.path().join("scantling.db")).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let made: Vec<Entry> = changes(7, "a", 3).iter().map(|made| change(&key(1), "doc_a", made)).collect();
    push(&mut socket, &made[..1]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    push(&mut socket, &made[1..2]).await;
    tokio::time::sleep(Duration::from_millis(5_500)).await;
    other.execute_batch("rollback").unwrap();
    drop(other);
    push(&mut socket, &made[2..]).await;
    // Nothing is refused because something before it was dropped: the connection ends instead.
    loop {
        match hear(&mut socket).await {
            ToClient::Problem { code, retry_after, .. } => {
                assert_eq!((code.as_str(), retry_after), ("busy", None));
                break;
            }
            other => assert!(!matches!(other, ToClient::Refused { .. }), "{other:?}"),
        }
    }
    let mut socket = connect(&world, access(&owner), &key(1)).await;
    hear(&mut socket).await;
    push(&mut socket, &made).await;
    accepted(&mut socket, 3).await;
    server.stop().await;
}

#[tokio::test]
async fn the_ephemeral_is_relayed_to_others_bounded_and_never_stored() {
    let folder = tempfile::tempdir().unwrap();
    let (server, world, owner) = shop(folder.path(), |_| ()).await;
    let viewer = world.join(access(&owner), the_space(), "viewer", &key(2)).await;
    let mut ada = connect(&world, access(&owner), &key(1)).await;
    hear(&mut ada).await;
    let mut bob = connect(&world, access(&viewer), &key(2)).await;
    hear(&mut bob).await;
    let bob_id: kernel::PersonId = viewer["person"]["id"].as_str().unwrap().parse().unwrap();
    assert!(matches!(hear(&mut ada).await, ToClient::Space(_)));
    let whisper = |size: usize| ToServer::Ephemeral { space: the_space(), body: vec![7; size].into() };
    say(&mut bob, &whisper(1_024)).await;
    assert!(matches!(hear(&mut ada).await, ToClient::Ephemeral { person, body, .. } if person == bob_id && body.len() == 1_024));
    // Longer, or about a space that one does not follow: nothing comes of it, and the connection goes on.
    say(&mut bob, &whisper(1_025)).await;
    say(&mut bob, &ToServer::Ephemeral { space: SpaceId::from_bytes([8; 16]), body: vec![1].into() }).await;
    for _ in 0..400 {
        say(&mut bob, &whisper(1)).await;
    }
    // A record marks the end of them.
    push(&mut ada, &[record(&key(1), 1, b"end")]).await;
    let mut heard = 0;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1_500) {
        match tokio::time::timeout(Duration::from_millis(500), hear(&mut ada)).await {
            Ok(ToClient::Ephemeral { body, .. }) => {
                assert_eq!(body.len(), 1);
                heard += 1;
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    assert!((1..=90).contains(&heard), "{heard} of 400 in a moment");
    // After Unsubscribe one is neither told nor seen.
    say(&mut bob, &ToServer::Unsubscribe(the_space())).await;
    let ToClient::Space(state) = hear(&mut ada).await else { panic!("presence") };
    assert!(state.people.iter().any(|person| person.person == bob_id && !person.online));
    server.stop().await;
}

fn start(arguments: &[&str]) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_scantling-server")).args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let ended = child.try_wait().unwrap();
    let _ = child.kill();
    let mut words = String::new();
    child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    (ended.is_some_and(|status| !status.success()), words)
}

#[tokio::test]
async fn what_can_not_be_served_is_refused_with_what_to_do() {
    if on_postgres() {
        return; // It is about the file of SQLite.
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let shown = data.to_str().unwrap();
    let server = Server::start(config(&data)).await.unwrap();
    let (refused, words) = start(&["--listen", "127.0.0.1:0", "--data", shown]);
    assert!(refused && words.contains("Another server uses the data folder"), "{words}");
    let busy = folder.path().join("busy");
    let (refused, words) = start(&["--listen", &server.address.to_string(), "--data", busy.to_str().unwrap()]);
    assert!(refused && words.contains("Choose another address with --listen"), "{words}");
    server.stop().await;
    // Data of a newer version stay as they are.
    let path = data.join("scantling.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("insert into kernel_migration (context, number, hash) values ('identity', 900, 'x')", []).unwrap();
    drop(other);
    let before = std::fs::read(&path).unwrap();
    let (refused, words) = start(&["--listen", "127.0.0.1:0", "--data", shown]);
    assert!(refused && words.contains("newer version"), "{words}");
    assert_eq!(before, std::fs::read(&path).unwrap());
    // A folder that can't be made or written, also for root.
    std::fs::write(folder.path().join("file"), "").unwrap();
    let mut unusable = vec![folder.path().join("file").join("data")];
    if cfg!(target_os = "linux") && std::fs::create_dir("/sys/scantling").is_err() {
        unusable.push("/sys/scantling".into());
    }
    for place in unusable {
        let (refused, words) = start(&["--listen", "127.0.0.1:0", "--data", place.to_str().unwrap()]);
        assert!(refused && words.contains("can't be used"), "{words}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_that_may_only_be_read_is_refused() {
    if on_postgres() {
        return; // It is about the file of SQLite.
    }
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    Server::start(config(folder.path())).await.unwrap().stop().await;
    let path = folder.path().join("scantling.db");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    if std::fs::OpenOptions::new().append(true).open(&path).is_ok() {
        return; // Root may write everything, so there is nothing to see.
    }
    let (refused, words) = start(&["--listen", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()]);
    assert!(refused, "{words}");
}

#[tokio::test]
async fn an_expired_invitation_leads_nowhere() {
    if on_postgres() {
        return; // It is about the file of SQLite.
    }
    let folder = tempfile::tempdir().unwrap();
    let (server, world, owner) = shop(folder.path(), |_| ()).await;
    let viewer = world.join(access(&owner), the_space(), "viewer", &key(2)).await;
    let (_, invited) = world.post(&format!("/v1/spaces/{}/invitations", the_space()), Some(access(&owner)), json!({ "role": "editor" })).await;
    let token = invited["link"].as_str().unwrap().rsplit('/').next().unwrap();
    rusqlite::Connection::open(folder.path().join("scantling.db")).unwrap().execute("update identity_invitation set expires = 1", []).unwrap();
    let (status, problem) = world.call(Method::GET, &format!("/v1/invitations/{token}"), None, None).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("conflict")), "{problem}");
    let body = json!({ "invitation": token, "name": "Cy", "email": "cy@example.org", "password": PASSWORD });
    assert_eq!(world.post("/v1/identity/sign-up", None, body).await.0, 409);
    assert_eq!(world.post(&format!("/v1/invitations/{token}/accept"), Some(access(&viewer)), json!({})).await.0, 409);
    server.stop().await;
}

#[tokio::test]
async fn owners_reach_every_route_of_their_space_and_admins_only_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let (server, world, admin) = shop(folder.path(), |_| ()).await;
    let bob = world.join(access(&admin), the_space(), "viewer", &key(2)).await;
    // Bob's own space, in which the server's admin is nobody.
    let space = SpaceId::from_bytes([8; 16]);
    assert_eq!(world.post("/v1/spaces", Some(access(&bob)), json!({ "space": space, "name": "Bob's" })).await.0, 201);
    for route in table() {
        let Rule::Space(permission) = route.rule else { continue };
        let path = route.path.replace("{space}", &space.to_string()).replace("{person}", bob["person"]["id"].as_str().unwrap()).replace("{invitation}", "inv");
        let body = || (route.method == "POST" || route.method == "PUT").then(|| json!({ "role": "owner" }));
        let call = |token| world.call(route.method.parse().unwrap(), &path, Some(token), body());
        assert_eq!(call(access(&admin)).await.0, 404, "{} {path} as the admin", route.method);
        let (status, answer) = call(access(&bob)).await;
        // The last owner can't leave, and there is no such invitation; both are said by the operation, behind the guard.
        let expected = match (route.method, path.contains("/members/"), path.ends_with("/inv")) {
            ("DELETE", true, _) => 409,
            ("DELETE", _, true) => 404,
            ("POST", ..) => 201,
            // Nothing is sealed yet.
            ("GET", ..) if path.ends_with("/pack") => 204,
            _ => 200,
        };
        assert_eq!(status, expected, "{} {path} ({permission:?}) as the owner: {answer}", route.method);
        assert!(matches!(permission, Permission::Own | Permission::Read));
    }
    // Sharing a space that exists tells a stranger nothing about it.
    assert_eq!(world.post("/v1/spaces", Some(access(&admin)), json!({ "space": space, "name": "Mine" })).await.0, 404);
    server.stop().await;
}

/// Statements of a source file, as they stand in it.
fn statements(source: &str) -> Vec<&str> {
    source.split('"').filter(|text| ["select ", "insert ", "update ", "delete "].iter().any(|word| text.starts_with(word))).collect()
}

#[test]
fn no_statement_reads_a_whole_table_that_grows() {
    if on_postgres() {
        return; // It is about the file of SQLite.
    }
    let mut connection = rusqlite::Connection::open_in_memory().unwrap();
    kernel::migrate::migrate(&mut Sqlite(&connection), &migrations()).unwrap();
    let sources = [include_str!("../../src/identity/store.rs"), include_str!("../../src/sync/store.rs"), include_str!("../../src/door/store.rs")];
    let mut seen = 0;
    for statement in sources.into_iter().flat_map(statements) {
        // One row at most, or the first row of a table.
        if statement.contains("identity_setup") || statement == "select 1 from identity_person limit 1" {
            continue;
        }
        let transaction = connection.transaction().unwrap();
        let mut explain = transaction.prepare(&format!("explain query plan {statement}")).unwrap_or_else(|error| panic!("{statement}: {error}"));
        let mut rows = explain.raw_query();
        while let Some(row) = rows.next().unwrap() {
            let step: String = row.get(3).unwrap();
            assert!(!step.starts_with("SCAN") || step == "SCAN CONSTANT ROW", "{statement}: {step}");
        }
        seen += 1;
    }
    assert!(seen > 50, "{seen} statements were found");
}

#[cfg(unix)]
#[tokio::test]
async fn the_end_is_told_to_all_and_loses_nothing() {
    if on_postgres() {
        return; // It is about the file of SQLite.
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_scantling-server")).args(["--listen", "127.0.0.1:0", "--data"]).arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.next().unwrap().strip_prefix("Listening on http://").unwrap().to_owned();
    let setup = lines.next().unwrap();
    let mut process = Process(child);
    let world = World::at(&address);
    let owner = world.set_up(&setup, &key(1)).await;
    share(&world, access(&owner)).await;
    let mut socket = connect(&world, access(&owner), &key(1)).await;
    hear(&mut socket).await;
    let (mut silent, _) = tokio_tungstenite::connect_async(format!("ws://{address}/v1/sync")).await.unwrap();
    for entry in records(&key(1), 0..300, b"x") {
        push(&mut socket, std::slice::from_ref(&entry)).await;
    }
    let begun = Instant::now();
    assert!(Command::new("kill").args(["-TERM", &process.0.id().to_string()]).status().unwrap().success());
    let mut acknowledged = (0, Chain::empty(the_space()));
    loop {
        match hear(&mut socket).await {
            ToClient::Entries { first, items, chain, .. } => acknowledged = (first + items.len() as u64 - 1, chain),
            ToClient::Problem { code, .. } => {
                assert_eq!(code, "going_away");
                break;
            }
            _ => {}
        }
    }
    assert!(matches!(hear(&mut silent).await, ToClient::Problem { code, .. } if code == "going_away"), "also who has said nothing is told");
    assert!(matches!(socket.next().await, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1001));
    drop((socket, silent));
    let status = tokio::task::spawn_blocking(move || process.0.wait().unwrap()).await.unwrap();
    assert!(status.success() && begun.elapsed() < Duration::from_secs(5), "{status} after {:?}", begun.elapsed());
    let wal = folder.path().join("scantling.db-wal");
    assert!(std::fs::metadata(wal).map_or(0, |file| file.len()) == 0, "the file alone is whole");
    let log = rusqlite::Connection::open(folder.path().join("scantling.db")).unwrap();
    let head: i64 = log.query_row("select head from sync_space", [], |row| row.get(0)).unwrap();
    let last = i64::try_from(acknowledged.0).unwrap();
    assert!(head >= last);
    if last > 0 {
        let chain: [u8; 32] = log.query_row("select chain from sync_entry where seq = ?1", [last], |row| row.get(0)).unwrap();
        assert_eq!(chain, acknowledged.1.0);
    }
}

#[tokio::test]
async fn the_console_is_served_under_its_policy() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(config(folder.path())).await.unwrap();
    let get = |path: String| reqwest::get(format!("http://{}{path}", server.address));
    let page = get("/".into()).await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';") && policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe-eval"), "{policy}");
    assert_eq!((page.headers()["x-content-type-options"].as_bytes(), page.headers()["referrer-policy"].as_bytes()), (b"nosniff".as_slice(), b"no-referrer".as_slice()));
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let html = page.text().await.unwrap();
    for outside in ["/assets/../console.html", "/assets/%2e%2e/console.html", "/assets/none.js", "/console.html", "/index.html"] {
        assert_eq!(get(outside.into()).await.unwrap().status(), 404, "{outside}");
    }
    // The rest holds only where the screens were built before the server.
    let mut found = 0;
    for file in html.split(['"', '\'']).filter_map(|text| text.strip_prefix('.').or(Some(text)).filter(|path| path.starts_with("/assets/"))) {
        let asset = get(file.into()).await.unwrap();
        assert_eq!(asset.status(), 200, "{file}");
        let kind = asset.headers()["content-type"].to_str().unwrap();
        assert!(if file.ends_with(".css") { kind.starts_with("text/css") } else { kind.contains("javascript") }, "{file} is {kind}");
        assert!(asset.headers()["cache-control"].to_str().unwrap().contains("immutable"));
        found += 1;
    }
    assert!(found > 0 || !html.contains("<script"), "{html}");
    // `script-src 'self'` runs no inline script and no handler in the page.
    assert!(!html.contains("<script>") && !html.contains(" onload="), "{html}");
    server.stop().await;
}

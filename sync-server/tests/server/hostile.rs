//! Whoever breaks the rules of the socket is told which, harms nobody else, and nothing of it stays.

use super::gaps::{accepted, shop};
use super::*;

/// Opens a connection without a word.
async fn open(world: &World) -> Socket {
    tokio_tungstenite::connect_async(format!("{}/v1/sync", world.url.replacen("http", "ws", 1))).await.unwrap().0
}

/// How the server ends a connection: by the word of its problem, or without one.
async fn end(socket: &mut Socket) -> Option<String> {
    let mut word = None;
    loop {
        match tokio::time::timeout(std::time::Duration::from_secs(20), socket.next()).await.expect("the connection ends") {
            Some(Ok(Message::Binary(bytes))) => {
                if let ToClient::Problem { code, retry_after: None, .. } = decode(&bytes).unwrap() {
                    word = Some(code);
                }
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return word,
        }
    }
}

#[tokio::test]
async fn frames_that_break_a_rule_end_their_connection_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (server, world, owner) = shop(folder.path(), |_| ()).await;
    let token = access(&owner);
    let mut honest = connect(&world, token, &key(1)).await;
    hear(&mut honest).await;

    let cursor = || Cursor { space: the_space(), epoch: None, seq: 0, chain: Chain::empty(the_space()), marks: None };
    let greeting = |version, token: &str, cursors| ToServer::Hello { version, token: token.into(), device: key(1).verifying_key().to_bytes(), cursors, push: vec![] };
    let hello = encode(&greeting(VERSION, token, vec![cursor()]));
    let cases: Vec<(&str, Message, &str)> = vec![
        ("nothing", Message::binary(Vec::new()), "malformed"),
        ("noise", Message::binary(vec![0xff; 100]), "malformed"),
        ("a beginning", Message::binary(hello[..hello.len() / 2].to_vec()), "malformed"),
        ("more than a message", Message::binary([hello.as_slice(), &[0]].concat()), "malformed"),
        ("text", Message::text("hello"), "malformed"),
        ("a length that is not there", Message::binary(vec![0x82, 0x00, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), "malformed"),
        ("arrays in arrays", Message::binary(vec![0x81; 100_000]), "malformed"),
        ("another version", Message::binary(encode(&greeting(99, token, vec![]))), "version"),
        ("a forged token", Message::binary(encode(&greeting(VERSION, "eyJhbGciOiJub25lIn0.e30.", vec![]))), "unauthorized"),
        ("another device's token", Message::binary(encode(&ToServer::Hello { version: VERSION, token: token.into(), device: key(5).verifying_key().to_bytes(), cursors: vec![], push: vec![] })), "unauthorized"),
        ("a space twice", Message::binary(encode(&greeting(VERSION, token, vec![cursor(), cursor()]))), "malformed"),
        ("a push before hello", Message::binary(encode(&ToServer::Push(Push { space: the_space(), entries: vec![] }))), "unauthorized"),
    ];
    for (what, message, word) in cases {
        let mut socket = open(&world).await;
        socket.send(message).await.unwrap();
        assert_eq!(end(&mut socket).await.as_deref(), Some(word), "{what}");
    }
    // What is larger than a message may be is not read to its end.
    let mut socket = open(&world).await;
    let _ = socket.send(Message::binary(vec![0; kernel::protocol::MAX_FRAME + 1])).await;
    assert_eq!(end(&mut socket).await, None);
    // After hello: a second one, and a push of more entries than one may hold.
    for message in [greeting(VERSION, token, vec![]), ToServer::Push(Push { space: the_space(), entries: vec![vec![0].into(); kernel::protocol::BATCH_COUNT + 1] })] {
        let mut socket = connect(&world, token, &key(1)).await;
        hear(&mut socket).await;
        say(&mut socket, &message).await;
        assert_eq!(end(&mut socket).await.as_deref(), Some("malformed"));
    }

    // The honest one has noticed nothing.
    push(&mut honest, &[record(&key(1), 1, b"still here")]).await;
    accepted(&mut honest, 1).await;
    assert_eq!(server.accepted(), 1);
    server.stop().await;
}

#[tokio::test]
async fn entries_that_are_not_what_they_claim_are_refused_and_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let (server, world, owner) = shop(folder.path(), |_| ()).await;
    let mut socket = connect(&world, access(&owner), &key(1)).await;
    hear(&mut socket).await;
    let good = record(&key(1), 1, b"good");
    push(&mut socket, std::slice::from_ref(&good)).await;
    accepted(&mut socket, 1).await;

    let bytes = good.bytes().to_vec();
    let mut forged = record(&key(1), 2, b"forged").bytes().to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let other = Entry::sign(&key(1), SpaceId::from_bytes([8; 16]), Kind::Record, &[3; 16], "rooms.comment", now(), Vec::new()).bytes().to_vec();
    let long = Entry::sign(&key(1), the_space(), Kind::Record, &[4; 16], "rooms.comment", now(), vec![0; kernel::entry::MAX_ENTRY]).bytes().to_vec();
    let cases = [
        ("truncated", bytes[..bytes.len() - 1].to_vec(), "malformed"),
        ("with more behind it", [bytes.as_slice(), &[0]].concat(), "malformed"),
        ("not in its one form", [&[0x98, 0x09], &bytes[1..]].concat(), "malformed"),
        ("forged", forged, "signature"),
        ("of another space", other, "malformed"),
        ("too long", long, "too_large"),
    ];
    for (what, entry, word) in cases {
        say(&mut socket, &ToServer::Push(Push { space: the_space(), entries: vec![entry.into()] })).await;
        let told = loop {
            match hear(&mut socket).await {
                ToClient::Refused { code, .. } | ToClient::Problem { code, .. } => break code,
                _ => {}
            }
        };
        assert_eq!(told, word, "{what}");
        // What can't even be named ends the connection; then the next case begins a new one.
        if !matches!(word, "signature" | "too_large") {
            socket = connect(&world, access(&owner), &key(1)).await;
            hear(&mut socket).await;
        }
    }
    // The same entry again is known, and joins nothing a second time.
    push(&mut socket, &[good.clone(), good]).await;
    push(&mut socket, &[record(&key(1), 9, b"after")]).await;
    let mut head = 0;
    while head < 2 {
        match hear(&mut socket).await {
            ToClient::Entries { first, items, .. } => head = first + items.len() as u64 - 1,
            ToClient::Known { seq, .. } => assert_eq!(seq, 1),
            ToClient::Space(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((head, server.accepted()), (2, 2));

    // A stranger reads nothing, whether the space is there or not.
    let stranger = world.join(access(&owner), the_space(), "viewer", &key(3)).await;
    let id = stranger["person"]["id"].as_str().unwrap();
    assert_eq!(world.call(Method::DELETE, &format!("/v1/spaces/{}/members/{id}", the_space()), Some(access(&owner)), None).await.0, 200);
    let mut at_stranger = connect(&world, access(&stranger), &key(3)).await;
    assert!(matches!(hear(&mut at_stranger).await, ToClient::Welcome { spaces, .. } if spaces.is_empty()));
    assert!(matches!(hear(&mut at_stranger).await, ToClient::Closed { space, .. } if space == the_space()));
    let nowhere = SpaceId::from_bytes([7; 16]);
    for space in [the_space(), nowhere] {
        say(&mut at_stranger, &ToServer::Subscribe(Cursor { space, epoch: None, seq: 0, chain: Chain::empty(space), marks: None })).await;
        assert!(matches!(hear(&mut at_stranger).await, ToClient::Closed { space: closed, .. } if closed == space));
    }
    server.stop().await;
}

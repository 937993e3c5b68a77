//! Keeps the worked bytes of `docs/protocol.md` true.

use ed25519_dalek::SigningKey;
use minicbor::bytes::ByteVec;

use crate::entry::{Chain, Entry, Kind};
use crate::log::Item;
use crate::protocol::{Cursor, Person, Push, SpaceState, ToClient, ToServer, VERSION, decode, encode};
use crate::{PersonId, Role, SpaceId, Timestamp};

const PAGE: &str = include_str!("../../../../docs/protocol.md");

fn space() -> SpaceId {
    SpaceId::from_bytes(std::array::from_fn(|at| 0xa0 + at as u8))
}

fn entry() -> Entry {
    let key = SigningKey::from_bytes(&std::array::from_fn(|at| at as u8));
    let id: [u8; 16] = std::array::from_fn(|at| 0xc0 + at as u8);
    Entry::sign(&key, space(), Kind::Record, &id, "rooms.comment", Timestamp::from_millis(1_790_000_000_000), b"hello".to_vec())
}

fn hello() -> ToServer {
    let cursor = Cursor { space: space(), epoch: None, seq: 0, chain: Chain::empty(space()), marks: None };
    let push = Push { space: space(), entries: vec![ByteVec::from(entry().bytes().to_vec())] };
    ToServer::Hello { version: VERSION, token: "token".into(), device: entry().device, cursors: vec![cursor], push: vec![push] }
}

fn welcome() -> ToClient {
    let ada = PersonId::from_bytes([0xad; 16]);
    let people =
        vec![Person { person: ada, name: "Ada".into(), role: Some(Role::Owner), online: true, devices: vec![ByteVec::from(entry().device.to_vec())], doors: None }];
    let state = SpaceState { space: space(), role: Role::Owner, epoch: [0xe0; 16], head: 0, chain: Chain::empty(space()), start: 0, people };
    ToClient::Welcome { person: ada, spaces: vec![state] }
}

fn entries() -> ToClient {
    let chain = Chain::empty(space()).then(entry().bytes());
    ToClient::Entries { space: space(), first: 1, items: vec![Item::Own(entry().id)], chain, head: 1, head_chain: chain }
}

/// The bytes of a block on the page; what stands after `#` is for people.
fn block(name: &str) -> Vec<u8> {
    let (_, rest) = PAGE.split_once(&format!("```hex {name}\n")).unwrap_or_else(|| panic!("docs/protocol.md has no block \"hex {name}\""));
    let (text, _) = rest.split_once("```").unwrap();
    let digits: String = text.lines().map(|line| line.split('#').next().unwrap()).collect::<String>().split_whitespace().collect();
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap_or_else(|_| panic!("\"hex {name}\" holds something else than hex"))
        })
        .collect()
}

/// As the page shows it, so that a failure can be pasted.
fn hex(bytes: &[u8]) -> String {
    bytes.chunks(32).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>()).collect::<Vec<_>>().join("\n")
}

fn assert_shown(name: &str, bytes: &[u8]) {
    assert!(block(name) == bytes, "docs/protocol.md should show, under \"hex {name}\":\n{}", hex(bytes));
}

#[test]
fn the_entry_on_the_page_is_read_and_signed_as_it_says() {
    assert_shown("entry", entry().bytes());
    assert_eq!(Entry::parse(&block("entry")).unwrap(), entry());
}

#[test]
fn the_messages_on_the_page_are_read_and_written_as_they_stand() {
    assert_shown("hello", &encode(&hello()));
    assert_eq!(decode::<ToServer>(&block("hello")).unwrap(), hello());
    assert_shown("welcome", &encode(&welcome()));
    assert_eq!(decode::<ToClient>(&block("welcome")).unwrap(), welcome());
    assert_shown("entries", &encode(&entries()));
    assert_eq!(decode::<ToClient>(&block("entries")).unwrap(), entries());
}

#[test]
fn the_page_names_the_bounds_and_codes_of_the_code() {
    for bound in ["4,194,304", "1,024", "4,096", "8 MiB"] {
        assert!(PAGE.contains(bound));
    }
    assert_eq!(
        (crate::entry::MAX_ENTRY, crate::protocol::MAX_SPACES, crate::protocol::MAX_FRAME, 2 * crate::protocol::BATCH_COUNT),
        (4_194_304, 4_096, 8 << 20, 1_024)
    );
    assert!(PAGE.contains(&space().to_string()));
}

#[test]
fn a_problem_without_patience_leaves_the_field_out() {
    let problem = ToClient::Problem { code: "busy".into(), reason: "x".into(), retry_after: None };
    let bytes = encode(&problem);
    assert_eq!(bytes[..3], [0x82, 0x07, 0x82]);
    let with_null = [&[0x82, 0x07, 0x83], &bytes[3..], &[0xf6]].concat();
    assert_eq!(decode::<ToClient>(&with_null).unwrap(), problem);
    let with_more = [&[0x82, 0x07, 0x84], &bytes[3..], &[0xf6, 0x05]].concat();
    assert_eq!(decode::<ToClient>(&with_more).unwrap(), problem);
}

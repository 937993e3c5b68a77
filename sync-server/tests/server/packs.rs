//! Packs of a real server: what they hold, who may have them, how they go on.

use std::collections::BTreeMap;

use kernel::pack::{Piece, Reader};

use super::gaps::{accepted, shop};
use super::*;

async fn fetch(world: &World, token: &str, query: &str) -> Vec<Piece> {
    let answer = world.http.get(format!("{}/v1/spaces/{}/pack{query}", world.url, the_space())).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    Reader::default().take(&answer.bytes().await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_pack_is_the_log_put_together() {
    let folder = tempfile::tempdir().unwrap();
    let (server, world, owner) = shop(folder.path(), |_| ()).await;
    let mut socket = connect(&world, access(&owner), &key(1)).await;
    hear(&mut socket).await;
    let token = access(&owner);
    let path = format!("/v1/spaces/{}/pack", the_space());
    assert_eq!(world.call(Method::GET, &path, Some(token), None).await.0, 204, "nothing is sealed yet");

    // Three documents, and records between their changes.
    let names = ["doc_a", "doc_b", "doc_c"];
    let made: BTreeMap<&str, Vec<automerge::Change>> = names.iter().map(|name| (*name, changes(7, name, 40))).collect();
    let mut entries: Vec<Entry> = Vec::new();
    for number in 0..40_u8 {
        entries.extend(names.iter().map(|name| change(&key(1), name, &made[name][usize::from(number)])));
        if number % 10 == 0 {
            entries.push(record(&key(1), number, b"a comment"));
        }
    }
    push(&mut socket, &entries).await;
    accepted(&mut socket, entries.len() as u64).await;
    server.seal().await.unwrap();
    let newer: Vec<Entry> = (100..110).map(|number| record(&key(1), number, b"newer")).collect();
    push(&mut socket, &newer).await;
    accepted(&mut socket, 10).await;

    let pieces = fetch(&world, token, "").await;
    let chain = entries.iter().fold(Chain::empty(the_space()), |chain, entry| chain.then(entry.bytes()));
    let Piece::Begin { space, epoch, seq, chain: proof, total } = &pieces[0] else { panic!("{:?}", pieces[0]) };
    assert_eq!((*space, *seq, *proof, *total), (the_space(), 124, chain, 7));
    assert_eq!(pieces.last(), Some(&Piece::End));
    let mut records = 0;
    for piece in &pieces[1..pieces.len() - 1] {
        match piece {
            Piece::Part { doc, last: true, bytes, authors } => {
                let document = Automerge::load(bytes).unwrap();
                assert_eq!(document.get_heads(), [made[doc.as_str()][39].hash()]);
                assert_eq!(authors.len(), 1);
                assert_eq!(authors[0].device, key(1).verifying_key().to_bytes());
            }
            Piece::Record { seq, entry } => {
                assert_eq!(entry.as_slice(), entries[usize::try_from(*seq).unwrap() - 1].bytes());
                records += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(records, 4);

    // Cut after the first document it goes on with the second; in another life of the log it begins anew.
    let epoch: String = epoch.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(fetch(&world, token, &format!("?epoch={epoch}&doc=doc_a")).await.len(), pieces.len() - 1);
    assert_eq!(fetch(&world, token, &format!("?epoch={epoch}&doc=doc_c&record=66")).await.len(), 3);
    assert_eq!(fetch(&world, token, &format!("?epoch={}&doc=doc_c", "00".repeat(16))).await.len(), pieces.len());

    // Sealed again it is only longer.
    server.seal().await.unwrap();
    let Piece::Begin { seq, .. } = fetch(&world, token, "").await[0] else { panic!("no beginning") };
    assert_eq!(seq, 134);
    server.stop().await;
}

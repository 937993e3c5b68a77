//! The contexts together, through commands, on devices that exchange entries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::entry::{Chain, Entry, Kind};
use kernel::log::Item;
use kernel::pack::Piece;
use kernel::store::testing::Desk;
use kernel::{Code, Ctx, Device, Error, ProjectId, Random, Result, Role, SpaceId, Store, Timestamp, Words, space};
use serde_json::{Value, json};

use crate::{COMMANDS, Home, MIGRATIONS, Wiring, call, device, inspect, pause, types};

/// A device with all contexts.
fn desk(seed: u64) -> Desk {
    let mut random = Random::seeded(seed);
    let device = Device {
        key: ed25519_dalek::SigningKey::from_bytes(&random.bytes()),
        actor: automerge::ActorId::from(random.bytes::<16>()),
        name: format!("desk {seed}"),
    };
    let mut store = Store::open(rusqlite::Connection::open_in_memory().unwrap(), MIGRATIONS, random).unwrap();
    store.set_device(Arc::new(device));
    Desk { store, now: Timestamp::from_millis(1_790_000_000_000) }
}

fn ask(desk: &mut Desk, name: &str, payload: Value) -> Result<Value> {
    desk.run(|ctx| call(ctx, name, payload))
}

fn create(desk: &mut Desk, name: &str) -> ProjectId {
    ask(desk, "project.create", json!({ "name": name })).unwrap()["id"].as_str().unwrap().parse().unwrap()
}

/// The simplest server: it takes what comes, in the order in which it comes.
#[derive(Default)]
struct Orderer {
    log: Vec<Vec<u8>>,
}

impl Orderer {
    fn share(desk: &mut Desk, space: SpaceId, role: Role) {
        desk.run(|ctx| {
            if space::find(ctx.sql, space)?.is_none() {
                space::create(ctx.sql, space)?;
            }
            let mut known = space::get(ctx.sql, space)?;
            known.server = Some("https://example.org".into());
            known.role = role;
            space::save(ctx.sql, &known)
        })
        .unwrap();
    }

    /// Takes what waits at a device, and gives it what is new in batches of so many.
    fn meet(&mut self, desk: &mut Desk, space: SpaceId, batch: usize) {
        for (_, bytes) in desk.run(|ctx| kernel::log::outbox(ctx.sql, space, 0, 10_000, 1 << 30)).unwrap() {
            if !self.log.contains(&bytes) {
                self.log.push(bytes);
            }
        }
        loop {
            let more = desk
                .run(|ctx| {
                    let mut known = space::get(ctx.sql, space)?;
                    let from = usize::try_from(known.seq).unwrap();
                    let fresh: Vec<&Vec<u8>> = self.log.iter().skip(from).take(batch).collect();
                    if fresh.is_empty() {
                        return Ok(false);
                    }
                    let chain = fresh.iter().fold(known.chain, |chain: Chain, bytes| chain.then(bytes));
                    let items: Vec<Item> = fresh.into_iter().cloned().map(Item::Entry).collect();
                    let first = known.seq + 1;
                    ctx.receive(&Wiring, &mut known, first, &items, chain)?;
                    space::save(ctx.sql, &known)?;
                    Ok(true)
                })
                .unwrap();
            if !more {
                return;
            }
        }
    }
}

fn digest(desk: &mut Desk, space: SpaceId) -> [u8; 32] {
    desk.run(|ctx| kernel::log::Contexts::digest(&Wiring, ctx, space)).unwrap()
}

#[test]
fn the_types_of_the_screens_are_those_of_the_table() {
    let written = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/api/generated.ts")).unwrap();
    let text = types::typescript().expect("every name has one shape");
    assert!(written == text, "the types of the screens are stale; run `cargo xtask types`");
}

#[test]
fn each_command_has_one_name_of_two_words_and_local_ones_run() {
    let names: BTreeSet<&str> = COMMANDS.iter().map(|command| command.name).collect();
    assert_eq!(names.len(), COMMANDS.len());
    let mut desk = desk(1);
    for command in COMMANDS {
        assert_eq!(command.name.split('.').count(), 2, "{}", command.name);
        let refused = ask(&mut desk, command.name, json!(7)).unwrap_err();
        assert_eq!(refused.code, if command.home == Home::Local { Code::Invalid } else { Code::NotFound }, "{}", command.name);
    }
    assert_eq!(ask(&mut desk, "no.such", json!({})).unwrap_err().code, Code::NotFound);
}

#[test]
fn a_project_is_made_named_and_put_away_through_commands() {
    let mut desk = desk(2);
    let project = create(&mut desk, " Bike shop ");
    let listed = ask(&mut desk, "project.list", Value::Null).unwrap();
    assert_eq!((listed[0]["name"].as_str(), listed[0]["role"].as_str(), &listed[0]["server"]), (Some("Bike shop"), Some("owner"), &Value::Null));
    assert_eq!(ask(&mut desk, "project.rename", json!({ "project": project, "name": "Bikes" })).unwrap()["name"], "Bikes");
    assert_eq!(ask(&mut desk, "project.remove", json!({ "project": project })).unwrap()["removed"], true);
    assert_eq!(ask(&mut desk, "project.restore", json!({ "project": project })).unwrap()["removed"], false);
    assert_eq!(ask(&mut desk, "project.rename", json!({ "project": project, "name": "" })).unwrap_err().field.as_deref(), Some("name"));
}

#[test]
fn a_comment_moves_its_project_up_the_list() {
    let mut desk = desk(3);
    let (first, second) = (create(&mut desk, "first"), create(&mut desk, "second"));
    let order = |desk: &mut Desk| {
        ask(desk, "project.list", Value::Null)
            .unwrap()
            .as_array()
            .unwrap()
            .iter()
            .map(|project| project["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(order(&mut desk), [second.to_string(), first.to_string()]);
    ask(&mut desk, "rooms.comment", json!({ "project": first, "element": "req_1", "text": "hello" })).unwrap();
    assert_eq!(order(&mut desk), [first.to_string(), second.to_string()]);
}

/// What a server would send as the pack of a whole log.
fn packed(log: &[Vec<u8>], space: SpaceId) -> Vec<Piece> {
    let entries: Vec<Entry> = log.iter().map(|bytes| Entry::parse(bytes).unwrap()).collect();
    let chain = log.iter().fold(Chain::empty(space), |chain, bytes| chain.then(bytes));
    let mut documents: BTreeMap<&str, automerge::Automerge> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.kind == Kind::Change) {
        documents.entry(&entry.subject).or_default().apply_changes([entry.change().unwrap()]).unwrap();
    }
    let mut pieces = vec![Piece::Begin { space, epoch: [5; 16], seq: log.len() as u64, chain, total: 0 }];
    pieces.extend(documents.iter().flat_map(|(doc, document)| kernel::pack::document(doc, &document.save(), Vec::new())));
    let records = (1..).zip(&entries).filter(|(_, entry)| entry.kind == Kind::Record);
    pieces.extend(records.map(|(seq, entry)| Piece::Record { seq, entry: entry.bytes().to_vec().into() }));
    pieces.push(Piece::End);
    pieces
}

#[test]
fn a_project_that_comes_in_a_pack_is_the_same_whether_the_pack_is_whole_left_or_of_another_life() {
    let mut server = Orderer::default();
    let mut ada = desk(4);
    let project = create(&mut ada, "Bikes");
    let space = project.space();
    for text in ["one", "two"] {
        ask(&mut ada, "rooms.comment", json!({ "project": project, "element": "req_1", "text": text })).unwrap();
    }
    ask(&mut ada, "blueprint.add_requirement", json!({ "project": project, "text": "Orders can be paid by card." })).unwrap();
    Orderer::share(&mut ada, space, Role::Owner);
    server.meet(&mut ada, space, 100);
    let pieces = packed(&server.log, space);
    let take = |desk: &mut Desk, pieces: &[Piece]| desk.run(|ctx| kernel::pack::Unpacking::new(space).take(ctx, &Wiring, pieces.to_vec())).unwrap();
    for (seed, role, ending) in [(5, Role::Viewer, "whole"), (6, Role::Editor, "left"), (7, Role::Viewer, "another life")] {
        let mut ben = desk(seed);
        ben.now = ada.now;
        Orderer::share(&mut ben, space, role);
        if ending == "whole" {
            assert!(take(&mut ben, &pieces));
        } else {
            take(&mut ben, &pieces[..pieces.len() - 1]);
            assert!(ask(&mut ben, "workspace.verify", json!({})).unwrap()["ok"].as_bool().unwrap(), "while it is under way");
        }
        if ending == "left" {
            ben.run(|ctx| kernel::pack::leave(ctx, &Wiring, space)).unwrap();
            let comments = ask(&mut ben, "rooms.thread", json!({ "project": project, "id": "req_1" })).unwrap()["comments"].clone();
            assert_eq!(comments, json!([]));
            server.meet(&mut ben, space, 2);
        } else if ending == "another life" {
            let mut again = pieces.clone();
            let Piece::Begin { epoch, .. } = &mut again[0] else { panic!("a pack begins otherwise") };
            *epoch = [6; 16];
            assert!(take(&mut ben, &again));
        }
        assert_eq!(digest(&mut ben, space), digest(&mut ada, space), "{ending}");
        ben.run(|ctx| kernel::pack::seal(ctx, space, 0, 1_000)).unwrap();
        assert!(ask(&mut ben, "workspace.verify", json!({})).unwrap()["ok"].as_bool().unwrap(), "{ending}");
        assert_eq!(digest(&mut ben, space), digest(&mut ada, space), "{ending}");
    }
}

#[test]
fn a_project_that_arrives_is_the_same_whatever_the_size_of_its_batches() {
    let mut server = Orderer::default();
    let mut ada = desk(4);
    let project = create(&mut ada, "Bikes");
    let space = project.space();
    for text in ["one", "two"] {
        ask(&mut ada, "rooms.comment", json!({ "project": project, "element": "req_1", "text": text })).unwrap();
    }
    ask(&mut ada, "project.rename", json!({ "project": project, "name": "Bicycles" })).unwrap();
    Orderer::share(&mut ada, space, Role::Owner);
    server.meet(&mut ada, space, 100);
    for (seed, batch) in [(5, 1), (6, 2), (7, 100)] {
        let mut ben = desk(seed);
        ben.now = ada.now;
        Orderer::share(&mut ben, space, Role::Editor);
        server.meet(&mut ben, space, batch);
        let listed = ask(&mut ben, "project.list", Value::Null).unwrap();
        assert_eq!((listed[0]["name"].as_str(), listed[0]["role"].as_str()), (Some("Bicycles"), Some("editor")));
        assert_eq!(listed[0]["updated_at"], ask(&mut ada, "project.list", Value::Null).unwrap()[0]["updated_at"]);
        assert_eq!(digest(&mut ben, space), digest(&mut ada, space));
        let comments = ask(&mut ben, "rooms.thread", json!({ "project": project, "id": "req_1" })).unwrap()["comments"].clone();
        assert_eq!(comments.as_array().unwrap().iter().map(|comment| comment["text"].as_str().unwrap()).collect::<Vec<_>>(), ["one", "two"]);
        assert!(ask(&mut ben, "workspace.verify", json!({})).unwrap()["ok"].as_bool().unwrap());
    }
}

#[test]
fn two_devices_that_rename_apart_agree_when_they_meet() {
    let mut server = Orderer::default();
    let (mut ada, mut ben) = (desk(8), desk(9));
    let project = create(&mut ada, "Bikes");
    let space = project.space();
    Orderer::share(&mut ada, space, Role::Owner);
    Orderer::share(&mut ben, space, Role::Editor);
    server.meet(&mut ada, space, 100);
    server.meet(&mut ben, space, 100);
    ask(&mut ada, "project.rename", json!({ "project": project, "name": "Wheels" })).unwrap();
    ask(&mut ben, "project.rename", json!({ "project": project, "name": "Pedals" })).unwrap();
    for _ in 0..2 {
        server.meet(&mut ada, space, 100);
        server.meet(&mut ben, space, 100);
    }
    assert_eq!(digest(&mut ada, space), digest(&mut ben, space));
    assert_eq!(ask(&mut ada, "project.list", Value::Null).unwrap()[0]["name"], ask(&mut ben, "project.list", Value::Null).unwrap()[0]["name"]);
}

fn waiting(desk: &mut Desk, space: SpaceId) -> Vec<Entry> {
    desk.run(|ctx| kernel::log::outbox(ctx.sql, space, 0, 10_000, 1 << 30)?.into_iter().map(|(_, bytes)| Entry::parse(&bytes)).collect()).unwrap()
}

#[test]
fn what_was_refused_is_told_in_words_and_mended_or_given_up() {
    let mut server = Orderer::default();
    let mut ada = desk(10);
    let project = create(&mut ada, "Bikes");
    let space = project.space();
    Orderer::share(&mut ada, space, Role::Editor);
    server.meet(&mut ada, space, 100);
    ask(&mut ada, "project.rename", json!({ "project": project, "name": "Wheels" })).unwrap();
    ask(&mut ada, "rooms.comment", json!({ "project": project, "element": "req_1", "text": "Why so?" })).unwrap();
    for entry in waiting(&mut ada, space) {
        ada.run(|ctx| ctx.refuse(&Wiring, space, &entry.id, "forbidden", &Words::from(("You are a viewer here now.", "Вы здесь теперь читатель."))))
            .unwrap();
    }
    let told = ada.run(|ctx| inspect(ctx, space)).unwrap();
    assert_eq!((told.state, told.pending, told.name.as_str()), (device::BadgeState::Refused, 0, "Wheels"));
    let [renamed, comment] = told.refused.as_slice() else { panic!("two were refused") };
    assert!(renamed.what.contains("Wheels") && renamed.text.is_none() && renamed.can_retry, "{}", renamed.what);
    assert_eq!(
        (comment.text.as_deref(), comment.element.as_deref(), comment.reason.as_str()),
        (Some("Why so?"), Some("req_1"), "You are a viewer here now.")
    );

    let entry = |id: &str| json!({ "space": space, "entry": id });
    ask(&mut ada, "sync.retry", entry(&comment.id)).unwrap();
    ask(&mut ada, "sync.discard", entry(&renamed.id)).unwrap();
    assert_eq!(ask(&mut ada, "project.list", Value::Null).unwrap()[0]["name"], "Bikes");
    let told = ada.run(|ctx| inspect(ctx, space)).unwrap();
    assert_eq!((told.pending, told.refused.len()), (1, 0));
    server.meet(&mut ada, space, 100);
    assert_eq!(ask(&mut ada, "rooms.thread", json!({ "project": project, "id": "req_1" })).unwrap()["comments"][0]["state"], "sent");
    assert_eq!(ask(&mut ada, "sync.retry", entry(&comment.id)).unwrap_err().code, Code::NotFound);
    for bad in ["", "zz", "é", &"g".repeat(32), &"0".repeat(33)] {
        assert_eq!(ask(&mut ada, "sync.discard", entry(bad)).unwrap_err().field.as_deref(), Some("entry"), "{bad}");
    }
}

#[test]
fn a_project_whose_naming_was_given_up_stays_to_be_named_anew() {
    let mut ada = desk(21);
    let project = create(&mut ada, "Bikes");
    let space = project.space();
    Orderer::share(&mut ada, space, Role::Owner);
    let naming = waiting(&mut ada, space).into_iter().filter(|entry| entry.subject == project.to_string()).nth(1).unwrap();
    ada.run(|ctx| ctx.refuse(&Wiring, space, &naming.id, "quota", &Words::from("full"))).unwrap();
    let id = ada.run(|ctx| inspect(ctx, space)).unwrap().refused[0].id.clone();
    ask(&mut ada, "sync.discard", json!({ "space": space, "entry": id })).unwrap();
    assert_eq!(ask(&mut ada, "project.list", Value::Null).unwrap()[0]["name"], "…");
    assert_eq!(ask(&mut ada, "project.rename", json!({ "project": project, "name": "Wheels" })).unwrap()["name"], "Wheels");
    assert!(ask(&mut ada, "workspace.verify", json!({})).unwrap()["ok"].as_bool().unwrap());
}

#[test]
fn a_space_rests_and_goes_on() {
    let mut ada = desk(11);
    let space = create(&mut ada, "Bikes").space();
    Orderer::share(&mut ada, space, Role::Owner);
    for paused in [true, false] {
        ada.run(|ctx| pause(ctx, device::PauseSpace { space, paused })).unwrap();
        let told = ada.run(|ctx| inspect(ctx, space)).unwrap();
        assert_eq!((told.paused, told.state == device::BadgeState::Paused), (paused, paused));
    }
}

#[test]
fn on_this_device_alone_nothing_waits() {
    let mut ada = desk(12);
    let space = create(&mut ada, "Bikes").space();
    let told = ada.run(|ctx| inspect(ctx, space)).unwrap();
    assert_eq!((told.state, told.pending), (device::BadgeState::Local, 0));
}

#[test]
fn a_command_that_fails_leaves_nothing_behind() {
    let mut ada = desk(13);
    let project = create(&mut ada, "Bikes");
    let before = (waiting(&mut ada, project.space()).len(), digest(&mut ada, project.space()));
    let failed = ada.run(|ctx: &mut Ctx<'_>| {
        call(ctx, "project.rename", json!({ "project": project, "name": "Wheels" }))?;
        Err::<(), _>(Error::conflict("stopped half-way"))
    });
    assert!(failed.is_err());
    assert_eq!((waiting(&mut ada, project.space()).len(), digest(&mut ada, project.space())), before);
    assert_eq!(ask(&mut ada, "project.list", Value::Null).unwrap()[0]["name"], "Bikes");
}

#[test]
fn documents_and_records_that_no_context_knows_are_kept_and_shown_nowhere() {
    let mut ada = desk(14);
    let space = create(&mut ada, "Bikes").space();
    let before = digest(&mut ada, space);
    ada.run(|ctx| {
        let tomorrow = format!("zzz_{}", kernel::id::encode(&space.bytes()));
        ctx.create_doc(space, &tomorrow, |_| Ok(()))?;
        ctx.append_record(space, "tomorrow.record", vec![1, 2, 3])
    })
    .unwrap();
    let mut server = Orderer::default();
    Orderer::share(&mut ada, space, Role::Owner);
    server.meet(&mut ada, space, 3);
    let mut ben = desk(15);
    Orderer::share(&mut ben, space, Role::Viewer);
    server.meet(&mut ben, space, 2);
    assert_eq!((digest(&mut ada, space), digest(&mut ben, space)), (before, before));
    assert!(ask(&mut ben, "workspace.verify", json!({})).unwrap()["ok"].as_bool().unwrap());
}

#[test]
fn a_project_has_its_blueprint_from_the_first_moment() {
    let mut ada = desk(16);
    let project = create(&mut ada, "Bikes");
    let added = ask(&mut ada, "blueprint.add_requirement", json!({ "project": project, "text": "Customers rent bikes" })).unwrap();
    assert_eq!(added["comments"], 0);
    ask(&mut ada, "rooms.comment", json!({ "project": project, "element": added["id"], "text": "Electric ones too?" })).unwrap();
    let listed = ask(&mut ada, "blueprint.requirements", json!({ "project": project })).unwrap();
    assert_eq!((listed[0]["comments"].as_u64(), listed[0]["unread"].as_u64()), (Some(1), Some(0)));
    assert_eq!(ask(&mut ada, "project.list", Value::Null).unwrap()[0]["requirements"], 1);
    let hits = ask(&mut ada, "blueprint.search", json!({ "project": project, "query": "electr" })).unwrap();
    assert_eq!((hits[0]["kind"].as_str(), &hits[0]["element"]), (Some("comment"), &added["id"]));
    assert_eq!(ask(&mut ada, "blueprint.remove_requirement", json!({ "project": project, "id": added["id"] })).unwrap(), json!({}));
}

#[test]
fn a_blueprint_arrives_with_its_project_and_both_devices_prove_the_same() {
    let mut server = Orderer::default();
    let (mut ada, mut ben) = (desk(17), desk(18));
    let project = create(&mut ada, "Bikes");
    let space = project.space();
    let first = ask(&mut ada, "blueprint.add_requirement", json!({ "project": project, "text": "Customers rent bikes" })).unwrap()["id"].clone();
    ask(&mut ada, "blueprint.add_entity", json!({ "project": project, "name": "Bike" })).unwrap();
    Orderer::share(&mut ada, space, Role::Owner);
    Orderer::share(&mut ben, space, Role::Editor);
    server.meet(&mut ada, space, 3);
    server.meet(&mut ben, space, 2);
    ask(&mut ada, "blueprint.set_requirement", json!({ "project": project, "id": first, "priority": "must" })).unwrap();
    ask(&mut ben, "blueprint.add_requirement", json!({ "project": project, "text": "Bikes are returned", "after": first })).unwrap();
    ask(&mut ben, "rooms.comment", json!({ "project": project, "element": first, "text": "For how long?" })).unwrap();
    for _ in 0..2 {
        server.meet(&mut ada, space, 2);
        server.meet(&mut ben, space, 1);
    }
    assert_eq!(digest(&mut ada, space), digest(&mut ben, space));
    let listed = ask(&mut ada, "blueprint.requirements", json!({ "project": project })).unwrap();
    assert_eq!((listed.as_array().unwrap().len(), listed[0]["unread"].as_u64(), listed[0]["pending"].as_bool()), (2, Some(1), Some(false)));
    for desk in [&mut ada, &mut ben] {
        assert!(ask(desk, "workspace.verify", json!({})).unwrap()["ok"].as_bool().unwrap());
    }
}

#[test]
fn a_member_of_one_project_can_neither_write_into_another_nor_take_its_place() {
    let mut server = Orderer::default();
    let (mut mallory, mut ada) = (desk(19), desk(20));
    let (open, secret) = (create(&mut mallory, "Open"), ProjectId::from_bytes([9; 16]));
    let (theirs, known) = (blueprint::doc_of(secret), create(&mut ada, "Known"));
    // Mallory, who may write in one space, writes there under the names of documents that live in others.
    for doc in [theirs.clone(), secret.to_string(), blueprint::doc_of(known)] {
        mallory
            .run(|ctx| {
                ctx.create_doc(open.space(), &doc, |_| Ok(()))?;
                let edit = kernel::doc::Edit { doc: &doc, label: "forged".into(), element: None, at: None };
                ctx.change(&edit, |transaction| Ok(automerge::transaction::Transactable::put(transaction, automerge::ROOT, "name", "Forged")?))
            })
            .unwrap();
    }
    Orderer::share(&mut mallory, open.space(), Role::Owner);
    Orderer::share(&mut ada, open.space(), Role::Editor);
    let before = digest(&mut ada, known.space());
    server.meet(&mut mallory, open.space(), 100);
    server.meet(&mut ada, open.space(), 2);
    ada.store.recover();
    let names = |desk: &mut Desk| {
        ask(desk, "project.list", Value::Null)
            .unwrap()
            .as_array()
            .unwrap()
            .iter()
            .map(|project| project["name"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&mut ada), ["Known".to_owned(), "Open".to_owned()].into());
    assert_eq!(digest(&mut ada, known.space()), before);
    assert!(ask(&mut ada, "workspace.verify", json!({})).unwrap()["ok"].as_bool().unwrap());
    assert!(ada.run(|ctx| ctx.space_of(&theirs)).is_err(), "the name is free for the project that it belongs to");
    ada.run(|ctx| {
        space::create(ctx.sql, secret.space())?;
        blueprint::ops::create(ctx, secret, secret.space())
    })
    .unwrap();
    ask(&mut ada, "blueprint.add_requirement", json!({ "project": secret, "text": "ours" })).unwrap();
}

/// One random act of a person, with whatever is on their screen.
fn act(desk: &mut Desk, random: &mut Random, project: ProjectId) {
    let model = ask(desk, "blueprint.model", json!({ "project": project })).unwrap();
    let requirements = ask(desk, "blueprint.requirements", json!({ "project": project })).unwrap();
    let mut pick = |list: &Value| {
        list.as_array().and_then(|list| list.get(usize::try_from(random.below(list.len() as u64)).ok()?)).map_or(Value::Null, |one| one["id"].clone())
    };
    let (requirement, other, entity, another, relation) =
        (pick(&requirements), pick(&requirements), pick(&model["entities"]), pick(&model["entities"]), pick(&model["relations"]));
    let attribute = model["entities"].as_array().unwrap().iter().find(|one| one["id"] == entity).map_or(Value::Null, |one| pick(&one["attributes"]));
    let word = format!("word{}", random.below(1_000));
    let (name, mut payload) = match random.below(21) {
        0..3 => ("blueprint.add_requirement", json!({ "text": word, "after": requirement })),
        3 => ("blueprint.remove_requirement", json!({ "id": requirement })),
        4 => ("blueprint.set_requirement", json!({ "id": requirement, "priority": "must", "state": "agreed" })),
        5 => ("blueprint.move_requirement", json!({ "id": requirement, "after": other })),
        6 | 7 => {
            let Ok(text) = ask(desk, "blueprint.text", json!({ "project": project, "id": requirement })) else { return };
            ("blueprint.edit_text", json!({ "id": requirement, "heads": text["heads"], "splices": [{ "at": 0, "remove": 1, "insert": word }] }))
        }
        8 | 9 => ("blueprint.add_entity", json!({ "name": word })),
        10 => ("blueprint.remove_entity", json!({ "id": entity })),
        11 => ("blueprint.set_entity", json!({ "id": entity, "note": word })),
        12 => ("blueprint.add_attribute", json!({ "entity": entity, "name": word, "type": "money" })),
        13 => ("blueprint.remove_attribute", json!({ "entity": entity, "id": attribute })),
        14 => ("blueprint.add_relation", json!({ "from": entity, "to": another, "cardinality": "one-to-many" })),
        15 => ("blueprint.remove_relation", json!({ "id": relation })),
        16 => ("blueprint.link", json!({ "requirement": requirement, "entity": entity, "linked": random.below(3) > 0 })),
        17 => (if random.below(3) > 0 { "blueprint.undo" } else { "blueprint.redo" }, json!({})),
        18 => ("project.rename", json!({ "name": word })),
        19 => {
            let text = format!("Customers rent bikes. A bike has a {word} and a price. Each customer must have an email.");
            let proposed = ask(desk, "blueprint.propose", json!({ "project": project, "text": text })).unwrap();
            let items: Vec<&Value> = proposed["items"].as_array().unwrap().iter().map(|item| &item["id"]).filter(|_| random.below(3) > 0).collect();
            ("blueprint.accept", json!({ "title": word, "text": text, "items": items }))
        }
        _ => ("rooms.comment", json!({ "element": if requirement.is_null() { json!("req_1") } else { requirement }, "text": word })),
    };
    payload["project"] = json!(project);
    if let Err(error) = ask(desk, name, payload) {
        // People are told no, in words; nothing may fail unexpectedly.
        assert!(matches!(error.code, Code::NotFound | Code::Invalid | Code::Conflict), "{name}: {error:?}");
    }
}

/// What the person sees of a project, without what is this device's own.
fn screens(desk: &mut Desk, project: ProjectId) -> Vec<Value> {
    let mut seen: Vec<Value> = ["blueprint.requirements", "blueprint.model", "blueprint.briefs"]
        .iter()
        .map(|name| ask(desk, name, json!({ "project": project })).unwrap())
        .collect();
    seen.push(ask(desk, "project.list", Value::Null).unwrap()[0]["name"].clone());
    fn shared(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("unread");
                fields.values_mut().for_each(shared);
            }
            Value::Array(list) => list.iter_mut().for_each(shared),
            _ => {}
        }
    }
    seen.iter_mut().for_each(shared);
    seen
}

#[test]
fn devices_that_work_apart_show_the_same_when_they_have_met() {
    for seed in 0..8 {
        let mut random = Random::seeded(1_000 + seed);
        let mut server = Orderer::default();
        let mut desks: Vec<Desk> = (0..3).map(|n| desk(10_000 + seed * 10 + n)).collect();
        let project = create(&mut desks[0], "Bikes");
        let space = project.space();
        for (n, desk) in desks.iter_mut().enumerate() {
            Orderer::share(desk, space, if n == 0 { Role::Owner } else { Role::Editor });
            server.meet(desk, space, 100);
        }
        for _ in 0..120 {
            let desk = &mut desks[usize::try_from(random.below(3)).unwrap()];
            match random.below(10) {
                0 => server.meet(desk, space, 1 + usize::try_from(random.below(7)).unwrap()),
                // The program ends and starts again: documents are read from disk.
                1 => desk.store.recover(),
                2 => {
                    // The server refuses the last thing that waits; the person gives it up, or sends it again.
                    if let Some(entry) = waiting(desk, space).pop() {
                        desk.run(|ctx| ctx.refuse(&Wiring, space, &entry.id, "forbidden", &Words::from("no"))).unwrap();
                        let id: String = entry.id.iter().map(|byte| format!("{byte:02x}")).collect();
                        let verb = if random.below(2) == 0 { "sync.discard" } else { "sync.retry" };
                        ask(desk, verb, json!({ "space": space, "entry": id })).unwrap();
                    }
                }
                _ => act(desk, &mut random, project),
            }
        }
        for _ in 0..2 {
            for desk in &mut desks {
                server.meet(desk, space, 4);
            }
        }
        let mut late = desk(10_000 + seed * 10 + 9);
        Orderer::share(&mut late, space, Role::Viewer);
        server.meet(&mut late, space, 1_000);
        desks.push(late);
        let (expected, proof) = (screens(&mut desks[0], project), digest(&mut desks[0], space));
        for (n, desk) in desks.iter_mut().enumerate() {
            assert_eq!(screens(desk, project), expected, "seed {seed}, device {n}");
            assert_eq!(digest(desk, space), proof, "seed {seed}, device {n}");
            let report = ask(desk, "workspace.verify", json!({})).unwrap();
            assert!(report["ok"].as_bool().unwrap(), "seed {seed}, device {n}: {report}");
            assert_eq!(screens(desk, project), expected, "seed {seed}, device {n}, drawn anew");
        }
    }
}

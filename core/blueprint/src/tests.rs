//! Blueprints over stores in memory, alone and between two devices.

use std::collections::{BTreeMap, BTreeSet};

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT};
use kernel::doc::Edit;
use kernel::entry::{Chain, Entry};
use kernel::log::{Contexts, Item, Standing};
use kernel::store::testing::Desk;
use kernel::sql::{Row, Value};
use kernel::{Code, Ctx, ProjectId, Result, Role, SpaceId, Sql, space};
use proptest::prelude::*;

use crate::model::*;
use crate::{MIGRATIONS, Remarks, doc_of, ops, store};

mod past;

struct Quiet;

impl Remarks for Quiet {
    fn counts(&self, _: &mut Ctx<'_>, _: ProjectId) -> Result<BTreeMap<String, (u32, u32)>> {
        Ok(BTreeMap::new())
    }
}

struct Blueprints;

impl Contexts for Blueprints {
    fn merged(&self, ctx: &mut Ctx<'_>, doc: &str, patches: &[automerge::Patch]) -> Result<()> {
        ops::merged(ctx, doc, patches)
    }
    fn rebuild(&self, ctx: &mut Ctx<'_>, doc: &str) -> Result<()> {
        ops::rebuild(ctx, doc)
    }
    fn record(&self, _: &mut Ctx<'_>, _: &Entry, _: &Standing) -> Result<()> {
        Ok(())
    }
    fn digest(&self, ctx: &mut Ctx<'_>, _: SpaceId) -> Result<[u8; 32]> {
        ops::digest(ctx, &doc_of(project()))
    }
}

fn project() -> ProjectId {
    ProjectId::from_bytes([5; 16])
}

fn desk(seed: u64) -> Desk {
    let mut desk = Desk::new(seed, MIGRATIONS);
    desk.run(|ctx| space::create(ctx.sql, project().space())).unwrap();
    desk
}

fn owner(seed: u64) -> Desk {
    let mut desk = desk(seed);
    desk.run(|ctx| ops::create(ctx, project(), project().space())).unwrap();
    desk
}

fn add(desk: &mut Desk, text: &str) -> Requirement {
    desk.run(|ctx| ops::add_requirement(ctx, &Quiet, &AddRequirement { project: project(), text: text.into(), after: None })).unwrap()
}

fn list(desk: &mut Desk) -> Vec<Requirement> {
    desk.run(|ctx| ops::requirements(ctx, &Quiet, &ListRequirements { project: project(), query: None })).unwrap()
}

fn texts(desk: &mut Desk) -> Vec<String> {
    list(desk).into_iter().map(|requirement| requirement.text).collect()
}

fn entity(desk: &mut Desk, name: &str) -> Entity {
    desk.run(|ctx| ops::add_entity(ctx, &Quiet, &AddEntity { project: project(), name: name.into(), x: None, y: None })).unwrap()
}

fn model(desk: &mut Desk) -> Model {
    desk.run(|ctx| ops::model(ctx, &Quiet, project())).unwrap()
}

fn digest(desk: &mut Desk) -> [u8; 32] {
    desk.run(|ctx| ops::digest(ctx, &doc_of(project()))).unwrap()
}

/// The tables equal those that are drawn from the document alone.
fn check(desk: &mut Desk) {
    let numbers = |desk: &mut Desk| desk.run(|ctx| ctx.sql.query("select * from blueprint_number order by doc, requirement", &[])).unwrap();
    let drawn = (digest(desk), numbers(desk));
    desk.run(|ctx| ops::rebuild(ctx, &doc_of(project()))).unwrap();
    assert_eq!((digest(desk), numbers(desk)), drawn, "tables drawn step by step differ from tables drawn anew");
}

fn undo(desk: &mut Desk) -> Undone {
    desk.run(|ctx| ops::undo(ctx, project())).unwrap()
}

fn redo(desk: &mut Desk) -> Undone {
    desk.run(|ctx| ops::redo(ctx, project())).unwrap()
}

fn read(desk: &mut Desk, id: &str) -> TextState {
    desk.run(|ctx| ops::text(ctx, &ReadText { project: project(), id: id.into(), since: None })).unwrap()
}

fn typed(desk: &mut Desk, id: &str, heads: Vec<String>, at: u32, remove: u32, insert: &str) -> Result<TextState> {
    desk.run(|ctx| ops::edit_text(ctx, &EditText { project: project(), id: id.into(), heads, splices: vec![Splice { at, remove, insert: insert.into() }] }))
}

/// Orders what waits on each device and hands everything to everyone.
fn exchange(desks: &mut [Desk], log: &mut Vec<Vec<u8>>) {
    let space = project().space();
    for desk in desks.iter_mut() {
        let waiting = desk.run(|ctx| kernel::log::outbox(ctx.sql, space, 0, 10_000, 100_000_000)).unwrap();
        log.extend(waiting.into_iter().map(|(_, bytes)| bytes).filter(|bytes| !log.contains(bytes)).collect::<Vec<_>>());
    }
    for desk in desks.iter_mut() {
        desk.run(|ctx| {
            let mut known = space::get(ctx.sql, space)?;
            let new = &log[usize::try_from(known.seq).unwrap()..];
            let chain = new.iter().fold(known.chain, |chain: Chain, bytes| chain.then(bytes));
            let items: Vec<Item> = new.iter().map(|bytes| Item::Entry(bytes.clone())).collect();
            let first = known.seq + 1;
            ctx.receive(&Blueprints, &mut known, first, &items, chain)?;
            space::save(ctx.sql, &known)
        })
        .unwrap();
    }
}

fn pair() -> (Vec<Desk>, Vec<Vec<u8>>) {
    let mut desks = vec![owner(1), desk(2)];
    let mut log = Vec::new();
    exchange(&mut desks, &mut log);
    (desks, log)
}

const BRIEF: &str = "We repair bikes. Customers book a repair online. Each repair has a status and a price. A customer has a name, a phone and several bikes.";

#[test]
fn a_brief_becomes_requirements_and_a_model_with_their_sentences() {
    let mut desk = owner(1);
    let set = desk.run(|ctx| ops::propose(ctx, &Propose { project: project(), text: BRIEF.into() })).unwrap();
    assert!(set.items.iter().any(|item| item.kind == ItemKind::Entity && item.title == "Customer"), "{set:?}");
    let again = desk.run(|ctx| ops::propose(ctx, &Propose { project: project(), text: BRIEF.into() })).unwrap();
    assert_eq!(set, again);
    let utf16: Vec<u16> = BRIEF.encode_utf16().collect();
    for item in &set.items {
        assert_eq!(String::from_utf16(&utf16[item.start as usize..item.end as usize]).unwrap(), item.sentence);
    }
    let items = set.items.iter().map(|item| item.id.clone()).collect();
    desk.run(|ctx| ops::accept(ctx, &Accept { project: project(), title: "First talk".into(), text: BRIEF.into(), items })).unwrap();
    let requirements = list(&mut desk);
    assert!(requirements.iter().all(|requirement| requirement.source.is_some()));
    assert!(requirements.iter().any(|requirement| requirement.entities.iter().any(|entity| entity.name == "Customer")));
    let drawn = model(&mut desk);
    let customer = drawn.entities.iter().find(|entity| entity.name == "Customer").unwrap();
    assert!(customer.attributes.iter().any(|attribute| attribute.kind == AttributeType::Phone));
    assert!(!drawn.relations.is_empty());
    check(&mut desk);
    let rest = desk.run(|ctx| ops::propose(ctx, &Propose { project: project(), text: BRIEF.into() })).unwrap();
    assert!(rest.items.is_empty(), "what is there is not proposed twice: {:?}", rest.items);
    let why = desk.run(|ctx| ops::why(ctx, &ElementRef { project: project(), id: customer.id.clone() })).unwrap();
    assert!(why.steps.iter().any(|step| step.detail == "First talk"), "{why:?}");
    let full = digest(&mut desk);
    undo(&mut desk);
    assert!(list(&mut desk).is_empty() && model(&mut desk).entities.is_empty());
    check(&mut desk);
    redo(&mut desk);
    assert_eq!(digest(&mut desk), full);
}

#[test]
fn a_part_of_a_proposal_brings_what_it_needs_and_nothing_else() {
    let mut desk = owner(1);
    let set = desk.run(|ctx| ops::propose(ctx, &Propose { project: project(), text: BRIEF.into() })).unwrap();
    let relation = set.items.iter().find(|item| item.kind == ItemKind::Relation).unwrap();
    desk.run(|ctx| ops::accept(ctx, &Accept { project: project(), title: String::new(), text: BRIEF.into(), items: vec![relation.id.clone()] })).unwrap();
    let model = model(&mut desk);
    assert_eq!((model.entities.len(), model.relations.len(), list(&mut desk).len()), (relation.needs.len(), 1, 0));
    let error = desk.run(|ctx| ops::accept(ctx, &Accept { project: project(), title: String::new(), text: BRIEF.into(), items: vec!["itm_unknown".into()] })).unwrap_err();
    assert_eq!(error.code, Code::Conflict);
}

#[test]
fn what_a_text_says_otherwise_of_what_is_there_is_proposed_as_a_change() {
    let mut desk = owner(1);
    let propose = |desk: &mut Desk| desk.run(|ctx| ops::propose(ctx, &Propose { project: project(), text: BRIEF.into() })).unwrap();
    let accept = |desk: &mut Desk, items: &[ChangeItem]| {
        let items = items.iter().map(|item| item.id.clone()).collect();
        desk.run(|ctx| ops::accept(ctx, &Accept { project: project(), title: "Talk".into(), text: BRIEF.into(), items })).unwrap();
    };
    let first = propose(&mut desk).items;
    accept(&mut desk, &first);
    let before = model(&mut desk);
    for relation in &before.relations {
        // Turned round, so that the direction is heeded too.
        desk.run(|ctx| ops::remove_relation(ctx, &ElementRef { project: project(), id: relation.id.clone() })).unwrap();
        let wrong = if relation.cardinality == Cardinality::OneToOne { Cardinality::ManyToMany } else { Cardinality::OneToOne };
        desk.run(|ctx| ops::add_relation(ctx, &AddRelation { project: project(), from: relation.to.clone(), to: relation.from.clone(), cardinality: wrong, label: None })).unwrap();
    }
    let customer = before.entities.iter().find(|entity| entity.name == "Customer").unwrap();
    desk.run(|ctx| ops::set_entity(ctx, &Quiet, &SetEntity { project: project(), id: customer.id.clone(), name: None, label: Some("patron".into()), note: None })).unwrap();
    let changes = propose(&mut desk).items;
    assert!(changes.iter().all(|item| item.action == ItemAction::Change && item.before.is_some()), "{changes:?}");
    let (relations, labels): (Vec<_>, Vec<_>) = changes.iter().partition(|item| item.kind == ItemKind::Relation);
    assert_eq!(relations.len(), before.relations.len(), "{changes:?}");
    assert_eq!(labels.iter().map(|item| (item.title.as_str(), item.before.as_deref())).collect::<Vec<_>>(), [("Customer", Some("patron"))]);
    accept(&mut desk, &changes);
    let after = model(&mut desk);
    for (then, now) in before.relations.iter().zip(&after.relations) {
        assert_eq!((&now.to, &now.from, now.cardinality.reversed()), (&then.from, &then.to, then.cardinality));
    }
    assert_eq!(after.entities.iter().find(|entity| entity.id == customer.id).unwrap().label, customer.label);
    assert!(propose(&mut desk).items.is_empty(), "what was accepted is not proposed again");
    check(&mut desk);
    undo(&mut desk);
    assert_eq!(propose(&mut desk).items, changes);
    check(&mut desk);
}

#[test]
fn texts_that_cannot_be_read_are_refused_in_words() {
    let mut desk = owner(1);
    for (text, code) in [("", Code::Invalid), (" \n ", Code::Invalid), ("a\0b", Code::Invalid), (&"x ".repeat(600_000), Code::TooLarge)] {
        let error = desk.run(|ctx| ops::propose(ctx, &Propose { project: project(), text: text.to_owned() })).unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (code, Some("text")));
    }
}

#[test]
fn requirements_keep_their_keys_and_move() {
    let mut desk = owner(1);
    let ids: Vec<Requirement> = ["a", "b", "c"].iter().map(|text| add(&mut desk, text)).collect();
    desk.run(|ctx| ops::move_requirement(ctx, &MoveElement { project: project(), id: ids[2].id.clone(), after: None })).unwrap();
    assert_eq!(list(&mut desk).iter().map(|it| (it.key.as_str(), it.text.as_str())).collect::<Vec<_>>(), [("R-3", "c"), ("R-1", "a"), ("R-2", "b")]);
    desk.run(|ctx| ops::add_requirement(ctx, &Quiet, &AddRequirement { project: project(), text: "d".into(), after: Some(ids[0].id.clone()) })).unwrap();
    assert_eq!(texts(&mut desk), ["c", "a", "d", "b"]);
    check(&mut desk);
}

#[test]
fn numbers_given_apart_are_told_apart_the_same_way_everywhere() {
    let (mut desks, mut log) = pair();
    add(&mut desks[0], "by ada");
    add(&mut desks[1], "by ben");
    exchange(&mut desks, &mut log);
    let keys = |desk: &mut Desk| list(desk).into_iter().map(|it| (it.key, it.text)).collect::<BTreeMap<_, _>>();
    assert_eq!(keys(&mut desks[0]), keys(&mut desks[1]));
    let given: Vec<String> = keys(&mut desks[0]).into_keys().collect();
    assert!(given.len() == 2 && given[0] == "R-1" && given[1].len() == 6 && given[1].starts_with("R-1"), "{given:?}");
    desks.iter_mut().for_each(check);
}

fn remove(desk: &mut Desk, id: &str) {
    desk.run(|ctx| ops::remove_requirement(ctx, &ElementRef { project: project(), id: id.into() })).unwrap();
}

fn key_of(desk: &mut Desk, id: &str) -> Option<String> {
    list(desk).into_iter().find(|requirement| requirement.id == id).map(|requirement| requirement.key)
}

#[test]
fn a_number_that_was_given_is_given_to_no_other_requirement() {
    let (mut desks, mut log) = pair();
    add(&mut desks[0], "a");
    let removed = add(&mut desks[0], "b").id;
    remove(&mut desks[0], &removed);
    exchange(&mut desks, &mut log);
    assert_eq!(add(&mut desks[1], "c").key, "R-3", "the other device knows it too");
    let taken_back = add(&mut desks[0], "d");
    undo(&mut desks[0]);
    assert_eq!(key_of(&mut desks[0], &taken_back.id), None);
    redo(&mut desks[0]);
    assert_eq!(key_of(&mut desks[0], &taken_back.id), Some("R-3".into()));
    undo(&mut desks[0]);
    assert_eq!(add(&mut desks[0], "e").key, "R-4");
    undo(&mut desks[0]);
    undo(&mut desks[0]);
    assert_eq!(key_of(&mut desks[0], &removed), Some("R-2".into()), "its removal was taken back");
    exchange(&mut desks, &mut log);
    assert_eq!(digest(&mut desks[0]), digest(&mut desks[1]));
    desks.iter_mut().for_each(check);
}

#[test]
fn a_key_that_was_told_apart_stays_when_the_other_goes_and_comes_back() {
    let (mut desks, mut log) = pair();
    let ids = [add(&mut desks[0], "by ada").id, add(&mut desks[1], "by ben").id];
    exchange(&mut desks, &mut log);
    let keys = ids.each_ref().map(|id| key_of(&mut desks[0], id));
    for (at, other) in [(0, 1), (1, 0)] {
        remove(&mut desks[0], &ids[at]);
        exchange(&mut desks, &mut log);
        assert!(desks.iter_mut().all(|desk| key_of(desk, &ids[other]) == keys[other]));
        undo(&mut desks[0]);
        exchange(&mut desks, &mut log);
        assert!(desks.iter_mut().all(|desk| ids.each_ref().map(|id| key_of(desk, id)) == keys));
        desks.iter_mut().for_each(check);
    }
}

#[test]
fn three_requirements_of_one_number_have_three_keys() {
    let mut desks = vec![owner(1), desk(2), desk(3)];
    let mut log = Vec::new();
    exchange(&mut desks, &mut log);
    for desk in &mut desks {
        add(desk, "at the same time");
    }
    exchange(&mut desks, &mut log);
    let keys = |desk: &mut Desk| list(desk).into_iter().map(|it| it.key).collect::<BTreeSet<_>>();
    assert_eq!(keys(&mut desks[0]).len(), 3);
    assert!(keys(&mut desks[0]) == keys(&mut desks[1]) && keys(&mut desks[1]) == keys(&mut desks[2]));
    assert_eq!(add(&mut desks[2], "next").key, "R-2");
    desks.iter_mut().for_each(check);
}

/// Changes a document as another program might.
fn written_by_a_stranger(desk: &mut Desk, edit: impl FnOnce(&mut automerge::transaction::Transaction<'_>) -> Result<()>) {
    let doc = doc_of(project());
    desk.run(|ctx| {
        ctx.change(&Edit { doc: &doc, label: "hostile".into(), element: None, at: None }, edit)?;
        ops::rebuild(ctx, &doc)
    })
    .unwrap();
}

#[test]
fn numbers_that_a_stranger_wrote_never_stop_numbering() {
    for hostile in [i64::MIN, -1, 0, 999_998, 999_999, 1_000_000, 999_999_999, i64::MAX] {
        let mut desk = owner(1);
        let first = add(&mut desk, "first").id;
        written_by_a_stranger(&mut desk, |transaction| {
            let parent = crate::doc::container(transaction, "requirements")?;
            let object = transaction.put_object(&parent, "req_hostile", ObjType::Map)?;
            transaction.put(&object, "number", hostile)?;
            transaction.put(&parent, "req_other|number", automerge::ScalarValue::counter(hostile))?;
            Ok(transaction.put(&parent, format!("{first}|number"), automerge::ScalarValue::counter(hostile))?)
        });
        let keys: BTreeSet<String> = (0..3).map(|_| add(&mut desk, "goes on").key).collect();
        assert!(keys.len() == 3 && !keys.contains("R-0"), "{hostile}: {keys:?}");
        let set = desk.run(|ctx| ops::propose(ctx, &Propose { project: project(), text: BRIEF.into() })).unwrap();
        let items = set.items.iter().map(|item| item.id.clone()).collect();
        desk.run(|ctx| ops::accept(ctx, &Accept { project: project(), title: String::new(), text: BRIEF.into(), items })).unwrap();
        let keys: Vec<String> = list(&mut desk).into_iter().map(|it| it.key).filter(|key| key != "R-0").collect();
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{hostile}: {keys:?}");
        check(&mut desk);
    }
}

#[test]
fn documents_of_before_numbers_were_kept_go_on_from_what_they_have() {
    let mut desk = owner(1);
    written_by_a_stranger(&mut desk, |transaction| {
        let parent = crate::doc::container(transaction, "requirements")?;
        let object = transaction.put_object(&parent, "req_old", ObjType::Map)?;
        Ok(transaction.put(&object, "number", 7)?)
    });
    assert_eq!(key_of(&mut desk, "req_old"), Some("R-7".into()));
    remove(&mut desk, "req_old");
    assert_eq!(add(&mut desk, "next").key, "R-8", "its removal keeps its number");
    check(&mut desk);
}

#[test]
fn tables_follow_a_member_who_replaces_or_deletes_a_container() {
    for container in crate::doc::CONTAINERS {
        for replace in 0..4 {
            let (mut desks, mut log) = pair();
            let set = desks[0].run(|ctx| ops::propose(ctx, &Propose { project: project(), text: BRIEF.into() })).unwrap();
            let items = set.items.iter().map(|item| item.id.clone()).collect();
            desks[0].run(|ctx| ops::accept(ctx, &Accept { project: project(), title: String::new(), text: BRIEF.into(), items })).unwrap();
            exchange(&mut desks, &mut log);
            written_by_a_stranger(&mut desks[1], |transaction| {
                match replace {
                    0 => transaction.delete(ROOT, container)?,
                    1 => transaction.put(ROOT, container, "gone")?,
                    2 => drop(transaction.put_object(ROOT, container, ObjType::List)?),
                    _ => {
                        let object = transaction.put_object(ROOT, container, ObjType::Map)?;
                        transaction.put_object(&object, "req_new", ObjType::Map)?;
                    }
                }
                Ok(())
            });
            exchange(&mut desks, &mut log);
            assert_eq!(digest(&mut desks[0]), digest(&mut desks[1]), "{container} {replace}");
            desks.iter_mut().for_each(check);
        }
    }
}

#[test]
fn two_people_type_into_one_text_and_both_keep_their_words() {
    let (mut desks, mut log) = pair();
    let id = add(&mut desks[0], "Customers book a repair.").id;
    exchange(&mut desks, &mut log);
    let (ada, ben) = (read(&mut desks[0], &id), read(&mut desks[1], &id));
    typed(&mut desks[0], &id, ada.heads, 0, 0, "All ").unwrap();
    let shown = typed(&mut desks[1], &id, ben.heads, 23, 0, " online").unwrap();
    exchange(&mut desks, &mut log);
    assert_eq!(texts(&mut desks[0]), ["All Customers book a repair online."]);
    let caught_up = desks[1].run(|ctx| ops::text(ctx, &ReadText { project: project(), id: id.clone(), since: Some(shown.heads) })).unwrap();
    assert_eq!(caught_up.splices, [Splice { at: 0, remove: 0, insert: "All ".into() }]);
    desks.iter_mut().for_each(check);
}

#[test]
fn an_edit_at_old_heads_lands_where_it_was_meant() {
    let mut desk = owner(1);
    let id = add(&mut desk, "one two").id;
    let old = read(&mut desk, &id).heads;
    typed(&mut desk, &id, old.clone(), 0, 0, "zero ").unwrap();
    let state = typed(&mut desk, &id, old, 7, 0, " three").unwrap();
    assert_eq!(state.text, "zero one two three");
    assert_eq!(state.splices, [Splice { at: 0, remove: 0, insert: "zero ".into() }]);
    check(&mut desk);
}

#[test]
fn edits_outside_the_text_or_through_a_character_are_refused() {
    let mut desk = owner(1);
    let id = add(&mut desk, "a😀b").id;
    let heads = read(&mut desk, &id).heads;
    for (at, remove, insert) in [(9, 0, "x"), (0, 9, ""), (2, 0, "x"), (1, 1, ""), (0, 0, "x".repeat(20_001).as_str())] {
        assert_eq!(typed(&mut desk, &id, heads.clone(), at, remove, insert).unwrap_err().code, Code::Invalid, "{at} {remove}");
    }
    assert_eq!(typed(&mut desk, &id, vec!["00".into()], 0, 0, "x").unwrap_err().code, Code::Conflict);
    assert_eq!(typed(&mut desk, &id, heads, 1, 2, "!").unwrap().text, "a!b");
}

/// Does to a text what a screen does.
fn spliced(text: &str, splices: &[Splice]) -> String {
    let mut units: Vec<u16> = text.encode_utf16().collect();
    for splice in splices {
        units.splice(splice.at as usize..(splice.at + splice.remove) as usize, splice.insert.encode_utf16());
    }
    String::from_utf16(&units).unwrap()
}

#[test]
fn a_text_that_a_merge_made_too_long_is_shown_in_part_and_can_be_shortened() {
    let (mut desks, mut log) = pair();
    let id = add(&mut desks[0], "").id;
    exchange(&mut desks, &mut log);
    let heads = read(&mut desks[0], &id).heads;
    for (desk, part) in desks.iter_mut().zip(["a😀".repeat(6_000), "b".repeat(18_000)]) {
        typed(desk, &id, heads.clone(), 0, 0, &part).unwrap();
    }
    exchange(&mut desks, &mut log);
    let desk = &mut desks[0];
    let mut state = read(desk, &id);
    assert!(texts(desk) == [state.text.clone()], "the list shows as much as the field");
    let units = |text: &str| text.encode_utf16().count();
    assert!((19_999..=20_000).contains(&units(&state.text)));
    assert_eq!(typed(desk, &id, state.heads.clone(), 0, 0, "x").unwrap_err().code, Code::Invalid);
    typed(desk, &id, state.heads.clone(), 0, 1, "x").unwrap();
    state = read(desk, &id);
    for _ in 0..9 {
        let own = spliced(&state.text, &[Splice { at: 3, remove: 3_000, insert: String::new() }]);
        let Ok(next) = typed(desk, &id, state.heads.clone(), 3, 3_000, "") else {
            // Not through a character.
            state = typed(desk, &id, state.heads, 3, 2_999, "").unwrap();
            continue;
        };
        assert!(spliced(&own, &next.splices) == next.text, "the splices lead from what the screen shows");
        assert!(texts(desk) == [next.text.clone()]);
        state = next;
    }
    assert!(units(&state.text) < 12_000 && state.splices.is_empty(), "{}", units(&state.text));
    typed(desk, &id, state.heads, 0, 0, "and goes on ").unwrap();
    desks.iter_mut().for_each(check);
}

#[test]
fn the_model_is_edited_and_every_step_undone_and_redone() {
    let mut desk = owner(1);
    let mut states = vec![digest(&mut desk)];
    let customer = entity(&mut desk, "Customer").id;
    states.push(digest(&mut desk));
    let order = entity(&mut desk, "Order").id;
    states.push(digest(&mut desk));
    desk.run(|ctx| ops::add_relation(ctx, &AddRelation { project: project(), from: customer.clone(), to: order.clone(), cardinality: Cardinality::OneToMany, label: None })).unwrap();
    states.push(digest(&mut desk));
    let attribute = desk.run(|ctx| ops::add_attribute(ctx, &AddAttribute { project: project(), entity: order.clone(), name: "status".into(), kind: AttributeType::Enum })).unwrap();
    states.push(digest(&mut desk));
    desk.run(|ctx| {
        ops::set_attribute(
            ctx,
            &SetAttribute { project: project(), entity: order.clone(), id: attribute.id.clone(), name: None, kind: None, values: Some(vec!["new".into(), " paid ".into(), "new".into()]), required: Some(true), unique: None },
        )
    })
    .unwrap();
    assert_eq!(model(&mut desk).entities[1].attributes[0].values, ["new", "paid"]);
    states.push(digest(&mut desk));
    let requirement = add(&mut desk, "Customers place orders.").id;
    states.push(digest(&mut desk));
    desk.run(|ctx| ops::link(ctx, &LinkElements { project: project(), requirement, entity: customer.clone(), linked: true })).unwrap();
    states.push(digest(&mut desk));
    desk.run(|ctx| ops::place_entities(ctx, &PlaceEntities { project: project(), places: vec![Place { id: customer.clone(), x: 10.0, y: -4.5 }] })).unwrap();
    states.push(digest(&mut desk));
    desk.run(|ctx| ops::set_entity(ctx, &Quiet, &SetEntity { project: project(), id: customer.clone(), name: Some("Client".into()), label: None, note: Some("who pays".into()) })).unwrap();
    states.push(digest(&mut desk));
    desk.run(|ctx| ops::remove_entity(ctx, &ElementRef { project: project(), id: customer })).unwrap();
    states.push(digest(&mut desk));
    assert!(model(&mut desk).relations.is_empty());
    check(&mut desk);
    for at in (0..states.len() - 1).rev() {
        assert!(undo(&mut desk).did.is_some());
        assert_eq!(digest(&mut desk), states[at], "undo to step {at}");
    }
    assert_eq!(undo(&mut desk), Undone { did: None, can_undo: false, can_redo: true });
    for (at, state) in states.iter().enumerate().skip(1) {
        assert!(redo(&mut desk).did.is_some());
        assert_eq!(digest(&mut desk), *state, "redo to step {at}");
    }
    check(&mut desk);
}

#[test]
fn undo_leaves_what_someone_else_changed_meanwhile() {
    let (mut desks, mut log) = pair();
    let order = entity(&mut desks[0], "Order").id;
    exchange(&mut desks, &mut log);
    desks[0].run(|ctx| ops::set_entity(ctx, &Quiet, &SetEntity { project: project(), id: order.clone(), name: Some("Purchase".into()), label: None, note: None })).unwrap();
    exchange(&mut desks, &mut log);
    desks[1].run(|ctx| ops::set_entity(ctx, &Quiet, &SetEntity { project: project(), id: order.clone(), name: Some("Sale".into()), label: None, note: None })).unwrap();
    exchange(&mut desks, &mut log);
    undo(&mut desks[0]);
    undo(&mut desks[0]);
    exchange(&mut desks, &mut log);
    assert_eq!(model(&mut desks[0]).entities[0].name, "Sale");
    assert_eq!(digest(&mut desks[0]), digest(&mut desks[1]));
}

#[test]
fn undoing_what_was_typed_leaves_the_other_persons_words() {
    let (mut desks, mut log) = pair();
    let id = add(&mut desks[0], "repair").id;
    exchange(&mut desks, &mut log);
    let heads = read(&mut desks[0], &id).heads;
    typed(&mut desks[0], &id, heads, 6, 0, " a bike").unwrap();
    exchange(&mut desks, &mut log);
    let heads = read(&mut desks[1], &id).heads;
    typed(&mut desks[1], &id, heads, 0, 0, "please ").unwrap();
    exchange(&mut desks, &mut log);
    undo(&mut desks[0]);
    exchange(&mut desks, &mut log);
    assert_eq!((texts(&mut desks[0]), texts(&mut desks[1])), (vec!["please repair".to_owned()], vec!["please repair".to_owned()]));
    redo(&mut desks[0]);
    assert_eq!(texts(&mut desks[0]), ["please repair a bike"]);
    desks.iter_mut().for_each(check);
}

#[test]
fn quick_typing_is_one_step() {
    let mut desk = owner(1);
    let id = add(&mut desk, "").id;
    for (at, letter) in ["b", "i", "k", "e"].iter().enumerate() {
        let heads = read(&mut desk, &id).heads;
        desk.now = desk.now.plus_millis(-1_900);
        typed(&mut desk, &id, heads, u32::try_from(at).unwrap(), 0, letter).unwrap();
    }
    undo(&mut desk);
    assert_eq!(texts(&mut desk), [""]);
    redo(&mut desk);
    assert_eq!(texts(&mut desk), ["bike"]);
    check(&mut desk);
}

#[test]
fn names_are_given_once_but_a_merge_that_gives_one_twice_shows_both() {
    let (mut desks, mut log) = pair();
    entity(&mut desks[0], "Order");
    let error = desks[0].run(|ctx| ops::add_entity(ctx, &Quiet, &AddEntity { project: project(), name: "order".into(), x: None, y: None })).unwrap_err();
    assert_eq!((error.code, error.field.as_deref()), (Code::Conflict, Some("name")));
    entity(&mut desks[1], "Order");
    exchange(&mut desks, &mut log);
    assert_eq!(model(&mut desks[0]).entities.len(), 2);
}

#[test]
fn a_viewer_reads_and_cannot_write() {
    let mut desk = owner(1);
    let requirement = add(&mut desk, "a");
    desk.run(|ctx| {
        let mut known = space::get(ctx.sql, project().space())?;
        known.role = Role::Commenter;
        space::save(ctx.sql, &known)
    })
    .unwrap();
    let before = digest(&mut desk);
    assert_eq!(list(&mut desk).len(), 1);
    assert_eq!(desk.run(|ctx| ops::remove_requirement(ctx, &ElementRef { project: project(), id: requirement.id })).unwrap_err().code, Code::Forbidden);
    assert_eq!(desk.run(|ctx| ops::undo(ctx, project())).unwrap_err().code, Code::Forbidden);
    assert_eq!(digest(&mut desk), before);
}

#[test]
fn anything_typed_into_the_search_is_words() {
    let mut desk = owner(1);
    add(&mut desk, "Customers pay by card");
    entity(&mut desk, "Customer");
    for (query, found) in [("cust", 2), ("CARD", 1), ("R-1", 1), ("1", 1), ("\"", 0), ("NEAR(a b", 0), ("-*", 0), ("a OR b", 0), ("", 0)] {
        assert_eq!(desk.run(|ctx| ops::search(ctx, &SearchQuery { project: project(), query: query.into() })).unwrap().len(), found, "{query}");
    }
}

#[test]
fn a_key_is_found_with_its_letters_and_without() {
    let (mut desks, mut log) = pair();
    let ids = [add(&mut desks[0], "by ada").id, add(&mut desks[1], "by ben").id];
    add(&mut desks[0], "another");
    exchange(&mut desks, &mut log);
    let told_apart = ids.iter().filter_map(|id| key_of(&mut desks[0], id)).max().unwrap();
    for (query, found) in [("R-1", 2), ("r1", 2), ("1", 2), (told_apart.as_str(), 1), (&told_apart.to_uppercase(), 1), ("R-2", 1), ("R-9", 0), ("r", 0), ("R-1x", 0), ("99999999999999999999999", 0)] {
        assert_eq!(desks[0].run(|ctx| ops::search(ctx, &SearchQuery { project: project(), query: query.into() })).unwrap().len(), found, "{query}");
    }
}

#[test]
fn an_element_waits_until_the_server_has_it_and_reading_changes_nothing() {
    let (mut desks, mut log) = pair();
    let space = project().space();
    for desk in &mut desks {
        desk.run(|ctx| {
            let mut known = space::get(ctx.sql, space)?;
            known.server = Some("https://example.org".into());
            space::save(ctx.sql, &known)
        })
        .unwrap();
    }
    let notes = |desk: &mut Desk| desk.run(|ctx| ctx.sql.query("select element from blueprint_touch", &[])).unwrap().len();
    assert!(add(&mut desks[0], "waits").pending && entity(&mut desks[0], "Order").pending);
    assert!(list(&mut desks[0])[0].pending && model(&mut desks[0]).entities[0].pending);
    exchange(&mut desks, &mut log);
    let noted = notes(&mut desks[0]);
    assert!(!list(&mut desks[0])[0].pending && !model(&mut desks[0]).entities[0].pending);
    assert_eq!((noted, notes(&mut desks[0])), (2, 2), "a read leaves the store alone");
    add(&mut desks[1], "from elsewhere");
    exchange(&mut desks, &mut log);
    assert_eq!(notes(&mut desks[0]), 0);
}

#[test]
fn the_history_of_an_element_is_its_own() {
    let mut desk = owner(1);
    let first = add(&mut desk, "first").id;
    add(&mut desk, "second");
    desk.run(|ctx| ops::set_requirement(ctx, &Quiet, &SetRequirement { project: project(), id: first.clone(), kind: None, priority: Some(Priority::Must), state: None })).unwrap();
    let all = desk.run(|ctx| ops::history(ctx, &HistoryQuery { project: project(), id: None })).unwrap();
    let own = desk.run(|ctx| ops::history(ctx, &HistoryQuery { project: project(), id: Some(first) })).unwrap();
    assert_eq!((all.len(), own.iter().map(|change| change.message.as_str()).collect::<Vec<_>>()), (3, vec!["R-1: must", "Added \"first\""]));
    assert!(own.iter().all(|change| change.mine && change.author == "You" && !change.pending));
}

#[test]
fn a_document_that_a_stranger_wrote_is_read_as_far_as_it_makes_sense() {
    let mut desk = owner(1);
    let doc = doc_of(project());
    desk.run(|ctx| {
        ctx.change(&Edit { doc: &doc, label: "hostile".into(), element: None, at: None }, |transaction| {
            let requirements = crate::doc::container(transaction, "requirements")?;
            transaction.put(&requirements, "req_scalar", 7)?;
            let broken = transaction.put_object(&requirements, "req_broken", ObjType::Map)?;
            transaction.put(&broken, "number", -5)?;
            transaction.put(&broken, "text", 3.5)?;
            transaction.put(&broken, "kind", "from the future")?;
            transaction.put(&broken, "place", "zzz\u{0}")?;
            let odd = transaction.put_object(&requirements, "'; drop table blueprint_requirement; --", ObjType::Map)?;
            transaction.put(&odd, "number", 1)?;
            let entities = crate::doc::container(transaction, "entities")?;
            let entity = transaction.put_object(&entities, "ent_x", ObjType::Map)?;
            transaction.put(&entity, "name", "n".repeat(100_000))?;
            transaction.put(&entity, "x", f64::NAN)?;
            transaction.put(&entity, "attributes", "none")?;
            transaction.put_object(ROOT, "unheard_of", ObjType::List)?;
            Ok(())
        })
        .map(|_| ())
    })
    .unwrap();
    desk.run(|ctx| ops::rebuild(ctx, &doc)).unwrap();
    assert_eq!(list(&mut desk).iter().map(|it| (it.id.as_str(), it.key.as_str())).collect::<Vec<_>>(), [("req_broken", "R-0")]);
    assert_eq!(model(&mut desk).entities[0].name.len(), 120);
    add(&mut desk, "goes on");
    check(&mut desk);
}

/// A store that notes every statement before it runs it.
struct Noting<'s> {
    sql: &'s mut dyn Sql,
    statements: Vec<(String, Vec<Value>)>,
}

impl Sql for Noting<'_> {
    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64> {
        self.statements.push((sql.into(), parameters.into()));
        self.sql.execute(sql, parameters)
    }
    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>> {
        self.statements.push((sql.into(), parameters.into()));
        self.sql.query(sql, parameters)
    }
    fn script(&mut self, sql: &str) -> Result<()> {
        self.sql.script(sql)
    }
}

/// Uses every function of the store once; answers the names of those that were used.
fn use_all(sql: &mut dyn Sql, doc: &str, id: &str) -> Result<Vec<&'static str>> {
    let mut used = Vec::new();
    macro_rules! all {
        ($($name:ident($($argument:expr),*);)*) => { $(store::$name(sql, doc $(, $argument)*)?; used.push(stringify!($name));)* };
    }
    let origin = crate::doc::Origin::default();
    let requirement = crate::doc::Requirement { number: 1, text: "t".into(), kind: RequirementKind::Quality, priority: Priority::Must, state: RequirementState::Draft, place: "1".into(), origin: origin.clone() };
    let attribute = crate::doc::Attribute { name: "a".into(), label: String::new(), kind: AttributeType::Date, values: Vec::new(), required: false, unique: false, place: "1".into(), origin: origin.clone() };
    let entity = crate::doc::Entity { name: "n".into(), label: String::new(), note: String::new(), at: None, attributes: vec![("att".into(), attribute)], origin: origin.clone() };
    let relation = crate::doc::Relation { from: id.into(), to: id.into(), cardinality: Cardinality::OneToOne, label: String::new(), origin };
    let brief = crate::doc::Brief { title: "b".into(), text: "b".into(), at: 1, author: "a".into() };
    let hash = automerge::ChangeHash([1; 32]);
    let moment = store::MomentRow { hash, actor: vec![1; 16], at: 1, effective: 1, depth: 1, deps: vec![hash], message: "m".into(), elements: id.into() };
    all! {
        draw_requirement("req_a", Some(&requirement), Some(1));
        draw_requirement("req_b", Some(&requirement), Some(1));
        draw_requirement("req_b", Some(&requirement), Some(2));
        draw_requirement("req_b", Some(&requirement), None);
        draw_requirement("req_b", None, None);
        draw_entity(id, Some(&entity));
        draw_relation("rel", Some(&relation));
        draw_link("req_a|ent", true);
        draw_link("req_a|ent", false);
        draw_brief("brf", Some(&brief));
        requirements(); requirement("req_a"); numbered(1); last_place(); free_numbers(1); free_numbers(10_000_000);
        gap(None, "req_b"); gap(Some("req_a"), "req_b"); before("5", "req_b");
        draw_conflicts(id, &[crate::rules::conflicts::read(id.into(), String::new(), "name").expect("a place")]); conflicts();
        entities(); entity(id); attributes(None); attributes(Some(id)); entity_of("att"); relations(); relation("rel");
        entities_by_requirement(); entities_of("req_a"); requirements_by_entity(); requirements_of(id); links_of(id);
        briefs(); brief("brf"); counts(); touch(id, &[1; 32]); pending(); is_pending(id); settle(); search("\"t\"*", 50); rows();
        keys(); moments_read(); set_moments_read(&[hash]); moment_order(&hash); add_moment(&moment); moments();
        draw_entity(id, None); draw_relation("rel", None); draw_brief("brf", None); erase();
    }
    Ok(used)
}

#[test]
fn every_statement_of_the_store_uses_an_index() {
    let mut desk = owner(1);
    add(&mut desk, "a");
    let (used, statements) = desk
        .run(|ctx| {
            let mut noting = Noting { sql: ctx.sql, statements: Vec::new() };
            let used = use_all(&mut noting, &doc_of(project()), "ent_a")?;
            let mut statements = noting.statements;
            // The history and the outbox grow with every change.
            statements.push(("select 1 from kernel_entry where subject = 'd' and n > 3 order by n".into(), Vec::new()));
            statements.push(("select 1 from kernel_entry where space = 's' and seq is null and refused_code is null and n > 0 order by n".into(), Vec::new()));
            Ok((used, statements))
        })
        .unwrap();
    let public = include_str!("store.rs").lines().filter_map(|line| line.strip_prefix("pub(crate) fn ")?.split('(').next()).collect::<BTreeSet<_>>();
    assert_eq!(used.into_iter().collect::<BTreeSet<_>>(), public, "every function is used here");
    assert!(statements.len() > 60);
    for (statement, parameters) in statements {
        let plan = desk.run(|ctx| ctx.sql.query(&format!("explain query plan {statement}"), &parameters)).unwrap();
        for mut row in plan {
            let step: String = row.take(3).unwrap();
            // A match reads the search index, and a row of constants is no table.
            let fine = !step.starts_with("SCAN") || step == "SCAN CONSTANT ROW" || step.contains("VIRTUAL TABLE INDEX") || step.contains("COMPOUND");
            assert!(fine, "{statement}: {step}");
        }
    }
}

#[test]
fn thousands_of_requirements_are_accepted_in_one_change_and_found() {
    let mut desk = owner(1);
    let text: String = (0..3_000).map(|n| format!("- The system keeps report number {n} for every branch.\n")).collect();
    let set = desk.run(|ctx| ops::propose(ctx, &Propose { project: project(), text: text.clone() })).unwrap();
    let items = set.items.iter().map(|item| item.id.clone()).collect();
    desk.run(|ctx| ops::accept(ctx, &Accept { project: project(), title: "Long".into(), text, items })).unwrap();
    assert_eq!(list(&mut desk).len(), 3_000);
    let hits = desk.run(|ctx| ops::search(ctx, &SearchQuery { project: project(), query: "2718".into() })).unwrap();
    assert_eq!(hits.len(), 2, "by its number and by its words");
    check(&mut desk);
}

#[test]
fn five_thousand_requirements_are_typed_into_moved_and_undone() {
    let mut desk = owner(1);
    let mut place = None;
    written_by_a_stranger(&mut desk, |transaction| {
        for n in 1..=5_000_u64 {
            let next = crate::rules::place::after(place.as_deref());
            let requirement = crate::doc::Requirement { number: n, text: format!("Report {n} is kept."), kind: RequirementKind::Functional, priority: Priority::Should, state: RequirementState::Draft, place: next.clone(), origin: crate::doc::Origin::default() };
            crate::doc::add_requirement(transaction, &format!("req_{n:026}"), &requirement)?;
            place = Some(next);
        }
        Ok(())
    });
    let id = format!("req_{:026}", 2_500);
    let mut state = read(&mut desk, &id);
    for (at, letter) in "Yearly: ".chars().enumerate() {
        state = typed(&mut desk, &id, state.heads, u32::try_from(at).unwrap(), 0, &letter.to_string()).unwrap();
    }
    assert_eq!(state.text, "Yearly: Report 2500 is kept.");
    let added = desk.run(|ctx| ops::add_requirement(ctx, &Quiet, &AddRequirement { project: project(), text: "new".into(), after: Some(id.clone()) })).unwrap();
    assert_eq!(added.key, "R-5001");
    let listed = list(&mut desk);
    assert_eq!((listed.len(), listed[2_500].id.as_str()), (5_001, added.id.as_str()));
    undo(&mut desk);
    undo(&mut desk);
    assert!(read(&mut desk, &id).text.ends_with("Report 2500 is kept.") && list(&mut desk).len() == 5_000);
    check(&mut desk);
}

#[derive(Clone, Debug)]
enum Act {
    Add(String),
    Type { which: prop::sample::Index, at: prop::sample::Index, remove: bool, insert: String },
    Move { which: prop::sample::Index, to: prop::sample::Index },
    Remove(prop::sample::Index),
    Entity(u8),
    Attribute { which: prop::sample::Index, name: u8 },
    Rename { which: prop::sample::Index, name: u8 },
    RemoveEntity(prop::sample::Index),
    Link { requirement: prop::sample::Index, entity: prop::sample::Index },
    Undo,
    Redo,
    Exchange,
}

fn acts() -> impl Strategy<Value = Vec<(usize, Act)>> {
    use prop::sample::Index;
    let act = prop_oneof![
        3 => "[a-zа-я😀]{0,6}".prop_map(Act::Add),
        4 => (any::<Index>(), any::<Index>(), any::<bool>(), "[a-z😀]{0,3}").prop_map(|(which, at, remove, insert)| Act::Type { which, at, remove, insert }),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(which, to)| Act::Move { which, to }),
        1 => any::<Index>().prop_map(Act::Remove),
        2 => (0..6_u8).prop_map(Act::Entity),
        2 => (any::<Index>(), 0..4_u8).prop_map(|(which, name)| Act::Attribute { which, name }),
        2 => (any::<Index>(), 0..6_u8).prop_map(|(which, name)| Act::Rename { which, name }),
        1 => any::<Index>().prop_map(Act::RemoveEntity),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(requirement, entity)| Act::Link { requirement, entity }),
        3 => Just(Act::Undo),
        2 => Just(Act::Redo),
        3 => Just(Act::Exchange),
    ];
    prop::collection::vec((0..2_usize, act), 1..40)
}

fn perform(desk: &mut Desk, act: &Act) {
    let requirements = list(desk);
    let entities = model(desk).entities;
    let requirement = |which: &prop::sample::Index| (!requirements.is_empty()).then(|| which.get(&requirements).id.clone());
    let entity_at = |which: &prop::sample::Index| (!entities.is_empty()).then(|| which.get(&entities).id.clone());
    // Refusals (a name that is taken) are as good as deeds: they must change nothing.
    match act {
        Act::Add(text) => drop(add(desk, text)),
        Act::Type { which, at, remove, insert } => {
            let Some(id) = requirement(which) else { return };
            let state = read(desk, &id);
            let length = state.text.encode_utf16().count();
            let at = u32::try_from(at.index(length + 1)).unwrap();
            drop(typed(desk, &id, state.heads, at, u32::from(*remove && (at as usize) < length), insert));
        }
        Act::Move { which, to } => {
            let (Some(id), Some(to)) = (requirement(which), requirement(to)) else { return };
            desk.run(|ctx| ops::move_requirement(ctx, &MoveElement { project: project(), id, after: Some(to) })).unwrap();
        }
        Act::Remove(which) => {
            let Some(id) = requirement(which) else { return };
            desk.run(|ctx| ops::remove_requirement(ctx, &ElementRef { project: project(), id })).unwrap();
        }
        Act::Entity(name) => drop(desk.run(|ctx| ops::add_entity(ctx, &Quiet, &AddEntity { project: project(), name: format!("E{name}"), x: Some(1.0), y: Some(2.0) }))),
        Act::Attribute { which, name } => {
            let Some(entity) = entity_at(which) else { return };
            drop(desk.run(|ctx| ops::add_attribute(ctx, &AddAttribute { project: project(), entity, name: format!("a{name}"), kind: AttributeType::Money })));
        }
        Act::Rename { which, name } => {
            let Some(id) = entity_at(which) else { return };
            drop(desk.run(|ctx| ops::set_entity(ctx, &Quiet, &SetEntity { project: project(), id, name: Some(format!("E{name}")), label: Some(format!("l{name}")), note: None })));
        }
        Act::RemoveEntity(which) => {
            let Some(id) = entity_at(which) else { return };
            desk.run(|ctx| ops::remove_entity(ctx, &ElementRef { project: project(), id })).unwrap();
        }
        Act::Link { requirement: r, entity } => {
            let (Some(requirement), Some(entity)) = (requirement(r), entity_at(entity)) else { return };
            desk.run(|ctx| ops::link(ctx, &LinkElements { project: project(), requirement, entity, linked: true })).unwrap();
        }
        Act::Undo => drop(undo(desk)),
        Act::Redo => drop(redo(desk)),
        Act::Exchange => {}
    }
}

/// A few cases with every run; `PROPTEST_CASES` asks for more.
fn cases(few: u32) -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = few;
    }
    config
}

/// What one of two people does in texts: each types letters of their own, and takes out only those.
#[derive(Clone, Debug)]
enum TextAct {
    Add,
    Type { which: prop::sample::Index, at: prop::sample::Index, letters: u8, behind: bool },
    TakeOut { which: prop::sample::Index, at: prop::sample::Index },
    Undo,
    Redo,
    Exchange,
}

fn text_acts() -> impl Strategy<Value = Vec<(usize, TextAct)>> {
    use prop::sample::Index;
    let act = prop_oneof![
        1 => Just(TextAct::Add),
        6 => (any::<Index>(), any::<Index>(), 1..4_u8, any::<bool>()).prop_map(|(which, at, letters, behind)| TextAct::Type { which, at, letters, behind }),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(which, at)| TextAct::TakeOut { which, at }),
        4 => Just(TextAct::Undo),
        2 => Just(TextAct::Redo),
        3 => Just(TextAct::Exchange),
    ];
    prop::collection::vec((0..2_usize, act), 1..40)
}

/// How many letters of a person stand in all texts.
fn letters_of(desk: &mut Desk, who: usize) -> usize {
    texts(desk).concat().matches(['a', 'b'][who]).count()
}

fn perform_text(desk: &mut Desk, who: usize, act: &TextAct, seen: &mut BTreeMap<String, (Vec<String>, String)>) {
    let own = ['a', 'b'][who];
    let ids: Vec<String> = list(desk).into_iter().map(|requirement| requirement.id).collect();
    match act {
        TextAct::Add => drop(add(desk, &own.to_string())),
        TextAct::Type { which, at, letters, behind } if !ids.is_empty() => {
            let id = which.get(&ids);
            let now = read(desk, id);
            // Someone who types on does so at what their screen showed.
            let (heads, text) = if *behind { seen.get(id).cloned().unwrap_or((now.heads, now.text)) } else { (now.heads, now.text) };
            let at = u32::try_from(at.index(text.len() + 1)).unwrap();
            if let Ok(state) = typed(desk, id, heads, at, 0, &own.to_string().repeat(usize::from(*letters))) {
                seen.insert(id.clone(), (state.heads, state.text));
            }
        }
        TextAct::TakeOut { which, at } if !ids.is_empty() => {
            let id = which.get(&ids);
            let state = read(desk, id);
            let own: Vec<usize> = state.text.match_indices(own).map(|(at, _)| at).collect();
            if !own.is_empty() {
                drop(typed(desk, id, state.heads, u32::try_from(*at.get(&own)).unwrap(), 1, ""));
            }
        }
        TextAct::Undo => drop(undo(desk)),
        TextAct::Redo => drop(redo(desk)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn nothing_that_one_person_does_removes_what_the_other_typed(acts in text_acts()) {
        let (mut desks, mut log) = pair();
        let mut seen = [BTreeMap::new(), BTreeMap::new()];
        add(&mut desks[0], "a");
        exchange(&mut desks, &mut log);
        for (who, act) in &acts {
            if matches!(act, TextAct::Exchange) {
                exchange(&mut desks, &mut log);
                continue;
            }
            let others = letters_of(&mut desks[*who], 1 - *who);
            perform_text(&mut desks[*who], *who, act, &mut seen[*who]);
            prop_assert_eq!(letters_of(&mut desks[*who], 1 - *who), others, "{:?} by {}", act, who);
        }
        exchange(&mut desks, &mut log);
        prop_assert_eq!(texts(&mut desks[0]), texts(&mut desks[1]));
        desks.iter_mut().for_each(check);
    }

    #[test]
    fn whatever_two_people_do_they_end_with_the_same_and_tables_follow_documents(acts in acts()) {
        let (mut desks, mut log) = pair();
        for (at, act) in &acts {
            if matches!(act, Act::Exchange) { exchange(&mut desks, &mut log) } else { perform(&mut desks[*at], act) }
        }
        exchange(&mut desks, &mut log);
        for desk in &mut desks {
            check(desk);
        }
        prop_assert_eq!(digest(&mut desks[0]), digest(&mut desks[1]));
    }

    #[test]
    fn undo_right_after_a_step_restores_what_was_there(before in acts(), act in acts()) {
        let mut desk = owner(1);
        for (_, act) in before.iter().filter(|(_, act)| !matches!(act, Act::Undo | Act::Redo)) {
            perform(&mut desk, act);
        }
        let (_, act) = &act[0];
        if matches!(act, Act::Undo | Act::Redo | Act::Exchange | Act::Type { .. }) {
            return Ok(());
        }
        let state = digest(&mut desk);
        perform(&mut desk, act);
        let after = digest(&mut desk);
        if after != state {
            undo(&mut desk);
            prop_assert_eq!(digest(&mut desk), state);
            redo(&mut desk);
            prop_assert_eq!(digest(&mut desk), after);
            check(&mut desk);
        }
    }
}

fn conflicts(desk: &mut Desk) -> Vec<Conflict> {
    desk.run(|ctx| ops::conflicts(ctx, project())).unwrap()
}

fn set(desk: &mut Desk, id: &str, priority: Option<Priority>, state: Option<RequirementState>) {
    desk.run(|ctx| ops::set_requirement(ctx, &Quiet, &SetRequirement { project: project(), id: id.into(), kind: None, priority, state })).unwrap();
}

fn decide(desk: &mut Desk, conflict: &Conflict, choice: usize) -> Result<()> {
    let input = Resolve { project: project(), element: conflict.element.clone(), part: conflict.part.clone(), field: conflict.field.clone(), choice: conflict.choices[choice].id.clone() };
    desk.run(|ctx| ops::resolve(ctx, &input))
}

#[test]
fn what_two_people_decided_differently_waits_for_a_decision_of_either() {
    let (mut desks, mut log) = pair();
    let id = add(&mut desks[0], "Orders can be paid by card.").id;
    exchange(&mut desks, &mut log);
    set(&mut desks[0], &id, Some(Priority::Must), Some(RequirementState::Agreed));
    set(&mut desks[1], &id, Some(Priority::Could), Some(RequirementState::Agreed));
    assert!(conflicts(&mut desks[0]).is_empty(), "nobody knows of the other yet");
    exchange(&mut desks, &mut log);
    for at in 0..2 {
        let found = conflicts(&mut desks[at]);
        assert_eq!(found.len(), 1, "the same state from both is no conflict: {found:?}");
        assert_eq!((found[0].title.as_str(), found[0].field.as_str(), found[0].choices.len()), ("R-1", "priority", 2));
        let shown = list(&mut desks[at])[0].priority.word();
        assert_eq!(found[0].choices[0].value, shown);
        assert!(found[0].choices[0].shown && !found[0].choices[1].shown);
        assert_eq!(found[0].choices.iter().filter(|choice| choice.mine).map(|choice| choice.value.as_str()).collect::<Vec<_>>(), [["must", "could"][at]]);
        check(&mut desks[at]);
    }
    assert_eq!(digest(&mut desks[0]), digest(&mut desks[1]));
    // The one that is not shown is chosen by the one who did not make it, and both have it then.
    let found = conflicts(&mut desks[0]);
    let chosen = found[0].choices[1].value.clone();
    decide(&mut desks[0], &found[0], 1).unwrap();
    assert!(conflicts(&mut desks[0]).is_empty());
    exchange(&mut desks, &mut log);
    for desk in &mut desks {
        assert!(conflicts(desk).is_empty());
        assert_eq!(list(desk)[0].priority.word(), chosen);
        check(desk);
    }
    assert_eq!(decide(&mut desks[1], &found[0], 0).unwrap_err().code, Code::Conflict, "it was decided meanwhile");
}

#[test]
fn the_shown_value_can_be_kept_and_an_edit_that_saw_both_decides_too() {
    let (mut desks, mut log) = pair();
    let id = add(&mut desks[0], "Orders can be paid by card.").id;
    for keep in [true, false] {
        exchange(&mut desks, &mut log);
        let now = list(&mut desks[0])[0].priority;
        let others: Vec<Priority> = [Priority::Must, Priority::Should, Priority::Could].into_iter().filter(|priority| *priority != now).collect();
        let (one, other) = (others[0], others[1]);
        set(&mut desks[0], &id, Some(one), None);
        set(&mut desks[1], &id, Some(other), None);
        exchange(&mut desks, &mut log);
        let found = conflicts(&mut desks[1]);
        assert_eq!(found.len(), 1);
        if keep {
            decide(&mut desks[1], &found[0], 0).unwrap();
        } else {
            set(&mut desks[1], &id, Some(now), None);
        }
        exchange(&mut desks, &mut log);
        assert!(conflicts(&mut desks[0]).is_empty() && conflicts(&mut desks[1]).is_empty());
        assert_eq!(list(&mut desks[0])[0].priority, list(&mut desks[1])[0].priority);
    }
    // One after the other is no conflict, nor is what one device does.
    set(&mut desks[0], &id, None, Some(RequirementState::Agreed));
    exchange(&mut desks, &mut log);
    set(&mut desks[1], &id, None, Some(RequirementState::Done));
    exchange(&mut desks, &mut log);
    undo(&mut desks[1]);
    redo(&mut desks[1]);
    exchange(&mut desks, &mut log);
    assert!(conflicts(&mut desks[0]).is_empty());
}

#[test]
fn equal_values_are_told_once_words_of_a_newer_program_too_and_what_was_put_away_keeps_its_author() {
    let (mut desks, mut log) = pair();
    desks.push(desk(3));
    exchange(&mut desks, &mut log);
    let id = add(&mut desks[0], "Orders can be paid by card.").id;
    exchange(&mut desks, &mut log);
    let word = |desk: &mut Desk, word: &str| {
        desk.run(|ctx| {
            let edit = kernel::doc::Edit { doc: &crate::doc_of(project()), label: "newer".into(), element: None, at: None };
            ctx.change(&edit, |tx| {
                let object = crate::doc::element(tx, crate::doc::REQUIREMENTS, &id).expect("it is there");
                Ok(automerge::transaction::Transactable::put(tx, &object, "priority", word)?)
            })
        })
        .unwrap();
    };
    word(&mut desks[0], "someday");
    word(&mut desks[1], "someday");
    set(&mut desks[2], &id, Some(Priority::Must), None);
    exchange(&mut desks, &mut log);
    for desk in &mut desks {
        let before = conflicts(desk);
        let mut values: Vec<&str> = before[0].choices.iter().map(|choice| choice.value.as_str()).collect();
        values.sort_unstable();
        assert_eq!(values, ["must", "someday"]);
        desk.run(|ctx| kernel::pack::seal(ctx, project().space(), 0, 1_000)).unwrap();
        let after = conflicts(desk);
        let told = |found: &[Conflict]| format!("{found:?}");
        assert_eq!(told(&before), told(&after));
        check(desk);
    }
    let newer = conflicts(&mut desks[1])[0].choices.iter().position(|choice| choice.value == "someday").unwrap();
    let found = conflicts(&mut desks[1]);
    decide(&mut desks[1], &found[0], newer).unwrap();
    exchange(&mut desks, &mut log);
    for desk in &mut desks {
        assert!(conflicts(desk).is_empty());
        check(desk);
    }
}

#[test]
fn what_is_removed_waits_for_no_decision() {
    let (mut desks, mut log) = pair();
    let order = entity(&mut desks[0], "Order").id;
    let total = desks[0].run(|ctx| ops::add_attribute(ctx, &AddAttribute { project: project(), entity: order.clone(), name: "total".into(), kind: AttributeType::String })).unwrap().id;
    exchange(&mut desks, &mut log);
    for (desk, kind) in desks.iter_mut().zip([AttributeType::Money, AttributeType::Integer]) {
        desk.run(|ctx| ops::set_attribute(ctx, &SetAttribute { project: project(), entity: order.clone(), id: total.clone(), name: None, kind: Some(kind), values: None, required: None, unique: None })).unwrap();
    }
    exchange(&mut desks, &mut log);
    assert_eq!(conflicts(&mut desks[1]).len(), 1);
    desks[0].run(|ctx| ops::remove_attribute(ctx, &AttributeRef { project: project(), entity: order.clone(), id: total.clone() })).unwrap();
    exchange(&mut desks, &mut log);
    for desk in &mut desks {
        assert!(conflicts(desk).is_empty());
        check(desk);
    }
    // It comes back with the value that was shown, and nobody is asked again.
    undo(&mut desks[0]);
    exchange(&mut desks, &mut log);
    for desk in &mut desks {
        assert!(conflicts(desk).is_empty());
        check(desk);
    }
    assert_eq!(digest(&mut desks[0]), digest(&mut desks[1]));
}

#[test]
fn taking_back_the_own_value_does_not_take_the_other_one_away() {
    let (mut desks, mut log) = pair();
    let id = add(&mut desks[0], "Orders can be paid by card.").id;
    exchange(&mut desks, &mut log);
    set(&mut desks[0], &id, Some(Priority::Must), None);
    set(&mut desks[1], &id, Some(Priority::Could), None);
    exchange(&mut desks, &mut log);
    for at in 0..2 {
        undo(&mut desks[at]);
        exchange(&mut desks, &mut log);
        let values: Vec<String> = conflicts(&mut desks[at]).iter().flat_map(|conflict| &conflict.choices).map(|choice| choice.value.clone()).collect();
        let shown = list(&mut desks[at]).iter().map(|requirement| requirement.priority.word().to_owned()).collect::<Vec<_>>();
        assert!(["must", "could"].iter().all(|value| values.iter().chain(&shown).any(|held| held == value)), "{values:?} {shown:?}");
        check(&mut desks[at]);
    }
}

#[test]
fn entities_attributes_relations_and_orders_conflict_by_name() {
    let (mut desks, mut log) = pair();
    let (first, second, third) = (add(&mut desks[0], "One.").id, add(&mut desks[0], "Two.").id, add(&mut desks[0], "Three.").id);
    let (order, customer) = (entity(&mut desks[0], "Order").id, entity(&mut desks[0], "Customer").id);
    let total = desks[0].run(|ctx| ops::add_attribute(ctx, &AddAttribute { project: project(), entity: order.clone(), name: "total".into(), kind: AttributeType::String })).unwrap();
    let relation = desks[0].run(|ctx| ops::add_relation(ctx, &AddRelation { project: project(), from: customer, to: order.clone(), cardinality: Cardinality::OneToMany, label: None })).unwrap();
    exchange(&mut desks, &mut log);
    let differ = [(Some(first.clone()), "Purchase", AttributeType::Money, Cardinality::OneToOne), (None, "Sale", AttributeType::Integer, Cardinality::ManyToMany)];
    for (desk, (after, name, kind, cardinality)) in desks.iter_mut().zip(differ) {
        desk.run(|ctx| ops::move_requirement(ctx, &MoveElement { project: project(), id: third.clone(), after })).unwrap();
        desk.run(|ctx| ops::set_entity(ctx, &Quiet, &SetEntity { project: project(), id: order.clone(), name: Some(name.into()), label: None, note: None })).unwrap();
        desk.run(|ctx| ops::set_attribute(ctx, &SetAttribute { project: project(), entity: order.clone(), id: total.id.clone(), name: None, kind: Some(kind), values: None, required: None, unique: None })).unwrap();
        desk.run(|ctx| ops::set_relation(ctx, &SetRelation { project: project(), id: relation.id.clone(), cardinality: Some(cardinality), label: None })).unwrap();
    }
    exchange(&mut desks, &mut log);
    let found = conflicts(&mut desks[0]);
    let mut told: Vec<(ConflictElement, &str, Vec<&str>)> = found
        .iter()
        .map(|conflict| {
            let mut values: Vec<&str> = conflict.choices.iter().map(|choice| choice.value.as_str()).collect();
            values.sort_unstable();
            (conflict.kind, conflict.field.as_str(), values)
        })
        .collect();
    told.sort_by_key(|(_, field, _)| *field);
    assert_eq!(
        told,
        [
            (ConflictElement::Relation, "cardinality", vec!["many-to-many", "one-to-one"]),
            (ConflictElement::Entity, "name", vec!["Purchase", "Sale"]),
            (ConflictElement::Requirement, "place", vec!["after R-1", "at the beginning"]),
            (ConflictElement::Attribute, "type", vec!["integer", "money"]),
        ]
    );
    for conflict in &found {
        decide(&mut desks[0], conflict, 1).unwrap();
    }
    exchange(&mut desks, &mut log);
    assert!(conflicts(&mut desks[1]).is_empty());
    // What is removed asks nothing any more.
    set(&mut desks[0], &second, Some(Priority::Must), None);
    set(&mut desks[1], &second, Some(Priority::Could), None);
    exchange(&mut desks, &mut log);
    assert_eq!(conflicts(&mut desks[1]).len(), 1);
    desks[1].run(|ctx| ops::remove_requirement(ctx, &ElementRef { project: project(), id: second })).unwrap();
    assert!(conflicts(&mut desks[1]).is_empty());
    check(&mut desks[1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn three_devices_see_the_same_conflicts_and_settle_them(acts in prop::collection::vec((0_usize..3, 0_usize..3, 0_usize..3, any::<bool>()), 1..40)) {
        let mut desks = vec![owner(1), desk(2), desk(3)];
        let mut log = Vec::new();
        let ids: Vec<String> = (0..3).map(|number| add(&mut desks[0], &format!("Number {number}.")).id).collect();
        exchange(&mut desks, &mut log);
        for (who, which, value, meet) in acts {
            set(&mut desks[who], &ids[which], Some([Priority::Must, Priority::Should, Priority::Could][value]), None);
            if meet {
                exchange(&mut desks, &mut log);
            }
        }
        exchange(&mut desks, &mut log);
        let open = |desk: &mut Desk| conflicts(desk).into_iter().map(|conflict| (conflict.element, conflict.choices.into_iter().map(|choice| (choice.id, choice.value)).collect::<Vec<_>>())).collect::<Vec<_>>();
        let seen: Vec<_> = desks.iter_mut().map(open).collect();
        prop_assert_eq!(&seen[0], &seen[1]);
        prop_assert_eq!(&seen[0], &seen[2]);
        desks.iter_mut().for_each(check);
        // Everybody decides at once; whatever that leaves open is settled in the next round by one of them.
        for desk in &mut desks {
            for conflict in conflicts(desk) {
                decide(desk, &conflict, 0).unwrap();
            }
        }
        exchange(&mut desks, &mut log);
        prop_assert!(conflicts(&mut desks[0]).is_empty(), "they all decided alike");
        let digests: BTreeSet<[u8; 32]> = desks.iter_mut().map(digest).collect();
        prop_assert_eq!(digests.len(), 1);
    }
}

//! Looking back, comparing, bringing back, naming.

use std::time::Instant;

use super::*;
use crate::doc::{self, past};

fn heads(desk: &mut Desk) -> Vec<String> {
    desk.run(|ctx| Ok(ctx.doc(&doc_of(project()))?.get_heads().iter().map(ToString::to_string).collect())).unwrap()
}

fn moments(desk: &mut Desk) -> Moments {
    desk.run(|ctx| ops::moments(ctx, &MomentsQuery { project: project(), person: None, element: None, sitting: None })).unwrap()
}

fn at(desk: &mut Desk, heads: &[String]) -> Then {
    desk.run(|ctx| ops::at(ctx, &AtQuery { project: project(), heads: heads.to_vec() })).unwrap()
}

fn compare(desk: &mut Desk, from: &[String], to: Option<&[String]>) -> Comparison {
    desk.run(|ctx| ops::compare(ctx, &CompareQuery { project: project(), from: from.to_vec(), to: to.map(<[String]>::to_vec) })).unwrap()
}

fn restore(desk: &mut Desk, heads: &[String], ids: Option<&[&str]>) -> u32 {
    let ids = ids.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect());
    desk.run(|ctx| ops::restore(ctx, &Restore { project: project(), heads: heads.to_vec(), ids })).unwrap().elements
}

/// Everything that is projected, as the tables have it.
fn rows(desk: &mut Desk) -> Vec<Row> {
    desk.run(|ctx| store::rows(ctx.sql, &doc_of(project()))).unwrap()
}

#[derive(Clone, Debug)]
enum Step {
    Add(u8),
    Type(u8, u8, u8),
    State(u8, u8),
    Remove(u8),
    Move(u8, u8),
    Entity,
    Rename(u8),
    RemoveEntity(u8),
    Attribute(u8),
    RemoveAttribute(u8),
    Relate(u8, u8),
    Link(u8, u8),
    Place(u8),
    Brief,
}

fn step() -> impl Strategy<Value = Step> {
    let n = any::<u8>;
    prop_oneof![
        n().prop_map(Step::Add),
        (n(), n(), n()).prop_map(|(a, b, c)| Step::Type(a, b, c)),
        (n(), n()).prop_map(|(a, b)| Step::State(a, b)),
        n().prop_map(Step::Remove),
        (n(), n()).prop_map(|(a, b)| Step::Move(a, b)),
        Just(Step::Entity),
        n().prop_map(Step::Rename),
        n().prop_map(Step::RemoveEntity),
        n().prop_map(Step::Attribute),
        n().prop_map(Step::RemoveAttribute),
        (n(), n()).prop_map(|(a, b)| Step::Relate(a, b)),
        (n(), n()).prop_map(|(a, b)| Step::Link(a, b)),
        n().prop_map(Step::Place),
        Just(Step::Brief),
    ]
}

fn pick<T: Clone>(from: &[T], n: u8) -> Option<T> {
    (!from.is_empty()).then(|| from[usize::from(n) % from.len()].clone())
}

fn take(desk: &mut Desk, step: &Step, serial: usize) -> Option<()> {
    let project = project();
    let requirements = list(desk);
    let entities = model(desk).entities;
    match step {
        Step::Add(n) => {
            add(desk, &format!("requirement {n} of a shop"));
        }
        Step::Type(a, b, c) => {
            let id = pick(&requirements, *a)?.id;
            let state = read(desk, &id);
            let length = u32::try_from(state.text.encode_utf16().count()).unwrap();
            let from = u32::from(*b) % (length + 1);
            let remove = (u32::from(*c) % 5).min(length - from);
            typed(desk, &id, state.heads, from, remove, &format!(" {c} ")).unwrap();
        }
        Step::State(a, b) => {
            let id = pick(&requirements, *a)?.id;
            let states = [RequirementState::Draft, RequirementState::Agreed, RequirementState::Done];
            let input = SetRequirement { project, id, kind: None, priority: Some(if b % 2 == 0 { Priority::Must } else { Priority::Could }), state: pick(&states, *b) };
            desk.run(|ctx| ops::set_requirement(ctx, &Quiet, &input)).unwrap();
        }
        Step::Remove(a) => {
            let id = pick(&requirements, *a)?.id;
            desk.run(|ctx| ops::remove_requirement(ctx, &ElementRef { project, id })).unwrap();
        }
        Step::Move(a, b) => {
            let (id, after) = (pick(&requirements, *a)?.id, pick(&requirements, *b).map(|row| row.id));
            desk.run(|ctx| ops::move_requirement(ctx, &MoveElement { project, id, after })).unwrap();
        }
        Step::Entity => {
            entity(desk, &format!("Thing{serial}"));
        }
        Step::Rename(a) => {
            let id = pick(&entities, *a)?.id;
            desk.run(|ctx| ops::set_entity(ctx, &Quiet, &SetEntity { project, id, name: Some(format!("Other{serial}")), label: Some("a thing".into()), note: Some(format!("note {serial}")) })).unwrap();
        }
        Step::RemoveEntity(a) => {
            let id = pick(&entities, *a)?.id;
            desk.run(|ctx| ops::remove_entity(ctx, &ElementRef { project, id })).unwrap();
        }
        Step::Attribute(a) => {
            let entity = pick(&entities, *a)?.id;
            desk.run(|ctx| ops::add_attribute(ctx, &AddAttribute { project, entity, name: format!("field{serial}"), kind: AttributeType::Money })).unwrap();
        }
        Step::RemoveAttribute(a) => {
            let entity = pick(&entities, *a)?;
            let id = pick(&entity.attributes, *a)?.id;
            desk.run(|ctx| ops::remove_attribute(ctx, &AttributeRef { project, entity: entity.id, id })).unwrap();
        }
        Step::Relate(a, b) => {
            let (from, to) = (pick(&entities, *a)?.id, pick(&entities, *b)?.id);
            desk.run(|ctx| ops::add_relation(ctx, &AddRelation { project, from, to, cardinality: Cardinality::OneToMany, label: None })).unwrap();
        }
        Step::Link(a, b) => {
            let (requirement, entity) = (pick(&requirements, *a)?.id, pick(&entities, *b)?.id);
            desk.run(|ctx| ops::link(ctx, &LinkElements { project, requirement, entity, linked: b % 4 != 0 })).unwrap();
        }
        Step::Place(a) => {
            let id = pick(&entities, *a)?.id;
            desk.run(|ctx| ops::place_entities(ctx, &PlaceEntities { project, places: vec![Place { id, x: f64::from(*a), y: 4.0 }] })).unwrap();
        }
        Step::Brief => {
            let text = format!("Customers pay invoices. An invoice has a number and a total {serial}.");
            let set = desk.run(|ctx| ops::propose(ctx, &Propose { project, text: text.clone() })).unwrap();
            let items = set.items.iter().map(|item| item.id.clone()).collect();
            desk.run(|ctx| ops::accept(ctx, &Accept { project, title: "Brief".into(), text, items })).unwrap();
        }
    }
    Some(())
}

/// What differs, without what a title or an order tells.
fn facts(differences: &[Difference], turned: bool) -> Vec<String> {
    let mut facts: Vec<String> = differences
        .iter()
        .map(|difference| {
            let sort = match (difference.sort, turned) {
                (DifferenceSort::Added, true) => DifferenceSort::Removed,
                (DifferenceSort::Removed, true) => DifferenceSort::Added,
                (sort, _) => sort,
            };
            let fields: Vec<String> = difference
                .fields
                .iter()
                .map(|field| {
                    let (before, after) = if turned { (&field.after, &field.before) } else { (&field.before, &field.after) };
                    let side = |wanted: Side| field.passages.iter().filter(|passage| passage.side == wanted).map(|passage| passage.text.as_str()).collect::<String>();
                    let (gone, come) = if turned { (side(Side::After), side(Side::Before)) } else { (side(Side::Before), side(Side::After)) };
                    format!("{} {before} {after} {gone} {come}", field.field)
                })
                .collect();
            format!("{} {:?} {sort:?} {fields:?}", difference.id, difference.kind)
        })
        .collect();
    facts.sort();
    facts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn restoring_a_moment_brings_it_back_whole_and_undoing_that_brings_now_back(before in prop::collection::vec(step(), 0..14), after in prop::collection::vec(step(), 0..14)) {
        let mut desk = owner(1);
        for (serial, step) in before.iter().enumerate() {
            take(&mut desk, step, serial);
        }
        let (moment, then) = (heads(&mut desk), rows(&mut desk));
        let seen = (list(&mut desk), model(&mut desk));
        for (serial, step) in after.iter().enumerate() {
            take(&mut desk, step, 100 + serial);
        }
        let now = rows(&mut desk);
        let past = at(&mut desk, &moment);
        prop_assert_eq!((past.requirements, past.model), seen);
        let differ = restore(&mut desk, &moment, None) > 0;
        prop_assert_eq!(rows(&mut desk), then);
        check(&mut desk);
        prop_assert!(at(&mut desk, &moment).differences.is_empty());
        if differ {
            undo(&mut desk);
            prop_assert_eq!(rows(&mut desk), now);
            redo(&mut desk);
            prop_assert!(at(&mut desk, &moment).differences.is_empty());
        }
    }

    #[test]
    fn comparing_is_symmetric_and_nothing_differs_from_itself(before in prop::collection::vec(step(), 0..12), after in prop::collection::vec(step(), 0..12)) {
        let mut desk = owner(1);
        for (serial, step) in before.iter().enumerate() {
            take(&mut desk, step, serial);
        }
        let one = heads(&mut desk);
        for (serial, step) in after.iter().enumerate() {
            take(&mut desk, step, 100 + serial);
        }
        let other = heads(&mut desk);
        let there = compare(&mut desk, &one, Some(&other)).differences;
        let back = compare(&mut desk, &other, Some(&one)).differences;
        prop_assert_eq!(facts(&there, false), facts(&back, true));
        prop_assert!(compare(&mut desk, &one, Some(&one)).differences.is_empty());
        prop_assert_eq!(there, compare(&mut desk, &one, None).differences);
    }

    #[test]
    fn restoring_and_editing_at_the_same_time_converge(common in prop::collection::vec(step(), 1..8), one in prop::collection::vec(step(), 0..6), other in prop::collection::vec(step(), 0..6), at in any::<prop::sample::Index>()) {
        let (mut desks, mut log) = pair();
        let mut seen = vec![heads(&mut desks[0])];
        for (serial, step) in common.iter().enumerate() {
            take(&mut desks[0], step, serial);
            seen.push(heads(&mut desks[0]));
        }
        exchange(&mut desks, &mut log);
        for (serial, step) in one.iter().enumerate() {
            take(&mut desks[0], step, 100 + serial);
        }
        for (serial, step) in other.iter().enumerate() {
            take(&mut desks[1], step, 200 + serial);
        }
        let moment = at.get(&seen).clone();
        restore(&mut desks[0], &moment, None);
        if one.len() % 2 == 0 {
            restore(&mut desks[1], &moment, None);
        }
        exchange(&mut desks, &mut log);
        let (first, second) = desks.split_at_mut(1);
        prop_assert_eq!(digest(&mut first[0]), digest(&mut second[0]));
        check(&mut first[0]);
        check(&mut second[0]);
        // The life of the blueprint is told alike on both, but for who is meant by "you".
        let told = |desk: &mut Desk| moments(desk).sittings.into_iter().map(|sitting| (sitting.id, sitting.heads, sitting.changes)).collect::<Vec<_>>();
        prop_assert_eq!(told(&mut first[0]), told(&mut second[0]));
        for sitting in moments(&mut first[0]).sittings {
            let read = |desk: &mut Desk| { let then = super::past::at(desk, &sitting.heads); (then.requirements, then.model, then.differences) };
            prop_assert_eq!(read(&mut first[0]), read(&mut second[0]));
        }
    }

    #[test]
    fn the_past_is_read_as_the_present_is(steps in prop::collection::vec(step(), 0..16)) {
        let mut desk = owner(1);
        for (serial, step) in steps.iter().enumerate() {
            take(&mut desk, step, serial);
        }
        desk.run(|ctx| {
            let document = ctx.doc(&doc_of(project()))?;
            let whole = past::read(document, None);
            assert_eq!(past::read(document, Some(&document.get_heads())), whole);
            for id in doc::ids(document, doc::REQUIREMENTS) {
                assert_eq!(doc::requirement(document, &id).as_ref(), whole.requirements.get(&id));
            }
            for id in doc::ids(document, doc::ENTITIES) {
                assert_eq!(doc::entity(document, &id).as_ref(), whole.entities.get(&id));
            }
            for id in doc::ids(document, doc::RELATIONS) {
                assert_eq!(doc::relation(document, &id).as_ref(), whole.relations.get(&id));
            }
            for id in doc::ids(document, doc::BRIEFS) {
                assert_eq!(doc::brief(document, &id).as_ref(), whole.briefs.get(&id));
            }
            for pair in doc::ids(document, doc::LINKS) {
                assert_eq!(doc::linked(document, &pair), pair.split_once('|').is_some_and(|(one, other)| whole.links.contains(&(one.to_owned(), other.to_owned()))));
            }
            Ok(())
        }).unwrap();
    }
}

#[test]
fn what_was_done_is_told_by_person_and_sitting() {
    let mut desk = owner(1);
    let id = add(&mut desk, "").id;
    let mut state = read(&mut desk, &id);
    for (at, letter) in "Orders are paid.".chars().enumerate() {
        state = typed(&mut desk, &id, state.heads, u32::try_from(at).unwrap(), 0, &letter.to_string()).unwrap();
    }
    desk.now = desk.now.plus_millis(2 * 3_600_000);
    let order = entity(&mut desk, "Order");
    let told = moments(&mut desk);
    assert_eq!(told.sittings.len(), 2);
    assert_eq!((told.changes, told.sittings[0].changes, told.sittings[1].changes), (18, 17, 1));
    assert_eq!(told.people.len(), 1);
    assert!(told.people[0].mine);
    let steps: Vec<(u32, &[String])> = told.sittings[0].steps.iter().map(|step| (step.changes, step.elements.as_slice())).collect();
    assert_eq!(steps, [(1, std::slice::from_ref(&id)), (16, std::slice::from_ref(&id))]);
    let query = |element: Option<&str>, person: Option<&str>| MomentsQuery { project: project(), person: person.map(str::to_owned), element: element.map(str::to_owned), sitting: None };
    let of = |desk: &mut Desk, element: Option<&str>, person: Option<&str>| desk.run(|ctx| ops::moments(ctx, &query(element, person))).unwrap().changes;
    assert_eq!(of(&mut desk, Some(&order.id), None), 1);
    assert_eq!(of(&mut desk, Some(&id), None), 17);
    assert_eq!(of(&mut desk, None, Some("nobody")), 0);
    // What is gone is still told of.
    desk.run(|ctx| ops::remove_entity(ctx, &ElementRef { project: project(), id: order.id.clone() })).unwrap();
    assert_eq!(of(&mut desk, Some(&order.id), None), 2);
    let first = moments(&mut desk).sittings[0].clone();
    assert_eq!(at(&mut desk, &first.heads).requirements[0].text, "Orders are paid.");
    assert!(at(&mut desk, &first.heads).model.entities.is_empty());
}

#[test]
fn an_element_comes_back_with_what_it_hung_on_and_nothing_else() {
    let mut desk = owner(1);
    let (paid, sent) = (add(&mut desk, "Orders are paid by card."), add(&mut desk, "Orders are sent."));
    let (order, customer) = (entity(&mut desk, "Order"), entity(&mut desk, "Customer"));
    desk.run(|ctx| {
        ops::add_relation(ctx, &AddRelation { project: project(), from: customer.id.clone(), to: order.id.clone(), cardinality: Cardinality::OneToMany, label: None })?;
        ops::add_attribute(ctx, &AddAttribute { project: project(), entity: order.id.clone(), name: "total".into(), kind: AttributeType::Money })?;
        ops::link(ctx, &LinkElements { project: project(), requirement: paid.id.clone(), entity: order.id.clone(), linked: true })
    })
    .unwrap();
    let moment = heads(&mut desk);
    let before = model(&mut desk);
    desk.run(|ctx| ops::remove_entity(ctx, &ElementRef { project: project(), id: order.id.clone() })).unwrap();
    let state = read(&mut desk, &paid.id);
    typed(&mut desk, &paid.id, state.heads, 19, 4, "cash").unwrap();
    desk.run(|ctx| ops::remove_requirement(ctx, &ElementRef { project: project(), id: sent.id.clone() })).unwrap();
    let told = compare(&mut desk, &moment, None);
    insta::assert_snapshot!(told.text, @r"
    ~ R-1
        text: Orders are paid by [-card-]{+cash+}.
        entities: Order → –
    - R-2: Orders are sent.
    - Entity Order: total
    - Relation Customer – Order: one-to-many
    ");
    assert!(restore(&mut desk, &moment, Some(&[&order.id])) > 0);
    assert_eq!(model(&mut desk).relations, before.relations);
    assert_eq!(model(&mut desk).entities.iter().find(|row| row.id == order.id).unwrap().attributes, before.entities.iter().find(|row| row.id == order.id).unwrap().attributes);
    let now = list(&mut desk);
    assert_eq!((now.len(), now[0].text.as_str(), now[0].entities.len()), (1, "Orders are paid by cash.", 1));
    restore(&mut desk, &moment, Some(&[&sent.id]));
    let now = list(&mut desk);
    assert_eq!((now.len(), now[1].key.as_str(), now[1].text.as_str()), (2, "R-2", "Orders are sent."));
    check(&mut desk);
}

#[test]
fn named_versions_travel_and_are_compared() {
    let (mut desks, mut log) = pair();
    add(&mut desks[0], "Orders are paid.");
    exchange(&mut desks, &mut log);
    let name = |desk: &mut Desk, name: &str| desk.run(|ctx| ops::name_version(ctx, &NameVersion { project: project(), name: name.into(), note: Some("as agreed".into()), heads: None })).unwrap();
    // Both name their first version while they are apart.
    let sent = name(&mut desks[0], "Sent to the client");
    name(&mut desks[1], "Before the talk");
    exchange(&mut desks, &mut log);
    for desk in &mut desks {
        let versions = desk.run(|ctx| ops::versions(ctx, project())).unwrap();
        assert_eq!(versions.len(), 2);
        assert!(versions.iter().any(|version| version.name == "Sent to the client" && version.note == "as agreed" && version.heads == sent.heads));
    }
    add(&mut desks[1], "Orders are sent.");
    let told = compare(&mut desks[1], std::slice::from_ref(&sent.id), None);
    assert_eq!(told.text, "+ R-2: Orders are sent.\n");
    restore(&mut desks[1], &sent.heads, None);
    assert_eq!(desks[1].run(|ctx| ops::versions(ctx, project())).unwrap().len(), 2, "restoring keeps the names of moments");
    desks[1].run(|ctx| ops::remove_version(ctx, &ElementRef { project: project(), id: sent.id.clone() })).unwrap();
    exchange(&mut desks, &mut log);
    assert_eq!(desks[0].run(|ctx| ops::versions(ctx, project())).unwrap().len(), 1);
    undo(&mut desks[1]);
    assert_eq!(desks[1].run(|ctx| ops::versions(ctx, project())).unwrap().len(), 2);
    assert_eq!(desks[1].run(|ctx| ops::at(ctx, &AtQuery { project: project(), heads: vec!["00".repeat(32)] })).unwrap_err().code, Code::NotFound);
}

#[test]
#[ignore = "measures; run with --release -- --ignored --nocapture"]
#[allow(clippy::disallowed_methods, reason = "it measures time")]
fn looking_back_over_5000_requirements_and_20000_changes() {
    let mut desk = owner(1);
    let ids: Vec<String> = (0..5_000).map(|n| add(&mut desk, &format!("The system keeps the address of customer {n} and shows it on each invoice.")).id).collect();
    for n in 0..15_000 {
        let id = &ids[n * 7 % ids.len()];
        let state = read(&mut desk, id);
        typed(&mut desk, id, state.heads, 4, 0, "new ").unwrap();
        if n % 500 == 0 {
            desk.now = desk.now.plus_millis(3_600_000);
        }
    }
    let clock = |name: &str, work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        println!("{name}: {:.1} ms", start.elapsed().as_secs_f64() * 1_000.0);
    };
    clock("moments, first time", &mut || drop(moments(&mut desk)));
    clock("moments, again", &mut || drop(moments(&mut desk)));
    let told = moments(&mut desk);
    println!("sittings {}, bytes {}", told.sittings.len(), serde_json::to_string(&told).unwrap().len());
    // The present is read once, and again after each change.
    clock("at, first time", &mut || drop(at(&mut desk, &told.sittings[1].heads)));
    for part in [0, told.sittings.len() / 2, told.sittings.len() - 1] {
        let heads = told.sittings[part].heads.clone();
        clock(&format!("at sitting {part}"), &mut || drop(at(&mut desk, &heads)));
        clock("  again", &mut || drop(at(&mut desk, &heads)));
        clock("  compared", &mut || drop(compare(&mut desk, &heads, None)));
        let hashes: Vec<automerge::ChangeHash> = heads.iter().map(|head| head.parse().unwrap()).collect();
        let mut read = || desk.run(|ctx| Ok(past::read(ctx.doc(&doc_of(project()))?, Some(&hashes)).requirements.len())).unwrap();
        clock("  read alone", &mut || assert!(read() > 0));
        let then = at(&mut desk, &heads);
        println!("  differences {}, bytes {}", then.differences.len(), serde_json::to_string(&then).unwrap().len());
    }
    let heads = told.sittings[told.sittings.len() / 2].heads.clone();
    clock("restore everything", &mut || assert!(restore(&mut desk, &heads, None) > 0));
}

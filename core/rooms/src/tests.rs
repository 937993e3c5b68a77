//! Comments over stores in memory.

use kernel::entry::Chain;
use kernel::log::{Contexts, Item, Standing};
use kernel::store::testing::Desk;
use kernel::{Code, Ctx, ProjectId, Result, Role, SpaceId, Words, space, values};

use crate::model::{CommentState, ThreadRef, WriteComment};
use crate::{MIGRATIONS, ops};

struct Rooms;

impl Contexts for Rooms {
    fn merged(&self, _: &mut Ctx<'_>, _: &str, _: &[automerge::Patch]) -> Result<()> {
        Ok(())
    }
    fn rebuild(&self, _: &mut Ctx<'_>, _: &str) -> Result<()> {
        Ok(())
    }
    fn record(&self, ctx: &mut Ctx<'_>, entry: &kernel::entry::Entry, standing: &Standing) -> Result<()> {
        ops::record(ctx, entry, standing)
    }
    fn digest(&self, ctx: &mut Ctx<'_>, space: SpaceId) -> Result<[u8; 32]> {
        ops::digest(ctx, space)
    }
}

fn project() -> ProjectId {
    ProjectId::from_bytes([7; 16])
}

fn desk(seed: u64, server: Option<&str>) -> Desk {
    let mut desk = Desk::new(seed, MIGRATIONS);
    desk.run(|ctx| {
        let space = project().space();
        space::create(ctx.sql, space)?;
        let mut known = space::get(ctx.sql, space)?;
        known.server = server.map(str::to_owned);
        space::save(ctx.sql, &known)?;
        ctx.sql.execute("insert into kernel_doc (doc, space) values ($1, $2)", values![project(), space])?;
        Ok(())
    })
    .unwrap();
    desk
}

fn write(desk: &mut Desk, text: &str) -> Result<crate::Comment> {
    desk.run(|ctx| ops::comment(ctx, &WriteComment { project: project(), element: "req_1".into(), text: text.into() }))
}

fn thread(desk: &mut Desk) -> Vec<crate::Comment> {
    desk.run(|ctx| ops::thread(ctx, &ThreadRef { project: project(), id: "req_1".into() })).unwrap().comments
}

/// Orders everything that waits at `from`, and gives it to both.
fn order(from: &mut Desk, to: &mut Desk) {
    let space = project().space();
    let waiting = from.run(|ctx| kernel::log::outbox(ctx.sql, space, 0, 100, 1_000_000)).unwrap();
    for desk in [from, to] {
        desk.run(|ctx| {
            let mut known = space::get(ctx.sql, space)?;
            let chain = waiting.iter().fold(known.chain, |chain: Chain, (_, bytes)| chain.then(bytes));
            let items: Vec<Item> = waiting.iter().map(|(_, bytes)| Item::Entry(bytes.clone())).collect();
            let first = known.seq + 1;
            ctx.receive(&Rooms, &mut known, first, &items, chain)?;
            space::save(ctx.sql, &known)
        })
        .unwrap();
    }
}

#[test]
fn on_this_device_alone_a_comment_waits_for_nobody() {
    let mut desk = desk(1, None);
    assert_eq!(write(&mut desk, "hello").unwrap().state, CommentState::Sent);
    assert_eq!(thread(&mut desk)[0].text, "hello");
}

#[test]
fn a_comment_is_pending_until_it_is_ordered_and_unread_elsewhere_until_it_is_read() {
    let (mut ada, mut ben) = (desk(1, Some("s")), desk(2, Some("s")));
    assert_eq!(write(&mut ada, "one").unwrap().state, CommentState::Pending);
    order(&mut ada, &mut ben);
    assert_eq!(thread(&mut ada)[0].state, CommentState::Sent);
    assert!(!thread(&mut ada)[0].unread);
    let seen = &thread(&mut ben)[0];
    assert!(seen.unread && !seen.mine);
    assert_eq!(ben.run(|ctx| ops::counts(ctx, project())).unwrap()["req_1"], (1, 1));
    ben.run(|ctx| ops::mark_read(ctx, &ThreadRef { project: project(), id: "req_1".into() })).unwrap();
    assert_eq!(ben.run(|ctx| ops::counts(ctx, project())).unwrap()["req_1"], (1, 0));
    assert_eq!(ada.run(|ctx| ops::digest(ctx, project().space())).unwrap(), ben.run(|ctx| ops::digest(ctx, project().space())).unwrap());
}

#[test]
fn waiting_comments_stand_after_ordered_ones() {
    let (mut ada, mut ben) = (desk(1, Some("s")), desk(2, Some("s")));
    write(&mut ada, "mine, written first").unwrap();
    write(&mut ben, "theirs").unwrap();
    order(&mut ben, &mut ada);
    assert_eq!(thread(&mut ada).iter().map(|comment| comment.text.as_str()).collect::<Vec<_>>(), ["theirs", "mine, written first"]);
}

#[test]
fn a_refused_comment_says_why_and_can_be_given_up() {
    let mut ada = desk(1, Some("s"));
    write(&mut ada, "no").unwrap();
    let space = project().space();
    let id = ada.run(|ctx| Ok(kernel::entry::Entry::peek(&kernel::log::outbox(ctx.sql, space, 0, 1, 1_000)?[0].1)?.id)).unwrap();
    ada.run(|ctx| ctx.refuse(&Rooms, space, &id, "forbidden", &Words::from(("You are a viewer.", "Вы читатель.")))).unwrap();
    let refused = &thread(&mut ada)[0];
    assert_eq!((refused.state, refused.reason.as_deref()), (CommentState::Refused, Some("You are a viewer.")));
    ada.run(|ctx| ctx.discard(&Rooms, space, &id)).unwrap();
    assert!(thread(&mut ada).is_empty());
}

#[test]
fn a_viewer_cannot_write() {
    let mut desk = desk(1, None);
    desk.run(|ctx| {
        let mut known = space::get(ctx.sql, project().space())?;
        known.role = Role::Viewer;
        space::save(ctx.sql, &known)
    })
    .unwrap();
    assert_eq!(write(&mut desk, "x").unwrap_err().code, Code::Forbidden);
}

#[test]
fn comments_are_found_by_the_beginnings_of_their_words_whatever_is_typed() {
    let mut desk = desk(1, None);
    write(&mut desk, "Подумать о скидках для постоянных клиентов").unwrap();
    for (query, found) in [("скид", 1), ("клиент постоян", 1), ("ничего", 0), ("\" OR *", 0), ("NEAR(", 0), ("", 0)] {
        assert_eq!(desk.run(|ctx| ops::search(ctx, project(), query, 10)).unwrap().len(), found, "{query}");
    }
}

/// A plain orderer: what it has accepted, in order.
fn give(desk: &mut Desk, items: &[Vec<u8>]) {
    let space = project().space();
    desk.run(|ctx| {
        let mut known = space::get(ctx.sql, space)?;
        let chain = items.iter().fold(known.chain, |chain: Chain, bytes| chain.then(bytes));
        let items: Vec<Item> = items.iter().cloned().map(Item::Entry).collect();
        let first = known.seq + 1;
        ctx.receive(&Rooms, &mut known, first, &items, chain)?;
        space::save(ctx.sql, &known)
    })
    .unwrap();
}

fn signed(seed: u64, payload: Vec<u8>) -> Vec<u8> {
    let mut random = kernel::Random::seeded(seed);
    let key = ed25519_dalek::SigningKey::from_bytes(&random.bytes());
    let at = kernel::Timestamp::from_millis(1_790_000_000_000);
    kernel::entry::Entry::sign(&key, project().space(), kernel::entry::Kind::Record, &random.bytes::<16>(), crate::SUBJECT, at, payload)
        .bytes()
        .to_vec()
}

#[test]
fn strange_records_are_kept_in_the_log_and_shown_nowhere() {
    let mut ada = desk(1, Some("s"));
    let other = ProjectId::from_bytes([8; 16]);
    let strange = [
        vec![],
        b"\xff\x00".to_vec(),
        vec![0x9f; 2_000],
        crate::rules::encode(other, "req_1", "not yours"),
        crate::rules::encode(project(), "a b", "x"),
        crate::rules::encode(project(), "req_1", " \u{0} "),
    ];
    let entries: Vec<Vec<u8>> = strange.into_iter().zip(50..).map(|(payload, seed)| signed(seed, payload)).collect();
    give(&mut ada, &entries);
    assert!(thread(&mut ada).is_empty());
    assert_eq!(ada.run(|ctx| space::get(ctx.sql, project().space())).unwrap().seq, 6);
    assert!(
        ada.run(|ctx| kernel::log::verify(ctx, &Rooms)).unwrap().iter().filter(|check| !check.name.en.starts_with("Document")).all(|check| check.ok)
    );
}

#[test]
fn comments_drawn_anew_from_the_log_are_the_same() {
    let (mut ada, mut ben) = (desk(1, Some("s")), desk(2, Some("s")));
    write(&mut ada, "one").unwrap();
    order(&mut ada, &mut ben);
    write(&mut ben, "two, waiting").unwrap();
    let space = project().space();
    ben.run(|ctx| ops::mark_read(ctx, &ThreadRef { project: project(), id: "req_1".into() })).unwrap();
    let before = (ben.run(|ctx| ops::digest(ctx, space)).unwrap(), thread(&mut ben));
    ben.run(|ctx| ops::rebuild(ctx, space)).unwrap();
    assert_eq!((ben.run(|ctx| ops::digest(ctx, space)).unwrap(), thread(&mut ben)), before);
    assert!(!before.1[0].unread);
    assert_eq!(ben.run(|ctx| ops::search(ctx, project(), "wait", 10)).unwrap().len(), 1);
}

#[test]
fn a_read_mark_outlives_a_server_that_numbers_anew() {
    let (mut ada, mut ben) = (desk(1, Some("s")), desk(2, Some("s")));
    let noise: Vec<Vec<u8>> = (60..65).map(|seed| signed(seed, Vec::new())).collect();
    give(&mut ada, &noise);
    give(&mut ben, &noise);
    write(&mut ada, "old").unwrap();
    order(&mut ada, &mut ben);
    ben.run(|ctx| ops::mark_read(ctx, &ThreadRef { project: project(), id: "req_1".into() })).unwrap();
    let space = project().space();
    let old = ben.run(|ctx| Ok(kernel::log::records(ctx.sql, space, crate::SUBJECT, 0, 100)?.pop().unwrap().1.bytes().to_vec())).unwrap();
    // The server lost the first five entries: the comment comes back as the first, a new one as the second.
    ben.run(|ctx| {
        let mut known = space::get(ctx.sql, space)?;
        ctx.rewind(&mut known, 0)?;
        space::save(ctx.sql, &known)
    })
    .unwrap();
    give(&mut ben, &[old, signed(70, crate::rules::encode(project(), "req_1", "new"))]);
    assert_eq!(thread(&mut ben).iter().map(|comment| (comment.text.as_str(), comment.unread)).collect::<Vec<_>>(), [("old", false), ("new", true)]);
}

#[test]
fn the_questions_of_every_screen_are_answered_from_an_index() {
    let mut desk = desk(1, None);
    for query in [
        "select comment from rooms_comment where project = $1 and element = $1 order by seq is null desc, seq desc, at desc, comment desc limit 2000",
        "select c.element, count(*) from rooms_comment c where c.project = $1 group by c.element",
        "select comment from rooms_comment where space = $1 order by comment",
    ] {
        let plan = desk.run(|ctx| Ok(format!("{:?}", ctx.sql.query(&format!("explain query plan {query}"), values!["x"])?))).unwrap();
        assert!(plan.contains("SEARCH") && !plan.contains("SCAN"), "{query}: {plan}");
    }
}

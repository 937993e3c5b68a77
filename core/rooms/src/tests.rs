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

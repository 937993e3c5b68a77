//! The contexts of worlds without the product's: documents of keys, a counter and a text, and records without meaning.
//! Their tables are drawn from nothing but the documents, so that a projection that lags behind is seen.

use automerge::transaction::Transactable;
use automerge::{ChangeHash, ObjType, Patch, ROOT, ReadDoc, ScalarValue, Value};
use kernel::doc::Edit;
use kernel::entry::Entry;
use kernel::log::{Contexts, Standing};
use kernel::migrate::Migration;
use kernel::{Ctx, Permission, Random, Result, SpaceId, values};

use crate::model::Effect;

/// The tables.
pub const MIGRATIONS: &[Migration] = &[Migration {
    context: "plain",
    number: 1,
    sql: "create table plain_doc (doc text not null, key text not null, value integer not null, primary key (doc, key)) strict;
          create table plain_record (space text not null, id blob not null, standing text not null, primary key (space, id)) strict;",
}];

/// The contexts.
pub struct Plain;

/// What a document holds: its keys, its count, and how many characters.
pub fn read(document: &impl ReadDoc) -> (std::collections::BTreeSet<String>, i64, usize) {
    let keys = match document.get(ROOT, "keys") {
        Ok(Some((_, keys))) => document.keys(&keys).collect(),
        _ => Default::default(),
    };
    let count = match document.get(ROOT, "count") {
        Ok(Some((Value::Scalar(value), _))) => match value.as_ref() {
            ScalarValue::Counter(counter) => counter.into(),
            _ => 0,
        },
        _ => 0,
    };
    let chars = match document.get(ROOT, "text") {
        Ok(Some((_, text))) => document.text(&text).map_or(0, |text| text.chars().count()),
        _ => 0,
    };
    (keys, count, chars)
}

fn draw(ctx: &mut Ctx<'_>, doc: &str) -> Result<()> {
    let document = ctx.doc(doc)?;
    let (begun, (keys, count, chars)) = (!document.get_heads().is_empty(), read(document));
    ctx.sql.execute("delete from plain_doc where doc = $1", values![doc])?;
    if !begun {
        return Ok(());
    }
    let rows = keys.into_iter().map(|key| (key, 1)).chain([("#count".to_owned(), count), ("#chars".to_owned(), chars as i64)]);
    for (key, value) in rows {
        ctx.sql.execute("insert into plain_doc (doc, key, value) values ($1, $2, $3)", values![doc, key, value])?;
    }
    Ok(())
}

impl Contexts for Plain {
    fn merged(&self, ctx: &mut Ctx<'_>, doc: &str, _: &[Patch]) -> Result<()> {
        draw(ctx, doc)
    }

    fn rebuild(&self, ctx: &mut Ctx<'_>, doc: &str) -> Result<()> {
        draw(ctx, doc)
    }

    fn record(&self, ctx: &mut Ctx<'_>, entry: &Entry, standing: &Standing) -> Result<()> {
        if *standing == Standing::Discarded {
            ctx.sql.execute("delete from plain_record where space = $1 and id = $2", values![entry.space, &entry.id])?;
            return Ok(());
        }
        ctx.sql.execute(
            "insert into plain_record (space, id, standing) values ($1, $2, $3) on conflict (space, id) do update set standing = $3",
            values![entry.space, &entry.id, format!("{standing:?}")],
        )?;
        Ok(())
    }

    fn digest(&self, ctx: &mut Ctx<'_>, space: SpaceId) -> Result<[u8; 32]> {
        let documents = ctx.sql.query(
            "select doc, key, value from plain_doc where doc in (select doc from kernel_doc where space = $1) order by doc, key",
            values![space],
        )?;
        let records = ctx.sql.query("select id, standing from plain_record where space = $1 order by id", values![space])?;
        Ok(*blake3::hash(format!("{documents:?} {records:?}").as_bytes()).as_bytes())
    }
}

/// The document of this number in a space.
pub fn doc(space: SpaceId, number: u64) -> String {
    format!("plain{number}_{}", kernel::id::encode(&space.bytes()))
}

/// One edit of the salt's choice; answers what it adds to which change. `seen` are heads that a person may still look at.
pub fn edit(
    ctx: &mut Ctx<'_>,
    space: SpaceId,
    name: &str,
    random: &mut Random,
    seen: &mut Vec<(String, Vec<ChangeHash>)>,
) -> Result<Option<(Vec<u8>, Effect)>> {
    let doc = doc(space, random.below(6) / 4);
    let choice = random.below(10);
    if choice < 2 {
        ctx.require(Permission::Comment, space)?;
        let entry = ctx.append_record(space, "plain.record", name.as_bytes().to_vec())?;
        Plain.record(ctx, &entry, &Standing::Pending)?;
        return Ok(None);
    }
    ctx.require(Permission::Edit, space)?;
    if ctx.space_of(&doc).is_err() {
        ctx.create_doc(space, &doc, |transaction| {
            transaction.put_object(ROOT, "keys", ObjType::Map)?;
            transaction.put_object(ROOT, "text", ObjType::Text)?;
            Ok(transaction.put(ROOT, "count", ScalarValue::counter(0))?)
        })?;
    }
    let heads = ctx.doc(&doc)?.get_heads();
    let mut effect = Effect::default();
    // The heads that a text edit was made at: those of some moment ago.
    let old: Vec<Vec<ChangeHash>> = seen.iter().filter(|(other, _)| *other == doc).map(|(_, heads)| heads.clone()).collect();
    let at = if choice >= 7 && !old.is_empty() { Some(old[random.below(old.len() as u64) as usize].clone()) } else { None };
    if random.below(3) == 0 {
        seen.push((doc.clone(), heads));
    }
    let (inserted, by, place) = (["a", "bc", "def"][random.below(3) as usize], 1 + random.below(3) as i64, random.below(64) as usize);
    let edit = Edit { doc: &doc, label: "edit".into(), element: None, at: at.as_deref() };
    let changed = ctx.change(&edit, |transaction| {
        let object = |transaction: &automerge::transaction::Transaction<'_>, key: &str| {
            transaction.get(ROOT, key).ok().flatten().map(|(_, id)| id).ok_or_else(|| kernel::Error::not_found("the document has not arrived"))
        };
        match choice {
            2..5 => {
                let keys = object(transaction, "keys")?;
                transaction.put(&keys, name, 1)?;
                effect.key = Some(name.to_owned());
            }
            5 | 6 => {
                object(transaction, "text")?;
                transaction.increment(ROOT, "count", by)?;
                effect.count = by;
            }
            _ => {
                let text = object(transaction, "text")?;
                let length = transaction.length(&text);
                transaction.splice_text(&text, place.min(length), 0, inserted)?;
                effect.chars = inserted.len();
            }
        }
        Ok(())
    })?;
    draw(ctx, &doc)?;
    Ok(changed.hash.map(|hash| (hash.0.to_vec(), effect)))
}

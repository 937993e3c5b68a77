//! The SQL of blueprints.

use std::collections::{BTreeMap, BTreeSet};

use automerge::ChangeHash;
use kernel::sql::{Row, Value};
use kernel::{Result, Sql, values};

use crate::doc::{self, Origin};
use crate::rules::conflicts::Place;
use crate::model::{Attribute, AttributeType, Brief, Cardinality, EntityName, Priority, Relation, RequirementKey, RequirementKind, RequirementState, Source};

/// A requirement's row.
pub(crate) struct RequirementRow {
    pub id: String,
    pub key: String,
    pub text: String,
    pub kind: RequirementKind,
    pub priority: Priority,
    pub state: RequirementState,
    pub place: String,
    pub source: Option<Source>,
    pub because: String,
}

/// An entity's row.
pub(crate) struct EntityRow {
    pub id: String,
    pub name: String,
    pub label: String,
    pub note: String,
    pub at: Option<(f64, f64)>,
    pub origin: Origin,
}

/// An attribute, where it comes from, and its place.
pub(crate) type AttributeRow = (Attribute, Origin, String);

fn key(number: u64, suffix: &str) -> String {
    format!("R-{number}{suffix}")
}

// Drawing.

/// The search row of an element.
fn index(sql: &mut dyn Sql, doc: &str, element: &str, words: Option<(&str, &str)>) -> Result<()> {
    sql.execute("insert into blueprint_element (doc, element) values ($1, $2) on conflict (doc, element) do nothing", values![doc, element])?;
    let n: Option<i64> = sql.find("select n from blueprint_element where doc = $1 and element = $2", values![doc, element])?.map(|mut row| row.take(0)).transpose()?;
    sql.execute("delete from blueprint_text where rowid = $1", values![n])?;
    match words {
        Some((title, body)) => sql.execute("insert into blueprint_text (rowid, title, body) values ($1, $2, $3)", values![n, title, body])?,
        None => sql.execute("delete from blueprint_element where n = $1", values![n])?,
    };
    Ok(())
}

fn origin_values(origin: &Origin) -> [Value; 5] {
    let span = |unit: u32| if origin.sentence.is_some() { Value::from(unit) } else { Value::Null };
    [origin.brief.clone().into(), origin.sentence.clone().into(), span(origin.start), span(origin.end), (&origin.because).into()]
}

/// Draws a requirement, and the number it was given, which outlives it.
pub(crate) fn draw_requirement(sql: &mut dyn Sql, doc: &str, id: &str, requirement: Option<&doc::Requirement>, number: Option<u64>) -> Result<()> {
    let Some(requirement) = requirement else {
        sql.execute("delete from blueprint_requirement where doc = $1 and requirement = $2", values![doc, id])?;
        index(sql, doc, id, None)?;
        return draw_number(sql, doc, id, number, false);
    };
    let new = sql.find("select 1 from blueprint_requirement where doc = $1 and requirement = $2", values![doc, id])?.is_none();
    let [brief, sentence, start, end, because] = origin_values(&requirement.origin);
    sql.execute(
        "insert into blueprint_requirement (doc, requirement, number, suffix, text, kind, priority, state, place, brief, sentence, span_start, span_end, because) values ($1, $2, $3, '', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         on conflict (doc, requirement) do update set number = $3, text = $4, kind = $5, priority = $6, state = $7, place = $8, brief = $9, sentence = $10, span_start = $11, span_end = $12, because = $13",
        &[doc.into(), id.into(), requirement.number.into(), (&requirement.text).into(), requirement.kind.word().into(), requirement.priority.word().into(), requirement.state.word().into(), (&requirement.place).into(), brief, sentence, start, end, because],
    )?;
    index(sql, doc, id, Some(("", &requirement.text)))?;
    draw_number(sql, doc, id, number, new)
}

fn draw_number(sql: &mut dyn Sql, doc: &str, id: &str, number: Option<u64>, new: bool) -> Result<()> {
    let before: Option<u64> = sql.find("select number from blueprint_number where doc = $1 and requirement = $2", values![doc, id])?.map(|mut row| row.take(0)).transpose()?;
    if before != number {
        match number {
            None => {
                sql.execute("update blueprint_requirement set suffix = '' where doc = $1 and requirement = $2", values![doc, id])?;
                sql.execute("delete from blueprint_number where doc = $1 and requirement = $2", values![doc, id])?
            }
            Some(number) => sql.execute("insert into blueprint_number (doc, requirement, number) values ($1, $2, $3) on conflict (doc, requirement) do update set number = $3", values![doc, id, number])?,
        };
    } else if !new {
        return Ok(());
    }
    for number in BTreeSet::from([before, number]).into_iter().flatten() {
        draw_suffixes(sql, doc, number)?;
    }
    Ok(())
}

/// Two people can give the same number while they are apart. The one whose id sorts first, which is the older one,
/// keeps it plain; the others bear letters that follow from their own ids, so that these do not depend on who else is
/// there. Removed requirements are counted too: no key changes because another went or came back. What no device can
/// spare the second one is the moment of the merge, when its plain key gets letters.
fn draw_suffixes(sql: &mut dyn Sql, doc: &str, number: u64) -> Result<()> {
    let rows = sql.query(
        "select n.requirement, r.suffix from blueprint_number n left join blueprint_requirement r on r.doc = n.doc and r.requirement = n.requirement where n.doc = $1 and n.number = $2 order by n.requirement",
        values![doc, number],
    )?;
    let mut given = BTreeSet::new();
    for mut row in rows {
        let (id, before): (String, Option<String>) = (row.take(0)?, row.take(1)?);
        let suffix = free_suffix(&mut given, &id);
        if before.is_some_and(|before| before != suffix) {
            sql.execute("update blueprint_requirement set suffix = $3 where doc = $1 and requirement = $2", values![doc, id, suffix])?;
        }
    }
    Ok(())
}

/// Letters that follow from an id; consonants alone, so that they form no words.
fn letters(id: &str, count: usize) -> String {
    const LETTERS: &[u8; 16] = b"bcdfghkmnpqrtvxz";
    let mut bytes = vec![0; count];
    blake3::Hasher::new().update(id.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes.into_iter().map(|byte| char::from(LETTERS[usize::from(byte % 16)])).collect()
}

/// What people call the requirements that ever were, by id.
pub(crate) fn keys(sql: &mut dyn Sql, doc: &str) -> Result<BTreeMap<String, String>> {
    let mut keys = BTreeMap::new();
    let (mut of, mut given) = (0, BTreeSet::new());
    for mut row in sql.query("select requirement, number from blueprint_number where doc = $1 order by number, requirement", values![doc])? {
        let (id, number): (String, u64) = (row.take(0)?, row.take(1)?);
        if number != of {
            (of, given) = (number, BTreeSet::new());
        }
        let suffix = free_suffix(&mut given, &id);
        let key = key(number, &suffix);
        keys.insert(id, key);
    }
    Ok(keys)
}

fn free_suffix(given: &mut BTreeSet<String>, id: &str) -> String {
    let mut suffix = String::new();
    while !given.insert(suffix.clone()) {
        // Three letters nearly always suffice; the hash never ends before two ids part.
        suffix = letters(id, suffix.len() + 3);
    }
    suffix
}

pub(crate) fn draw_entity(sql: &mut dyn Sql, doc: &str, id: &str, entity: Option<&doc::Entity>) -> Result<()> {
    sql.execute("delete from blueprint_attribute where doc = $1 and entity = $2", values![doc, id])?;
    let Some(entity) = entity else {
        sql.execute("delete from blueprint_entity where doc = $1 and entity = $2", values![doc, id])?;
        return index(sql, doc, id, None);
    };
    let [brief, sentence, _, _, because] = origin_values(&entity.origin);
    sql.execute(
        "insert into blueprint_entity (doc, entity, name, label, note, x, y, brief, sentence, because) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict (doc, entity) do update set name = $3, label = $4, note = $5, x = $6, y = $7, brief = $8, sentence = $9, because = $10",
        &[doc.into(), id.into(), (&entity.name).into(), (&entity.label).into(), (&entity.note).into(), entity.at.map(|at| at.0).into(), entity.at.map(|at| at.1).into(), brief, sentence, because],
    )?;
    let mut words = format!("{} {}", entity.label, entity.note);
    for (attribute_id, attribute) in &entity.attributes {
        let [brief, sentence, _, _, because] = origin_values(&attribute.origin);
        sql.execute(
            "insert into blueprint_attribute (doc, entity, attribute, name, label, type, choices, required, uniq, place, brief, sentence, because) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            &[
                doc.into(),
                id.into(),
                attribute_id.into(),
                (&attribute.name).into(),
                (&attribute.label).into(),
                attribute.kind.word().into(),
                attribute.values.join("\n").into(),
                attribute.required.into(),
                attribute.unique.into(),
                (&attribute.place).into(),
                brief,
                sentence,
                because,
            ],
        )?;
        words.push(' ');
        words.push_str(&attribute.name);
        words.push(' ');
        words.push_str(&attribute.label);
    }
    index(sql, doc, id, Some((&entity.name, &words)))
}

pub(crate) fn draw_relation(sql: &mut dyn Sql, doc: &str, id: &str, relation: Option<&doc::Relation>) -> Result<()> {
    let Some(relation) = relation else {
        sql.execute("delete from blueprint_relation where doc = $1 and relation = $2", values![doc, id])?;
        return Ok(());
    };
    let [brief, sentence, _, _, because] = origin_values(&relation.origin);
    sql.execute(
        "insert into blueprint_relation (doc, relation, source, target, cardinality, label, brief, sentence, because) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (doc, relation) do update set source = $3, target = $4, cardinality = $5, label = $6, brief = $7, sentence = $8, because = $9",
        &[doc.into(), id.into(), (&relation.from).into(), (&relation.to).into(), relation.cardinality.word().into(), (&relation.label).into(), brief, sentence, because],
    )?;
    Ok(())
}

pub(crate) fn draw_link(sql: &mut dyn Sql, doc: &str, pair: &str, linked: bool) -> Result<()> {
    let Some((requirement, entity)) = pair.split_once('|') else { return Ok(()) };
    if linked {
        sql.execute("insert into blueprint_link (doc, requirement, entity) values ($1, $2, $3) on conflict do nothing", values![doc, requirement, entity])?;
    } else {
        sql.execute("delete from blueprint_link where doc = $1 and requirement = $2 and entity = $3", values![doc, requirement, entity])?;
    }
    Ok(())
}

pub(crate) fn draw_brief(sql: &mut dyn Sql, doc: &str, id: &str, brief: Option<&doc::Brief>) -> Result<()> {
    match brief {
        None => sql.execute("delete from blueprint_brief where doc = $1 and brief = $2", values![doc, id])?,
        Some(brief) => sql.execute(
            "insert into blueprint_brief (doc, brief, title, text, at, author) values ($1, $2, $3, $4, $5, $6) on conflict (doc, brief) do update set title = $3, text = $4, at = $5, author = $6",
            values![doc, id, &brief.title, &brief.text, brief.at, &brief.author],
        )?,
    };
    Ok(())
}

/// Removes everything that is drawn from a document.
pub(crate) fn erase(sql: &mut dyn Sql, doc: &str) -> Result<()> {
    sql.execute("delete from blueprint_text where rowid in (select n from blueprint_element where doc = $1)", values![doc])?;
    for table in ["element", "requirement", "number", "entity", "attribute", "relation", "link", "brief", "conflict", "moment", "moments"] {
        sql.execute(&format!("delete from blueprint_{table} where doc = $1"), values![doc])?;
    }
    Ok(())
}

/// Everything that is shown of a document, in a fixed order. Numbers that outlived their requirements are not shown.
pub(crate) fn rows(sql: &mut dyn Sql, doc: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (table, order) in [("requirement", "requirement"), ("entity", "entity"), ("attribute", "entity, attribute"), ("relation", "relation"), ("link", "requirement, entity"), ("brief", "brief"), ("conflict", "element, part, field")] {
        rows.extend(sql.query(&format!("select * from blueprint_{table} where doc = $1 order by {order}"), values![doc])?);
    }
    rows.extend(sql.query("select e.element, t.title, t.body from blueprint_element e left join blueprint_text t on t.rowid = e.n where e.doc = $1 order by e.element", values![doc])?);
    Ok(rows)
}

/// Draws where the values of an element differ.
pub(crate) fn draw_conflicts(sql: &mut dyn Sql, doc: &str, element: &str, places: &[Place]) -> Result<()> {
    sql.execute("delete from blueprint_conflict where doc = $1 and element = $2", values![doc, element])?;
    for place in places {
        sql.execute("insert into blueprint_conflict (doc, element, part, field) values ($1, $2, $3, $4)", values![doc, element, &place.part, place.field])?;
    }
    Ok(())
}

// Reading.

/// Where values differ, at most 500 places.
pub(crate) fn conflicts(sql: &mut dyn Sql, doc: &str) -> Result<Vec<Place>> {
    let rows = sql.query("select element, part, field from blueprint_conflict where doc = $1 order by element, part, field limit 500", values![doc])?;
    let mut places = Vec::new();
    for mut row in rows {
        places.extend(crate::rules::conflicts::read(row.take(0)?, row.take(1)?, &row.take::<String>(2)?));
    }
    Ok(places)
}

/// The key of the requirement that a place comes after.
pub(crate) fn before(sql: &mut dyn Sql, doc: &str, place: &str, except: &str) -> Result<Option<String>> {
    sql.find("select number, suffix from blueprint_requirement where doc = $1 and place < $2 and requirement <> $3 order by place desc, requirement desc limit 1", values![doc, place, except])?
        .map(|mut row| Ok(key(row.take(0)?, &row.take::<String>(1)?)))
        .transpose()
}

fn requirement_row(mut row: Row) -> Result<RequirementRow> {
    let sentence: Option<String> = row.take(8)?;
    let brief: Option<String> = row.take(7)?;
    let unit = |value: Option<i64>| u32::try_from(value.unwrap_or(0)).unwrap_or(0);
    let (start, end) = (unit(row.take(9)?), unit(row.take(10)?));
    Ok(RequirementRow {
        id: row.take(0)?,
        key: key(row.take(1)?, &row.take::<String>(2)?),
        text: row.take(3)?,
        kind: RequirementKind::read(&row.take::<String>(4)?).unwrap_or(RequirementKind::Functional),
        priority: Priority::read(&row.take::<String>(5)?).unwrap_or(Priority::Should),
        state: RequirementState::read(&row.take::<String>(6)?).unwrap_or(RequirementState::Draft),
        source: brief.zip(sentence).map(|(brief, sentence)| Source { brief, sentence, start, end }),
        because: row.take(11)?,
        place: row.take(12)?,
    })
}

const REQUIREMENT: &str = "select requirement, number, suffix, text, kind, priority, state, brief, sentence, span_start, span_end, because, place from blueprint_requirement";

pub(crate) fn requirements(sql: &mut dyn Sql, doc: &str) -> Result<Vec<RequirementRow>> {
    sql.query(&format!("{REQUIREMENT} where doc = $1 order by place, requirement"), values![doc])?.into_iter().map(requirement_row).collect()
}

pub(crate) fn requirement(sql: &mut dyn Sql, doc: &str, id: &str) -> Result<Option<RequirementRow>> {
    sql.find(&format!("{REQUIREMENT} where doc = $1 and requirement = $2"), values![doc, id])?.map(requirement_row).transpose()
}

/// The requirements of a number, the one that bears it plain first.
pub(crate) fn numbered(sql: &mut dyn Sql, doc: &str, number: u64) -> Result<Vec<RequirementRow>> {
    sql.query(&format!("{REQUIREMENT} where doc = $1 and number = $2 order by requirement"), values![doc, number])?.into_iter().map(requirement_row).collect()
}

/// The places before and after the gap that follows an element; without one, the gap at the beginning.
pub(crate) fn gap(sql: &mut dyn Sql, doc: &str, after: Option<&str>, moving: &str) -> Result<(Option<String>, Option<String>)> {
    let lower: Option<(String, String)> = match after {
        None => None,
        Some(after) => requirement(sql, doc, after)?.map(|row| (row.place, row.id)),
    };
    let next = match &lower {
        None => sql.find("select place from blueprint_requirement where doc = $1 and requirement <> $2 order by place, requirement limit 1", values![doc, moving])?,
        Some((place, id)) => sql.find(
            "select place from blueprint_requirement where doc = $1 and (place, requirement) > ($2, $3) and requirement <> $4 order by place, requirement limit 1",
            values![doc, place, id, moving],
        )?,
    };
    Ok((lower.map(|(place, _)| place), next.map(|mut row| row.take(0)).transpose()?))
}

pub(crate) fn last_place(sql: &mut dyn Sql, doc: &str) -> Result<Option<String>> {
    sql.find("select place from blueprint_requirement where doc = $1 order by place desc, requirement desc limit 1", values![doc])?.map(|mut row| row.take(0)).transpose()
}

/// Numbers for new requirements: those after every one that was ever given. Where a hostile program gave the last
/// ones, the free ones below.
pub(crate) fn free_numbers(sql: &mut dyn Sql, doc: &str, count: usize) -> Result<Vec<u64>> {
    let last: Option<u64> = sql.find("select number from blueprint_number where doc = $1 order by number desc limit 1", values![doc])?.map(|mut row| row.take(0)).transpose()?;
    let last = last.unwrap_or(0);
    if last + (count as u64) < doc::NUMBERS {
        return Ok((last + 1..).take(count).collect());
    }
    let given: BTreeSet<u64> = sql.query("select number from blueprint_number where doc = $1", values![doc])?.into_iter().map(|mut row| row.take(0)).collect::<Result<_>>()?;
    Ok((1..doc::NUMBERS).filter(|number| !given.contains(number)).take(count).collect())
}

pub(crate) fn entities(sql: &mut dyn Sql, doc: &str) -> Result<Vec<EntityRow>> {
    sql.query("select entity, name, label, note, x, y, brief, sentence, because from blueprint_entity where doc = $1 order by entity", values![doc])?.into_iter().map(entity_row).collect()
}

pub(crate) fn entity(sql: &mut dyn Sql, doc: &str, id: &str) -> Result<Option<EntityRow>> {
    sql.find("select entity, name, label, note, x, y, brief, sentence, because from blueprint_entity where doc = $1 and entity = $2", values![doc, id])?.map(entity_row).transpose()
}

fn entity_row(mut row: Row) -> Result<EntityRow> {
    let at = row.take::<Option<f64>>(4)?.zip(row.take::<Option<f64>>(5)?);
    Ok(EntityRow { id: row.take(0)?, name: row.take(1)?, label: row.take(2)?, note: row.take(3)?, at, origin: Origin { brief: row.take(6)?, sentence: row.take(7)?, start: 0, end: 0, because: row.take(8)? } })
}

/// Attributes by entity, in their order, with where they come from.
pub(crate) fn attributes(sql: &mut dyn Sql, doc: &str, entity: Option<&str>) -> Result<BTreeMap<String, Vec<AttributeRow>>> {
    let columns = "select entity, attribute, name, label, type, choices, required, uniq, brief, sentence, because, place from blueprint_attribute";
    let rows = match entity {
        None => sql.query(&format!("{columns} where doc = $1 order by entity, place, attribute"), values![doc])?,
        Some(entity) => sql.query(&format!("{columns} where doc = $1 and entity = $2 order by place, attribute"), values![doc, entity])?,
    };
    let mut found: BTreeMap<String, Vec<AttributeRow>> = BTreeMap::new();
    for mut row in rows {
        let attribute = Attribute {
            id: row.take(1)?,
            name: row.take(2)?,
            label: row.take(3)?,
            kind: AttributeType::read(&row.take::<String>(4)?).unwrap_or(AttributeType::String),
            values: row.take::<String>(5)?.lines().map(str::to_owned).collect(),
            required: row.take(6)?,
            unique: row.take(7)?,
        };
        let origin = Origin { brief: row.take(8)?, sentence: row.take(9)?, start: 0, end: 0, because: row.take(10)? };
        found.entry(row.take(0)?).or_default().push((attribute, origin, row.take(11)?));
    }
    Ok(found)
}

/// The entity of an attribute.
pub(crate) fn entity_of(sql: &mut dyn Sql, doc: &str, attribute: &str) -> Result<Option<String>> {
    sql.find("select entity from blueprint_attribute where doc = $1 and attribute = $2", values![doc, attribute])?.map(|mut row| row.take(0)).transpose()
}

const RELATION: &str = "select r.relation, r.source, r.target, r.cardinality, r.label, r.brief, r.sentence, r.because from blueprint_relation r
     join blueprint_entity a on a.doc = r.doc and a.entity = r.source join blueprint_entity b on b.doc = r.doc and b.entity = r.target where r.doc = $1";

/// Relations whose both ends exist, with where they come from.
pub(crate) fn relations(sql: &mut dyn Sql, doc: &str) -> Result<Vec<(Relation, Origin)>> {
    sql.query(&format!("{RELATION} order by r.relation"), values![doc])?.into_iter().map(relation_row).collect()
}

/// A relation whose both ends exist, with where it comes from.
pub(crate) fn relation(sql: &mut dyn Sql, doc: &str, id: &str) -> Result<Option<(Relation, Origin)>> {
    sql.find(&format!("{RELATION} and r.relation = $2"), values![doc, id])?.map(relation_row).transpose()
}

fn relation_row(mut row: Row) -> Result<(Relation, Origin)> {
    let cardinality = Cardinality::read(&row.take::<String>(3)?).unwrap_or(Cardinality::OneToMany);
    let relation = Relation { id: row.take(0)?, from: row.take(1)?, to: row.take(2)?, cardinality, label: row.take(4)? };
    Ok((relation, Origin { brief: row.take(5)?, sentence: row.take(6)?, start: 0, end: 0, because: row.take(7)? }))
}

/// The entities of each requirement.
pub(crate) fn entities_by_requirement(sql: &mut dyn Sql, doc: &str) -> Result<BTreeMap<String, Vec<EntityName>>> {
    let mut found: BTreeMap<String, Vec<EntityName>> = BTreeMap::new();
    for mut row in sql.query("select l.requirement, e.entity, e.name from blueprint_link l join blueprint_entity e on e.doc = l.doc and e.entity = l.entity where l.doc = $1 order by l.requirement, e.name", values![doc])? {
        found.entry(row.take(0)?).or_default().push(EntityName { id: row.take(1)?, name: row.take(2)? });
    }
    Ok(found)
}

/// The requirements of each entity, in the order of the list.
pub(crate) fn requirements_by_entity(sql: &mut dyn Sql, doc: &str) -> Result<BTreeMap<String, Vec<RequirementKey>>> {
    let mut found: BTreeMap<String, Vec<RequirementKey>> = BTreeMap::new();
    for mut row in sql.query("select l.entity, r.requirement, r.number, r.suffix from blueprint_link l join blueprint_requirement r on r.doc = l.doc and r.requirement = l.requirement where l.doc = $1 order by l.entity, r.place, r.requirement", values![doc])? {
        found.entry(row.take(0)?).or_default().push(RequirementKey { id: row.take(1)?, key: key(row.take(2)?, &row.take::<String>(3)?) });
    }
    Ok(found)
}

/// The entities of a requirement.
pub(crate) fn entities_of(sql: &mut dyn Sql, doc: &str, requirement: &str) -> Result<Vec<EntityName>> {
    sql.query("select e.entity, e.name from blueprint_link l join blueprint_entity e on e.doc = l.doc and e.entity = l.entity where l.doc = $1 and l.requirement = $2 order by e.name", values![doc, requirement])?
        .into_iter()
        .map(|mut row| Ok(EntityName { id: row.take(0)?, name: row.take(1)? }))
        .collect()
}

/// The requirements of an entity, in the order of the list.
pub(crate) fn requirements_of(sql: &mut dyn Sql, doc: &str, entity: &str) -> Result<Vec<RequirementKey>> {
    sql.query(
        "select r.requirement, r.number, r.suffix from blueprint_link l join blueprint_requirement r on r.doc = l.doc and r.requirement = l.requirement where l.doc = $1 and l.entity = $2 order by r.place, r.requirement",
        values![doc, entity],
    )?
    .into_iter()
    .map(|mut row| Ok(RequirementKey { id: row.take(0)?, key: key(row.take(1)?, &row.take::<String>(2)?) }))
    .collect()
}

pub(crate) fn links_of(sql: &mut dyn Sql, doc: &str, element: &str) -> Result<Vec<String>> {
    sql.query("select requirement, entity from blueprint_link where doc = $1 and requirement = $2 union select requirement, entity from blueprint_link where doc = $1 and entity = $2", values![doc, element])?
        .into_iter()
        .map(|mut row| Ok(doc::pair(&row.take::<String>(0)?, &row.take::<String>(1)?)))
        .collect()
}

fn brief_row(mut row: Row) -> Result<Brief> {
    Ok(Brief { id: row.take(0)?, title: row.take(1)?, text: row.take(2)?, added_at: row.take(3)?, author: row.take(4)? })
}

pub(crate) fn briefs(sql: &mut dyn Sql, doc: &str) -> Result<Vec<Brief>> {
    sql.query("select brief, title, text, at, author from blueprint_brief where doc = $1 order by at desc, brief desc", values![doc])?.into_iter().map(brief_row).collect()
}

pub(crate) fn brief(sql: &mut dyn Sql, doc: &str, id: &str) -> Result<Option<Brief>> {
    sql.find("select brief, title, text, at, author from blueprint_brief where doc = $1 and brief = $2", values![doc, id])?.map(brief_row).transpose()
}

pub(crate) fn counts(sql: &mut dyn Sql, doc: &str) -> Result<(u32, u32)> {
    let mut row = sql
        .find("select (select count(*) from blueprint_requirement where doc = $1), (select count(*) from blueprint_entity where doc = $1)", values![doc])?
        .ok_or_else(|| kernel::Error::internal("a count has no row"))?;
    Ok((u32::try_from(row.take::<i64>(0)?).unwrap_or(u32::MAX), u32::try_from(row.take::<i64>(1)?).unwrap_or(u32::MAX)))
}

const WAITS: &str = "exists (select 1 from kernel_doc d join kernel_entry e on e.space = d.space and e.id = t.hash where d.doc = t.doc and e.seq is null)";

/// Notes that a waiting change touches an element, and drops its notes about changes that wait no longer.
pub(crate) fn touch(sql: &mut dyn Sql, doc: &str, element: &str, hash: &[u8; 32]) -> Result<()> {
    sql.execute(&format!("delete from blueprint_touch as t where doc = $1 and element = $2 and not {WAITS}"), values![doc, element])?;
    sql.execute("insert into blueprint_touch (doc, element, hash) values ($1, $2, $3) on conflict do nothing", values![doc, element, hash])?;
    Ok(())
}

/// Drops the notes about changes that wait no longer.
pub(crate) fn settle(sql: &mut dyn Sql, doc: &str) -> Result<()> {
    sql.execute(&format!("delete from blueprint_touch as t where doc = $1 and not {WAITS}"), values![doc])?;
    Ok(())
}

/// The elements that waiting changes touch.
pub(crate) fn pending(sql: &mut dyn Sql, doc: &str) -> Result<BTreeSet<String>> {
    sql.query(&format!("select distinct element from blueprint_touch t where doc = $1 and {WAITS}"), values![doc])?.into_iter().map(|mut row| row.take(0)).collect()
}

/// Whether a waiting change touches an element.
pub(crate) fn is_pending(sql: &mut dyn Sql, doc: &str, element: &str) -> Result<bool> {
    Ok(sql.find(&format!("select 1 from blueprint_touch t where doc = $1 and element = $2 and {WAITS} limit 1"), values![doc, element])?.is_some())
}

/// Element, title and the words around the find.
pub(crate) fn search(sql: &mut dyn Sql, doc: &str, query: &str, limit: usize) -> Result<Vec<(String, String)>> {
    sql.query(
        "select e.element, snippet(blueprint_text, 1, '', '', '…', 16) from blueprint_text t join blueprint_element e on e.n = t.rowid where blueprint_text match $1 and e.doc = $2 order by rank limit $3",
        values![query, doc, limit],
    )?
    .into_iter()
    .map(|mut row| Ok((row.take(0)?, row.take(1)?)))
    .collect()
}

// Looking back.

/// A change, as the index of moments keeps it.
pub(crate) struct MomentRow {
    pub hash: ChangeHash,
    pub actor: Vec<u8>,
    pub at: i64,
    pub effective: i64,
    pub depth: i64,
    pub deps: Vec<ChangeHash>,
    pub message: String,
    /// Ids, separated by spaces.
    pub elements: String,
}

fn hashes(bytes: &[u8]) -> Vec<ChangeHash> {
    bytes.chunks_exact(32).filter_map(|hash| hash.try_into().ok().map(ChangeHash)).collect()
}

fn joined(hashes: &[ChangeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Up to which heads the moments are read.
pub(crate) fn moments_read(sql: &mut dyn Sql, doc: &str) -> Result<Vec<ChangeHash>> {
    let heads: Option<Vec<u8>> = sql.find("select heads from blueprint_moments where doc = $1", values![doc])?.map(|mut row| row.take(0)).transpose()?;
    Ok(hashes(&heads.unwrap_or_default()))
}

pub(crate) fn set_moments_read(sql: &mut dyn Sql, doc: &str, heads: &[ChangeHash]) -> Result<()> {
    sql.execute("insert into blueprint_moments (doc, heads) values ($1, $2) on conflict (doc) do update set heads = $2", values![doc, joined(heads)])?;
    Ok(())
}

/// When a change is counted as made, and how many it builds on one after the other.
pub(crate) fn moment_order(sql: &mut dyn Sql, doc: &str, hash: &ChangeHash) -> Result<Option<(i64, i64)>> {
    sql.find("select effective, depth from blueprint_moment where doc = $1 and hash = $2", values![doc, hash.0])?.map(|mut row| Ok((row.take(0)?, row.take(1)?))).transpose()
}

pub(crate) fn add_moment(sql: &mut dyn Sql, doc: &str, row: &MomentRow) -> Result<()> {
    sql.execute(
        "insert into blueprint_moment (doc, hash, actor, at, effective, depth, deps, message, elements) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (doc, hash) do nothing",
        values![doc, row.hash.0, &row.actor, row.at, row.effective, row.depth, joined(&row.deps), &row.message, &row.elements],
    )?;
    Ok(())
}

/// Every change, in the order that is the same on every device.
pub(crate) fn moments(sql: &mut dyn Sql, doc: &str) -> Result<Vec<MomentRow>> {
    sql.query("select hash, actor, at, effective, depth, deps, message, elements from blueprint_moment where doc = $1 order by effective, depth, hash", values![doc])?
        .into_iter()
        .map(|mut row| {
            let hash: Vec<u8> = row.take(0)?;
            Ok(MomentRow {
                hash: hashes(&hash).first().copied().ok_or_else(|| kernel::Error::internal("a moment has no hash"))?,
                actor: row.take(1)?,
                at: row.take(2)?,
                effective: row.take(3)?,
                depth: row.take(4)?,
                deps: hashes(&row.take::<Vec<u8>>(5)?),
                message: row.take(6)?,
                elements: row.take(7)?,
            })
        })
        .collect()
}

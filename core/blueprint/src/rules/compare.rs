//! What differs between two states of a blueprint.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Language;

use super::words;
use crate::doc::past::Blueprint;
use crate::doc::{Attribute, Brief, Entity, Relation, Requirement, shown};
use crate::model::{Difference, DifferenceKind as Kind, DifferenceSort as Sort, FieldDifference, Passage, Side};

/// What people call requirements, by id.
pub type Keys = BTreeMap<String, String>;

/// What differs from `before` to `after`: requirements in their order, then the data model, then briefs.
#[must_use]
pub fn compare(before: &Blueprint, after: &Blueprint, keys: &Keys) -> Vec<Difference> {
    let mut found = requirements(before, after, keys);
    for (id, one, other) in pairs(&before.entities, &after.entities) {
        entity(id, one, other, &mut found);
    }
    // A relation comes and goes with its ends, so those that are the same on both sides are looked at too.
    let ids: BTreeSet<&String> = before.relations.keys().chain(after.relations.keys()).collect();
    for id in ids {
        relation(id, (before.relations.get(id), before), (after.relations.get(id), after), &mut found);
    }
    for (id, one, other) in pairs(&before.briefs, &after.briefs) {
        brief(id, one, other, &mut found);
    }
    found
}

/// The elements of either side by id.
fn pairs<'m, T: PartialEq>(before: &'m BTreeMap<String, T>, after: &'m BTreeMap<String, T>) -> Vec<(&'m str, Option<&'m T>, Option<&'m T>)> {
    let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    ids.into_iter().map(|id| (id.as_str(), before.get(id), after.get(id))).filter(|(_, one, other)| one != other).collect()
}

fn sort<T>(before: Option<T>, after: Option<T>) -> Sort {
    match (before, after) {
        (None, _) => Sort::Added,
        (_, None) => Sort::Removed,
        _ => Sort::Changed,
    }
}

struct Fields(Vec<FieldDifference>);

impl Fields {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn word(&mut self, field: &str, before: &str, after: &str) {
        if before != after {
            self.0.push(FieldDifference { field: field.into(), before: before.into(), after: after.into(), passages: Vec::new() });
        }
    }

    fn text(&mut self, field: &str, before: &str, after: &str) {
        if before != after {
            self.0.push(FieldDifference { field: field.into(), before: before.into(), after: after.into(), passages: words::compare(before, after) });
        }
    }

    /// Something that is told without its values.
    fn mark(&mut self, field: &str, differs: bool) {
        if differs {
            self.0.push(FieldDifference { field: field.into(), before: String::new(), after: String::new(), passages: Vec::new() });
        }
    }

    fn flag(&mut self, field: &str, before: bool, after: bool) {
        self.word(field, if before { "yes" } else { "no" }, if after { "yes" } else { "no" });
    }
}

fn requirements(before: &Blueprint, after: &Blueprint, keys: &Keys) -> Vec<Difference> {
    let (links_before, links_after) = (links(before), links(after));
    let none = Vec::new();
    let ids: BTreeSet<&String> = before.requirements.keys().chain(after.requirements.keys()).collect();
    let mut found = Vec::new();
    for id in ids {
        let (one, other) = (before.requirements.get(id), after.requirements.get(id));
        let (linked_one, linked_other) = (links_before.get(id.as_str()).unwrap_or(&none), links_after.get(id.as_str()).unwrap_or(&none));
        // What an entity is called is told of the entity, and one that went is told there.
        if one == other && linked_one.iter().map(|(id, _)| id).eq(linked_other.iter().map(|(id, _)| id)) {
            continue;
        }
        let mut fields = Fields::new();
        if let (Some(one), Some(other)) = (one, other) {
            requirement_fields(one, other, &mut fields);
            if !linked_one.iter().map(|(id, _)| id).eq(linked_other.iter().map(|(id, _)| id)) {
                let names = |linked: &[(&str, &str)]| linked.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
                fields.0.push(FieldDifference { field: "entities".into(), before: names(linked_one), after: names(linked_other), passages: Vec::new() });
            }
            if fields.0.is_empty() {
                continue;
            }
        }
        let (Some(some), sort) = (other.or(one), sort(one, other)) else { continue };
        let place = some.place.clone();
        let detail = if sort == Sort::Changed { String::new() } else { shown(some.text.clone()) };
        found.push((place, Difference { id: id.clone(), kind: Kind::Requirement, sort, title: keys.get(id).cloned().unwrap_or_default(), detail, parent: None, fields: fields.0 }));
    }
    found.sort_by(|(one, a), (other, b)| (one, &a.id).cmp(&(other, &b.id)));
    found.into_iter().map(|(_, difference)| difference).collect()
}

/// The entities of each requirement that are there, by id, with their names.
fn links(blueprint: &Blueprint) -> BTreeMap<&str, Vec<(&str, &str)>> {
    let mut found: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (requirement, entity) in &blueprint.links {
        if let Some(named) = blueprint.entities.get(entity) {
            found.entry(requirement).or_default().push((entity, &named.name));
        }
    }
    found
}

fn requirement_fields(before: &Requirement, after: &Requirement, fields: &mut Fields) {
    fields.text("text", &shown(before.text.clone()), &shown(after.text.clone()));
    fields.word("kind", before.kind.word(), after.kind.word());
    fields.word("priority", before.priority.word(), after.priority.word());
    fields.word("state", before.state.word(), after.state.word());
    fields.mark("place", before.place != after.place);
    fields.mark("source", before.origin != after.origin);
}

fn entity(id: &str, before: Option<&Entity>, after: Option<&Entity>, found: &mut Vec<Difference>) {
    let Some(some) = after.or(before) else { return };
    let sort = sort(before, after);
    let mut fields = Fields::new();
    if let (Some(before), Some(after)) = (before, after) {
        fields.word("name", &before.name, &after.name);
        fields.word("label", &before.label, &after.label);
        fields.text("note", &before.note, &after.note);
        fields.mark("place", before.at != after.at);
        fields.mark("source", before.origin != after.origin);
    }
    if sort != Sort::Changed || !fields.0.is_empty() {
        let names: Vec<&str> = some.attributes.iter().map(|(_, attribute)| attribute.name.as_str()).collect();
        let detail = if sort == Sort::Changed { String::new() } else { names.join(", ") };
        found.push(Difference { id: id.into(), kind: Kind::Entity, sort, title: some.name.clone(), detail, parent: None, fields: fields.0 });
    }
    if let (Some(before), Some(after)) = (before, after) {
        let (one, other): (BTreeMap<String, Attribute>, BTreeMap<String, Attribute>) = (before.attributes.iter().cloned().collect(), after.attributes.iter().cloned().collect());
        for (attribute_id, one, other) in pairs(&one, &other) {
            attribute(id, &some.name, attribute_id, one, other, found);
        }
    }
}

fn attribute(entity: &str, name: &str, id: &str, before: Option<&Attribute>, after: Option<&Attribute>, found: &mut Vec<Difference>) {
    let Some(some) = after.or(before) else { return };
    let sort = sort(before, after);
    let mut fields = Fields::new();
    if let (Some(before), Some(after)) = (before, after) {
        fields.word("name", &before.name, &after.name);
        fields.word("label", &before.label, &after.label);
        fields.word("type", before.kind.word(), after.kind.word());
        fields.text("values", &before.values.join(", "), &after.values.join(", "));
        fields.flag("required", before.required, after.required);
        fields.flag("unique", before.unique, after.unique);
        fields.mark("place", before.place != after.place);
        fields.mark("source", before.origin != after.origin);
    }
    let detail = if sort == Sort::Changed { String::new() } else { some.kind.word().to_owned() };
    found.push(Difference { id: id.into(), kind: Kind::Attribute, sort, title: format!("{name}.{}", some.name), detail, parent: Some(entity.into()), fields: fields.0 });
}

/// A relation without both of its ends is not shown, so it counts as not there.
fn whole<'r>(relation: Option<&'r Relation>, blueprint: &Blueprint) -> Option<(&'r Relation, String)> {
    let relation = relation?;
    let (from, to) = (blueprint.entities.get(&relation.from)?, blueprint.entities.get(&relation.to)?);
    Some((relation, format!("{} – {}", from.name, to.name)))
}

fn relation(id: &str, before: (Option<&Relation>, &Blueprint), after: (Option<&Relation>, &Blueprint), found: &mut Vec<Difference>) {
    let (before, after) = (whole(before.0, before.1), whole(after.0, after.1));
    let Some((some, ends)) = after.as_ref().or(before.as_ref()) else { return };
    if before.as_ref().map(|(relation, _)| relation) == after.as_ref().map(|(relation, _)| relation) {
        return;
    }
    let sort = sort(before.as_ref(), after.as_ref());
    let mut fields = Fields::new();
    if let (Some((before, ends_before)), Some((after, ends_after))) = (&before, &after) {
        if (&before.from, &before.to) != (&after.from, &after.to) {
            fields.0.push(FieldDifference { field: "ends".into(), before: ends_before.clone(), after: ends_after.clone(), passages: Vec::new() });
        }
        fields.word("cardinality", before.cardinality.word(), after.cardinality.word());
        fields.word("label", &before.label, &after.label);
        fields.mark("source", before.origin != after.origin);
    }
    let detail = if sort == Sort::Changed { String::new() } else { some.cardinality.word().to_owned() };
    found.push(Difference { id: id.into(), kind: Kind::Relation, sort, title: ends.clone(), detail, parent: None, fields: fields.0 });
}

fn brief(id: &str, before: Option<&Brief>, after: Option<&Brief>, found: &mut Vec<Difference>) {
    let Some(some) = after.or(before) else { return };
    let mut fields = Fields::new();
    if let (Some(before), Some(after)) = (before, after) {
        fields.word("name", &before.title, &after.title);
        fields.text("text", &before.text, &after.text);
    }
    found.push(Difference { id: id.into(), kind: Kind::Brief, sort: sort(before, after), title: some.title.clone(), detail: String::new(), parent: None, fields: fields.0 });
}

/// Differences as a plain list, one a line, with fields below what was changed.
#[must_use]
pub fn print(differences: &[Difference], language: Language) -> String {
    let say = |en: &'static str, ru: &'static str| if language == Language::Ru { ru } else { en };
    let mut text = String::new();
    for difference in differences {
        let sign = match difference.sort {
            Sort::Added => '+',
            Sort::Changed => '~',
            Sort::Removed => '-',
        };
        let kind = match difference.kind {
            Kind::Requirement => "",
            Kind::Entity => say("Entity ", "Сущность "),
            Kind::Attribute => say("Attribute ", "Атрибут "),
            Kind::Relation => say("Relation ", "Связь "),
            Kind::Brief => say("Brief ", "Бриф "),
        };
        text.push_str(&format!("{sign} {kind}{}", difference.title));
        if !difference.detail.is_empty() {
            text.push_str(&format!(": {}", difference.detail.replace('\n', " ")));
        }
        text.push('\n');
        for field in &difference.fields {
            let name = match field.field.as_str() {
                "text" => say("text", "текст"),
                "kind" => say("kind", "вид"),
                "priority" => say("priority", "приоритет"),
                "state" => say("state", "состояние"),
                "place" => say("moved", "перемещено"),
                "entities" => say("entities", "сущности"),
                "name" => say("name", "имя"),
                "label" => say("label", "подпись"),
                "note" => say("note", "заметка"),
                "type" => say("type", "тип"),
                "values" => say("values", "значения"),
                "required" => say("required", "обязательный"),
                "unique" => say("unique", "уникальный"),
                "ends" => say("ends", "концы"),
                "cardinality" => say("cardinality", "кратность"),
                _ => say("source", "источник"),
            };
            text.push_str(&format!("    {name}"));
            if !field.passages.is_empty() {
                text.push_str(&format!(": {}", marked(&field.passages).replace('\n', " ")));
            } else if field.before != field.after {
                let or_none = |value: &str| if value.is_empty() { "–".to_owned() } else { value.to_owned() };
                text.push_str(&format!(": {} → {}", or_none(&field.before), or_none(&field.after)));
            }
            text.push('\n');
        }
    }
    text
}

fn marked(passages: &[Passage]) -> String {
    passages
        .iter()
        .map(|passage| match passage.side {
            Side::Both => passage.text.clone(),
            Side::Before => format!("[-{}-]", passage.text),
            Side::After => format!("{{+{}+}}", passage.text),
        })
        .collect()
}

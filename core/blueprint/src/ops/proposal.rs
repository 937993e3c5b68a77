//! From what a client said to a change set, and from the change set into the blueprint.
//!
//! A proposal is computed from the text and the model alone, with ids that hash what an item says. Accepting computes it
//! again, so nothing has to be remembered in between, and what changed meanwhile is noticed.

use std::collections::{BTreeMap, BTreeSet};

use automerge::transaction::Transactable;
use kernel::{Ctx, Error, Language, Permission, Result};

use super::history::own_name;
use super::{Touched, Work, change, line, open};
use crate::doc::{self, BRIEFS, ENTITIES, LINKS, Origin, RELATIONS, REQUIREMENTS};
use crate::model::{Accept, Attribute, AttributeType, Cardinality, ChangeItem, ChangeSet, ItemAction, ItemKind, Priority, Propose, Relation, RequirementKind, RequirementState};
use crate::rules::translate::{self, Refusal, Translation, translate};
use crate::rules::place;
use crate::store;

/// What an item does when it is accepted.
enum Plan {
    Requirement { kind: RequirementKind, priority: Priority, text: String, entities: Vec<String> },
    Entity { name: String, label: String },
    Attribute { entity: String, name: String, label: String, kind: AttributeType, values: Vec<String>, required: bool },
    /// An attribute that is there gets another type.
    Retype { entity: String, id: String, kind: AttributeType, values: Vec<String> },
    Relation { from: String, to: String, cardinality: Cardinality },
    /// An entity that is there gets another name for people.
    Relabel { id: String, label: String },
    /// A relation that is there gets another cardinality.
    Recount { id: String, cardinality: Cardinality },
}

struct Proposal {
    set: ChangeSet,
    plans: Vec<Plan>,
}

/// What is in the blueprint already, by lower-case name.
struct Present {
    requirements: BTreeSet<String>,
    entities: BTreeMap<String, PresentEntity>,
    relations: BTreeMap<(String, String), Vec<Relation>>,
}

struct PresentEntity {
    id: String,
    name: String,
    label: String,
    attributes: Vec<Attribute>,
}

impl Present {
    /// A relation between two entities, and the cardinality as it reads in that relation's direction: one that counts
    /// so already, or else the first.
    fn between(&self, from: &str, to: &str, cardinality: Cardinality) -> Option<(&Relation, Cardinality)> {
        let of = |from: &str, to: &str| self.relations.get(&(from.to_owned(), to.to_owned())).map(Vec::as_slice).unwrap_or_default();
        let forth = of(from, to).iter().map(|relation| (relation, cardinality));
        let all = || forth.clone().chain(of(to, from).iter().map(|relation| (relation, cardinality.reversed())));
        all().find(|(relation, counted)| relation.cardinality == *counted).or_else(|| all().next())
    }
}

/// Proposes what a text adds to the blueprint, without effect.
///
/// # Errors
/// `NotFound`, and `Invalid` or `TooLarge` for a text that can't be translated.
pub fn propose(ctx: &mut Ctx<'_>, input: &Propose) -> Result<ChangeSet> {
    let (doc, _) = open(ctx, input.project, Permission::Read)?;
    Ok(build(ctx, &doc, &input.text)?.set)
}

/// Accepts the chosen items with what they need, as one change: the brief, the requirements, the model, the links.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Invalid`, and `Conflict` when an item is no longer proposed.
pub fn accept(ctx: &mut Ctx<'_>, input: &Accept) -> Result<()> {
    let title = if input.title.trim().is_empty() { ctx.say(("Brief", "Бриф")) } else { line("title", &input.title)? };
    let (doc, _) = open(ctx, input.project, Permission::Edit)?;
    let proposal = build(ctx, &doc, &input.text)?;
    let chosen = chosen(&proposal, &input.items)?;
    let (requirements, entities) = store::counts(ctx.sql, &doc)?;
    if requirements as usize + chosen.len() > super::requirements::MOST as usize || entities as usize + chosen.len() > super::elements::MOST as usize {
        return Err(Error::new(kernel::Code::TooLarge, ("The project would hold more than fits: 20,000 requirements and 5,000 entities.", "В проект столько не поместится: не больше 20 000 требований и 5 000 сущностей.")));
    }
    let brief_id = ctx.id("brf");
    let brief = doc::Brief { title: title.clone(), text: input.text.clone(), at: ctx.now.millis(), author: own_name(ctx)? };
    let mut touched = Touched::new();
    touched.insert((BRIEFS.to_owned(), brief_id.clone()));

    // Ids are drawn before the document is changed, because both need the context.
    let mut entity_ids: BTreeMap<String, String> = BTreeMap::new();
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    for row in store::entities(ctx.sql, &doc)? {
        entity_ids.insert(row.name.to_lowercase(), row.id);
    }
    for (entity, attributes) in store::attributes(ctx.sql, &doc, None)? {
        if let Some((_, _, place)) = attributes.last() {
            places.insert(entity, place.clone());
        }
    }
    let mut numbers = store::free_numbers(ctx.sql, &doc, chosen.len())?.into_iter();
    let mut last = store::last_place(ctx.sql, &doc)?;
    let mut ids = Vec::new();
    for at in &chosen {
        ids.push(match &proposal.plans[*at] {
            Plan::Requirement { .. } => ctx.id("req"),
            Plan::Entity { name, .. } => {
                let id = ctx.id("ent");
                entity_ids.insert(name.to_lowercase(), id.clone());
                id
            }
            Plan::Attribute { .. } => ctx.id("att"),
            Plan::Relation { .. } => ctx.id("rel"),
            Plan::Retype { id, .. } | Plan::Relabel { id, .. } | Plan::Recount { id, .. } => id.clone(),
        });
    }

    let count = chosen.len();
    let label = (format!("Accepted {count} from \"{title}\""), format!("Принято из «{title}»: {count}"));
    for (at, id) in chosen.iter().zip(&ids) {
        let container = match &proposal.plans[*at] {
            Plan::Requirement { entities, .. } => {
                touched.extend(entities.iter().filter_map(|name| entity_ids.get(&name.to_lowercase())).map(|entity| (LINKS.to_owned(), doc::pair(id, entity))));
                (REQUIREMENTS, id.clone())
            }
            Plan::Entity { .. } | Plan::Relabel { .. } => (ENTITIES, id.clone()),
            Plan::Attribute { entity, .. } | Plan::Retype { entity, .. } => match entity_ids.get(&entity.to_lowercase()) {
                Some(entity) => (ENTITIES, entity.clone()),
                None => continue,
            },
            Plan::Relation { .. } | Plan::Recount { .. } => (RELATIONS, id.clone()),
        };
        touched.insert((container.0.to_owned(), container.1));
    }
    let work = Work { project: input.project, label: label.into(), element: None, touched };
    change(ctx, work, |transaction| {
        doc::add_brief(transaction, &brief_id, &brief)?;
        let origin = |item: &ChangeItem| Origin { brief: Some(brief_id.clone()), sentence: Some(item.sentence.clone()), start: item.start, end: item.end, because: item.because.clone() };
        // Entities come first: the rest stands on them.
        for (at, id) in chosen.iter().zip(&ids) {
            if let Plan::Entity { name, label } = &proposal.plans[*at] {
                let entity = doc::Entity { name: name.clone(), label: label.clone(), note: String::new(), at: None, attributes: Vec::new(), origin: origin(&proposal.set.items[*at]) };
                doc::add_entity(transaction, id, &entity)?;
            }
        }
        for (at, id) in chosen.iter().zip(&ids) {
            let item = &proposal.set.items[*at];
            match &proposal.plans[*at] {
                Plan::Entity { .. } => {}
                Plan::Requirement { kind, priority, text, entities } => {
                    let place = place::after(last.as_deref());
                    last = Some(place.clone());
                    let requirement = doc::Requirement { number: numbers.next().unwrap_or(0), text: text.clone(), kind: *kind, priority: *priority, state: RequirementState::Draft, place, origin: origin(item) };
                    doc::add_requirement(transaction, id, &requirement)?;
                    let links = doc::container(transaction, LINKS)?;
                    for entity in entities.iter().filter_map(|name| entity_ids.get(&name.to_lowercase())) {
                        transaction.put(&links, doc::pair(id, entity), true)?;
                    }
                }
                Plan::Attribute { entity, name, label, kind, values, required } => {
                    let Some(entity) = entity_ids.get(&entity.to_lowercase()) else { continue };
                    let place = place::after(places.get(entity).map(String::as_str));
                    places.insert(entity.clone(), place.clone());
                    let attribute = doc::Attribute { name: name.clone(), label: label.clone(), kind: *kind, values: values.clone(), required: *required, unique: false, place, origin: origin(item) };
                    doc::add_attribute(transaction, entity, id, &attribute)?;
                }
                Plan::Retype { entity, id, kind, values } => {
                    let Some(object) = entity_ids.get(&entity.to_lowercase()).and_then(|entity| doc::attribute_object(transaction, entity, id)) else { continue };
                    transaction.put(&object, "type", kind.word())?;
                    transaction.put(&object, "values", values.join("\n"))?;
                }
                Plan::Relabel { id, label } => {
                    let Some(object) = doc::element(transaction, ENTITIES, id) else { continue };
                    transaction.put(&object, "label", label.as_str())?;
                }
                Plan::Recount { id, cardinality } => {
                    let Some(object) = doc::element(transaction, RELATIONS, id) else { continue };
                    transaction.put(&object, "cardinality", cardinality.word())?;
                }
                Plan::Relation { from, to, cardinality } => {
                    let (Some(from), Some(to)) = (entity_ids.get(&from.to_lowercase()), entity_ids.get(&to.to_lowercase())) else { continue };
                    doc::add_relation(transaction, id, &doc::Relation { from: from.clone(), to: to.clone(), cardinality: *cardinality, label: String::new(), origin: origin(item) })?;
                }
            }
        }
        Ok(())
    })
}

/// The chosen items with everything they need, in the order of the proposal.
fn chosen(proposal: &Proposal, wanted: &[String]) -> Result<Vec<usize>> {
    let at: BTreeMap<&str, usize> = proposal.set.items.iter().enumerate().map(|(at, item)| (item.id.as_str(), at)).collect();
    let mut open: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let mut chosen = BTreeSet::new();
    while let Some(id) = open.pop() {
        let Some(&at) = at.get(id) else {
            return Err(Error::conflict(("The blueprint changed since this was proposed. Translate the text again.", "С тех пор проект изменился. Переведите текст ещё раз.")));
        };
        if chosen.insert(at) {
            open.extend(proposal.set.items[at].needs.iter().map(String::as_str));
        }
    }
    if chosen.is_empty() {
        return Err(Error::invalid("items", ("Choose at least one part.", "Выберите хотя бы одну часть.")));
    }
    Ok(chosen.into_iter().collect())
}

fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Empty => Error::invalid("text", ("There is nothing to translate yet. Write a sentence or two about what the system should keep and who uses it.", "Переводить пока нечего. Напишите одно-два предложения: что система хранит и кто ею пользуется.")),
        Refusal::Binary => Error::invalid("text", ("This is not plain text. Save it as text or Markdown in UTF-8 and try again.", "Это не простой текст. Сохраните его как текст или Markdown в UTF-8 и повторите.")),
        Refusal::TooLong => Error::new(kernel::Code::TooLarge, ("The text is longer than 1 MiB. Split it by subject and translate the parts one by one.", "Текст длиннее 1 МиБ. Разделите его по темам и переведите по частям.")).about("text"),
    }
}

fn present(ctx: &mut Ctx<'_>, doc: &str) -> Result<Present> {
    let mut attributes = store::attributes(ctx.sql, doc, None)?;
    let rows = store::entities(ctx.sql, doc)?;
    let names: BTreeMap<&str, String> = rows.iter().map(|row| (row.id.as_str(), row.name.to_lowercase())).collect();
    let mut relations: BTreeMap<(String, String), Vec<Relation>> = BTreeMap::new();
    for (relation, _) in store::relations(ctx.sql, doc)? {
        if let (Some(from), Some(to)) = (names.get(relation.from.as_str()), names.get(relation.to.as_str())) {
            relations.entry((from.clone(), to.clone())).or_default().push(relation);
        }
    }
    let entities = rows
        .into_iter()
        .map(|row| {
            let attributes = attributes.remove(&row.id).unwrap_or_default().into_iter().map(|(attribute, _, _)| attribute).collect();
            (row.name.to_lowercase(), PresentEntity { id: row.id, name: row.name, label: row.label, attributes })
        })
        .collect();
    let requirements = store::requirements(ctx.sql, doc)?.into_iter().map(|row| plain(&row.text)).collect();
    Ok(Present { requirements, entities, relations })
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches(['.', ';', '!']).to_lowercase()
}

/// An item is known by what it says, so the same text gives the same ids.
fn item_id(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    format!("itm_{}", &hasher.finalize().to_hex()[..20])
}

/// Sentences of a text with their place in UTF-16 units.
struct Spans<'t> {
    text: &'t str,
    /// Units before each sentence's first byte and before the byte after its last, by requirement id.
    units: BTreeMap<&'t str, (u32, u32, &'t str)>,
}

impl<'t> Spans<'t> {
    fn of(text: &'t str, translation: &'t Translation) -> Self {
        let mut marks: Vec<usize> = translation.requirements.iter().flat_map(|requirement| [requirement.span.0, requirement.span.1]).collect();
        marks.sort_unstable();
        marks.dedup();
        let mut at_byte = BTreeMap::new();
        let (mut byte, mut units) = (0, 0_u32);
        for mark in marks {
            units += text.get(byte..mark).unwrap_or_default().chars().map(|c| u32::try_from(c.len_utf16()).unwrap_or(1)).sum::<u32>();
            byte = mark;
            at_byte.insert(mark, units);
        }
        let units = translation
            .requirements
            .iter()
            .map(|requirement| {
                let (start, end) = requirement.span;
                (requirement.id.as_str(), (at_byte.get(&start).copied().unwrap_or(0), at_byte.get(&end).copied().unwrap_or(0), text.get(start..end).unwrap_or_default()))
            })
            .collect();
        Self { text, units }
    }

    /// The first of these requirements, or the whole text where the translator names none.
    fn first(&self, requirements: &[String]) -> (u32, u32, &'t str) {
        requirements.iter().find_map(|id| self.units.get(id.as_str()).copied()).unwrap_or_else(|| (0, 0, self.text.lines().next().unwrap_or_default()))
    }
}

fn build(ctx: &mut Ctx<'_>, doc: &str, text: &str) -> Result<Proposal> {
    let translation = translate(text).map_err(refused)?;
    let present = present(ctx, doc)?;
    let spans = Spans::of(text, &translation);
    let ru = ctx.language == Language::Ru;
    let mut items = Vec::new();
    let mut plans = Vec::new();
    let mut entity_items: BTreeMap<String, String> = BTreeMap::new();

    for requirement in &translation.requirements {
        let kind = match requirement.kind {
            translate::RequirementKind::Functional => RequirementKind::Functional,
            translate::RequirementKind::Quality => RequirementKind::Quality,
            translate::RequirementKind::Constraint => RequirementKind::Constraint,
            translate::RequirementKind::Integration => RequirementKind::Integration,
            translate::RequirementKind::Note => continue,
        };
        if present.requirements.contains(&plain(&requirement.text)) {
            continue;
        }
        let priority = match requirement.priority {
            Some(translate::Priority::Must) => Priority::Must,
            Some(translate::Priority::Could) => Priority::Could,
            Some(translate::Priority::Should) | None => Priority::Should,
        };
        let (start, end, sentence) = spans.units.get(requirement.id.as_str()).copied().unwrap_or_default();
        let because = match (kind, ru) {
            (RequirementKind::Functional, false) => "The sentence says what the system does or keeps.",
            (RequirementKind::Functional, true) => "Предложение говорит, что система делает или хранит.",
            (RequirementKind::Quality, false) => "The sentence says how well the system has to do it.",
            (RequirementKind::Quality, true) => "Предложение говорит, насколько хорошо система должна это делать.",
            (RequirementKind::Constraint, false) => "The sentence states a rule for data or people.",
            (RequirementKind::Constraint, true) => "Предложение задаёт правило для данных или людей.",
            (RequirementKind::Integration, false) => "The sentence names another system to work with.",
            (RequirementKind::Integration, true) => "Предложение называет другую систему, с которой нужна связь.",
        };
        items.push(ChangeItem {
            id: item_id(&["requirement", &requirement.text, &start.to_string()]),
            kind: ItemKind::Requirement,
            action: ItemAction::Add,
            title: requirement.text.clone(),
            detail: kind.word().to_owned(),
            sentence: sentence.to_owned(),
            start,
            end,
            because: because.to_owned(),
            needs: Vec::new(),
            before: None,
        });
        let entities = translation.entities.iter().filter(|entity| entity.requirements.contains(&requirement.id)).map(|entity| entity.name.clone()).collect();
        plans.push(Plan::Requirement { kind, priority, text: requirement.text.clone(), entities });
    }

    for entity in &translation.entities {
        let name = entity.name.to_lowercase();
        let known = present.entities.get(&name);
        let (start, end, sentence) = spans.first(&entity.requirements);
        let id = item_id(&["entity", &entity.name]);
        if known.is_none() {
            items.push(ChangeItem {
                id: id.clone(),
                kind: ItemKind::Entity,
                action: ItemAction::Add,
                title: entity.name.clone(),
                detail: entity.label.clone(),
                sentence: sentence.to_owned(),
                start,
                end,
                because: entity.because.clone(),
                needs: Vec::new(),
                before: None,
            });
            plans.push(Plan::Entity { name: entity.name.clone(), label: entity.label.clone() });
            entity_items.insert(name.clone(), id.clone());
        }
        // A label that repeats the name says nothing new where none was given.
        let label = entity.label.trim();
        let said = |there: &PresentEntity| if there.label.is_empty() { there.name.clone() } else { there.label.clone() };
        if let Some(there) = known.filter(|there| !label.is_empty() && said(there).to_lowercase() != label.to_lowercase()) {
            items.push(ChangeItem {
                id: item_id(&["label", &entity.name, label]),
                kind: ItemKind::Entity,
                action: ItemAction::Change,
                title: there.name.clone(),
                detail: label.to_owned(),
                sentence: sentence.to_owned(),
                start,
                end,
                because: if ru { format!("Так это названо в тексте: «{label}».") } else { format!("The text calls it \"{label}\".") },
                needs: Vec::new(),
                before: Some(said(there)),
            });
            plans.push(Plan::Relabel { id: there.id.clone(), label: label.to_owned() });
        }
        for attribute in &entity.attributes {
            let kind = AttributeType::from(attribute.kind);
            let there = known.and_then(|known| known.attributes.iter().find(|there| there.name.eq_ignore_ascii_case(&attribute.name)));
            // A guess must not overwrite what stands there; only a type that the words themselves show is proposed.
            if there.is_some_and(|there| there.kind == kind || kind == AttributeType::String || there.kind != AttributeType::String) {
                continue;
            }
            let (start, end, sentence) = spans.first(if attribute.requirements.is_empty() { &entity.requirements } else { &attribute.requirements });
            let because = if ru { format!("Предложение называет это у «{}».", entity.label) } else { format!("The sentence names it of {}.", entity.name) };
            items.push(ChangeItem {
                id: item_id(&["attribute", &entity.name, &attribute.name, kind.word()]),
                kind: ItemKind::Attribute,
                action: if there.is_some() { ItemAction::Change } else { ItemAction::Add },
                title: attribute.name.clone(),
                detail: kind.word().to_owned(),
                sentence: sentence.to_owned(),
                start,
                end,
                because,
                needs: entity_items.get(&name).cloned().into_iter().collect(),
                before: there.map(|there| format!("{}: {}", there.name, there.kind.word())),
            });
            plans.push(match there {
                Some(there) => Plan::Retype { entity: entity.name.clone(), id: there.id.clone(), kind, values: attribute.values.clone() },
                None => Plan::Attribute {
                    entity: entity.name.clone(),
                    name: attribute.name.clone(),
                    label: attribute.label.clone(),
                    kind,
                    values: attribute.values.clone(),
                    required: attribute.required,
                },
            });
        }
    }

    let mut changed = BTreeSet::new();
    for relation in &translation.relations {
        let (from, to) = (relation.from.to_lowercase(), relation.to.to_lowercase());
        let (start, end, sentence) = spans.first(&relation.requirements);
        let cardinality = Cardinality::from(relation.cardinality);
        if let Some((there, counted)) = present.between(&from, &to, cardinality) {
            // A text that says several things of one pair must not change the relation to and fro.
            let said = translation.relations.iter().any(|other| present.between(&other.from.to_lowercase(), &other.to.to_lowercase(), other.cardinality.into()).is_some_and(|(relation, counted)| relation.id == there.id && relation.cardinality == counted));
            if said || !changed.insert(there.id.clone()) {
                continue;
            }
            let forth = present.entities.get(&from).is_some_and(|entity| entity.id == there.from);
            let title = if forth { format!("{} – {}", relation.from, relation.to) } else { format!("{} – {}", relation.to, relation.from) };
            items.push(ChangeItem {
                id: item_id(&["cardinality", &relation.from, &relation.to, counted.word()]),
                kind: ItemKind::Relation,
                action: ItemAction::Change,
                before: Some(format!("{title}: {}", there.cardinality.word())),
                title,
                detail: counted.word().to_owned(),
                sentence: sentence.to_owned(),
                start,
                end,
                because: relation.because.clone(),
                needs: Vec::new(),
            });
            plans.push(Plan::Recount { id: there.id.clone(), cardinality: counted });
            continue;
        }
        items.push(ChangeItem {
            id: item_id(&["relation", &relation.from, &relation.to, cardinality.word()]),
            kind: ItemKind::Relation,
            action: ItemAction::Add,
            title: format!("{} – {}", relation.from, relation.to),
            detail: cardinality.word().to_owned(),
            sentence: sentence.to_owned(),
            start,
            end,
            because: relation.because.clone(),
            needs: [&from, &to].into_iter().filter_map(|name| entity_items.get(name).cloned()).collect(),
            before: None,
        });
        plans.push(Plan::Relation { from: relation.from.clone(), to: relation.to.clone(), cardinality });
    }

    let language = match translation.language {
        translate::Language::En => Language::En,
        translate::Language::Ru => Language::Ru,
    };
    let questions = translation.questions.into_iter().map(|question| question.text).collect();
    Ok(Proposal { set: ChangeSet { language, items, questions }, plans })
}

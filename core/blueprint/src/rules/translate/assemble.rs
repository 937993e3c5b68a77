//! Puts the findings together: facts become entities with attributes, relations and roles.

use std::collections::{BTreeMap, BTreeSet};

use super::entities::{self, Candidate};
use super::facts::{self, Fact, Found, Item, Rule};
use super::things::unwrap;
use super::lexicon_en::{self as lexicon, Class};
use super::model::{Attribute, AttributeType, Cardinality, Entity, Language, Relation, Requirement, RequirementKind, Role, Translation};
use super::phrases::Phrase;
use super::relations::{Tie, Ties, tie};
use super::{attributes, naming, questions, requirements, split};

/// Words that mean the same in a brief; the more frequent one stays.
const SYNONYMS: &[&[&str]] = &[
    &["customer", "client", "buyer", "shopper"],
    &["employee", "worker", "staff member"],
    &["car", "vehicle"],
    &["supplier", "vendor"],
    &["shop", "store"],
    &["booking", "reservation"],
    &["bike", "bicycle"],
    &["vet", "veterinarian"],
    &["apartment", "flat"],
    &["part", "spare part"],
];

/// Translates a text that has been found readable.
pub(super) fn assemble(text: &str) -> Translation {
    let sentences = split::sentences(text);
    let mut requirements = requirements::requirements(text, &sentences);
    let notes: Vec<bool> = requirements.iter().map(|r| r.kind == RequirementKind::Note).collect();
    let found = facts::read(text, &sentences, &notes);
    let mut candidates = entities::candidates(&found);
    let synonyms = merge_synonyms(&mut candidates);
    let language = language(text);
    let build = Build::new(&candidates, synonyms, &requirements);
    let (entities, relations) = build.run(&found);
    let roles = roles(&candidates, &mut requirements, &found);
    let questions = questions::questions(language, &entities, &relations);
    Translation { language, requirements, entities, relations, roles, questions }
}

fn language(text: &str) -> Language {
    let (mut latin, mut cyrillic) = (0_usize, 0_usize);
    for c in text.chars() {
        if c.is_ascii_alphabetic() {
            latin += 1;
        } else if ('\u{400}'..='\u{4ff}').contains(&c) {
            cyrillic += 1;
        }
    }
    if cyrillic > latin { Language::Ru } else { Language::En }
}

fn merge_synonyms(candidates: &mut BTreeMap<String, Candidate>) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for group in SYNONYMS {
        let present: Vec<&str> = group.iter().copied().filter(|k| candidates.contains_key(*k)).collect();
        let Some(best) = present.iter().copied().rev().max_by_key(|k| (k.contains(' '), candidates.get(*k).map_or(0, |c| c.mentions))) else { continue };
        for other in present.into_iter().filter(|k| *k != best) {
            merge(candidates, &mut names, other, best);
        }
    }
    for (head, compound) in entities::heads(candidates) {
        let (gone, kept) = if entities::head_leads(candidates, &head, &compound) { (compound, head) } else { (head, compound) };
        merge(candidates, &mut names, &gone, &kept);
    }
    names
}

fn merge(candidates: &mut BTreeMap<String, Candidate>, names: &mut BTreeMap<String, String>, other: &str, best: &str) {
    if let Some(gone) = candidates.remove(other)
        && let Some(kept) = candidates.get_mut(best)
    {
        for (reason, times) in gone.reasons {
            *kept.reasons.entry(reason).or_default() += times;
        }
        kept.sentences.extend(gone.sentences);
        kept.acts |= gone.acts;
        kept.story |= gone.story;
        kept.mentions += gone.mentions;
        kept.position = kept.position.min(gone.position);
        names.insert(other.to_owned(), best.to_owned());
    }
}

fn roles(candidates: &BTreeMap<String, Candidate>, requirements: &mut [Requirement], found: &[Found]) -> Vec<Role> {
    let mut out: Vec<Role> = Vec::new();
    let mut seen = BTreeSet::new();
    for (key, candidate) in candidates {
        let person = entities::class(key) == Some(Class::Person);
        if (person && candidate.acts) || (candidate.story && entities::class(key) != Some(Class::Stop)) {
            let name = naming::pascal(key);
            if seen.insert(name.clone()) {
                out.push(Role { name, label: candidate.label.clone() });
            }
        }
    }
    for one in found {
        if let Fact::Actor { phrase, .. } = &one.fact {
            let name = naming::pascal(&entities::concept(phrase));
            if seen.contains(&name) && requirements[one.sentence].role.is_none() {
                requirements[one.sentence].role = Some(name);
            }
        }
    }
    out
}

struct Build<'a> {
    requirements: &'a [Requirement],
    synonyms: BTreeMap<String, String>,
    numbers: BTreeMap<String, usize>,
    entities: Vec<Entity>,
    ties: Ties,
    names: Vec<BTreeMap<String, usize>>,
}

impl<'a> Build<'a> {
    fn new(candidates: &BTreeMap<String, Candidate>, synonyms: BTreeMap<String, String>, requirements: &'a [Requirement]) -> Self {
        let mut chosen: Vec<(&String, &Candidate)> = candidates.iter().filter(|(key, one)| one.is_entity(key)).collect();
        // In the order of their first sentence.
        chosen.sort_by_key(|(_, one)| one.position);
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
        let mut entities: Vec<Entity> = Vec::new();
        for (key, one) in chosen {
            let name = naming::pascal(key);
            let number = *by_name.entry(name.clone()).or_insert(entities.len());
            if number == entities.len() {
                let ids = one.sentences.iter().filter(|s| requirements[**s].kind != RequirementKind::Note).map(|s| requirements[*s].id.clone()).collect();
                entities.push(Entity { name, label: one.label.clone(), attributes: Vec::new(), requirements: ids, because: one.because(key) });
            }
            numbers.insert(key.clone(), number);
        }
        let names = vec![BTreeMap::new(); entities.len()];
        Build { requirements, synonyms, numbers, entities, ties: Ties::new(), names }
    }

    /// The entity a phrase stands for.
    fn number(&self, phrase: &Phrase) -> Option<usize> {
        let full = phrase.full_key();
        if let Some(known) = self.lookup(&full) {
            return Some(known);
        }
        let key = entities::concept(phrase);
        if let Some(known) = self.lookup(&key) {
            return Some(known);
        }
        // "repair order" speaks of orders when nothing else bears the whole name.
        let (_, head) = key.rsplit_once(' ')?;
        if lexicon::class(&key).is_some() {
            return None;
        }
        self.lookup(head)
    }

    fn lookup(&self, key: &str) -> Option<usize> {
        let key = self.synonyms.get(key).map_or(key, String::as_str);
        self.numbers.get(key).copied()
    }

    fn run(mut self, found: &[Found]) -> (Vec<Entity>, Vec<Relation>) {
        // What a list gives to one owner, its wording does not give to another: an order's "date of delivery" is not the delivery's.
        let mut listed: BTreeSet<usize> = BTreeSet::new();
        for one in found {
            let id = self.requirements[one.sentence].id.clone();
            if let Fact::Link { rule, subject, items } = &one.fact
                && !matches!(rule, Rule::Of | Rule::Near)
            {
                if self.number(subject).is_some() {
                    listed.extend(items.iter().map(|i| i.phrase.span.start));
                }
                self.link(*rule, subject, items, one.sentence, &id);
            }
        }
        for one in found {
            let id = self.requirements[one.sentence].id.clone();
            match &one.fact {
                Fact::Link { items, .. } if items.iter().any(|i| listed.contains(&i.phrase.span.start)) => {}
                Fact::Link { rule: rule @ Rule::Of, subject, items } => self.link(*rule, subject, items, one.sentence, &id),
                Fact::Values { owner: Some(owner), property, values } => self.values(owner, property.as_ref(), values, &id),
                Fact::Mention(thing) => self.compound(thing, &id),
                _ => {}
            }
        }
        self.lines(found);
        for one in found {
            if let Fact::Link { rule: rule @ Rule::Near, subject, items } = &one.fact {
                let id = self.requirements[one.sentence].id.clone();
                self.link(*rule, subject, items, one.sentence, &id);
            }
        }
        self.events(found);
        self.made_out();
        self.islands();
        self.name_parts();
        self.named();
        let entities = &self.entities;
        let relations = self
            .ties
            .iter()
            .map(|(pair, tie)| (tie.directed(*pair), tie))
            .map(|((from, to, cardinality), tie)| Relation {
                from: entities[from].name.clone(),
                to: entities[to].name.clone(),
                cardinality,
                requirements: tie.requirements.iter().map(|s| self.requirements[*s].id.clone()).collect(),
                because: tie.because().to_owned(),
            })
            .collect();
        (self.entities, relations)
    }

    /// The relation between two entities, as far as it goes one way: many of the first share one of the second.
    fn shares(&mut self, many: usize, one: usize, rule: Rule, sentence: usize) {
        if many == one {
            return;
        }
        let forward = one < many;
        let (many_a, many_b) = if forward { (Some(false), Some(true)) } else { (Some(true), Some(false)) };
        self.ties.entry((many.min(one), many.max(one))).or_insert_with(|| Tie { many_a, many_b, requirements: [sentence].into(), rules: [rule].into(), forward });
    }

    /// A quantity that belongs to neither record belongs to a line between them.
    fn lines(&mut self, found: &[Found]) {
        for one in found {
            let Fact::Line { owner, thing, items } = &one.fact else { continue };
            let (Some(owner), Some(thing)) = (self.number(owner), self.number(thing)) else { continue };
            let id = self.requirements[one.sentence].id.clone();
            let name = format!("{}Line", self.entities[owner].name);
            // A thing with nothing else to tell is the line itself.
            let other = self.entities[thing].attributes.iter().any(|a| items.iter().all(|i| naming::snake(&i.phrase.attribute_key()) != a.name));
            if owner == thing || !other || self.entities.iter().any(|e| e.name == name) || self.entities[thing].name.ends_with("Line") || self.entities[thing].name.ends_with("Item") {
                continue;
            }
            for item in items {
                let gone = naming::snake(&item.phrase.attribute_key());
                for kept in [owner, thing] {
                    let from_here = |a: &Attribute| a.name == gone && a.requirements.iter().all(|r| *r == id);
                    if self.entities[kept].attributes.iter().any(from_here) {
                        self.entities[kept].attributes.retain(|a| !from_here(a));
                        self.names[kept] = self.entities[kept].attributes.iter().enumerate().map(|(n, a)| (a.name.clone(), n)).collect();
                    }
                }
            }
            let russian = items.iter().any(|i| i.phrase.russian);
            let label = if russian { format!("позиция: {}", self.entities[owner].label) } else { format!("{} line", self.entities[owner].label) };
            let number = self.entities.len();
            self.entities.push(Entity { name, label, attributes: Vec::new(), requirements: vec![id.clone()], because: "The link between two records carries data.".into() });
            self.names.push(BTreeMap::new());
            for item in items {
                self.attribute(number, false, item, &id);
            }
            self.ties.remove(&(owner.min(thing), owner.max(thing)));
            self.shares(number, owner, Rule::Consists, one.sentence);
            self.shares(number, thing, Rule::Consists, one.sentence);
        }
    }

    /// A booking of a class or a loan of a book has a day and an end, so it is a record even where only the act is named.
    fn left(&mut self, names: &[&str], doer: &Phrase, about: &[Phrase], sentence: usize) -> Option<usize> {
        let name = names.first().filter(|n| matches!(**n, "booking" | "reservation" | "loan" | "rental" | "comment"))?;
        self.number(doer)?;
        let what = about.iter().find(|a| self.number(a).is_some() && entities::class(&unwrap(a).key) != Some(Class::Person))?;
        let paper = matches!(unwrap(what).key.rsplit(' ').next(), Some("appointment" | "visit" | "booking" | "reservation" | "order" | "rental" | "loan" | "slot" | "delivery" | "meeting"));
        if paper {
            return None;
        }
        let number = self.entities.len();
        let id = self.requirements[sentence].id.clone();
        let label = if doer.russian { unwrap(what).label.clone() } else { (*name).to_owned() };
        self.entities.push(Entity { name: naming::pascal(name), label, attributes: Vec::new(), requirements: vec![id], because: "The act leaves a record of who did it, and of what.".into() });
        self.names.push(BTreeMap::new());
        self.numbers.insert((*name).to_owned(), number);
        Some(number)
    }

    /// Who books, borrows or buys has the booking, the loan or the purchase; what it is about stands in many of them.
    fn events(&mut self, found: &[Found]) {
        for one in found {
            let Fact::Event { names, doer, about, items } = &one.fact else { continue };
            let id = self.requirements[one.sentence].id.clone();
            let known = names.iter().find_map(|n| self.lookup(n));
            if known.is_none() {
                let owner = self.number(doer);
                for item in items {
                    if let Some(owner) = owner {
                        self.attribute(owner, false, item, &id);
                    }
                }
            }
            let Some(event) = known.or_else(|| self.left(names, doer, about, one.sentence)) else { continue };
            for item in items {
                self.attribute(event, false, item, &id);
            }
            let doer = self.number(doer);
            if let Some(doer) = doer {
                self.shares(event, doer, Rule::Near, one.sentence);
            }
            for about in about {
                let Some(about) = self.number(about) else { continue };
                self.shares(event, about, Rule::Near, one.sentence);
                // The event stands between the two, and so does what it tells.
                if let Some(doer) = doer.filter(|d| *d != event && about != event) {
                    let pair = (doer.min(about), doer.max(about));
                    if self.ties.get(&pair).is_some_and(|t| t.rules.iter().all(|r| matches!(r, Rule::Does | Rule::Near))) {
                        self.ties.remove(&pair);
                    }
                }
            }
        }
    }

    /// Orders and invoices are made out to someone: where the brief names both in one sentence and ties neither, they belong together.
    fn made_out(&mut self) {
        self.made_out_near();
        self.made_out_only();
    }

    /// Where only one kind of people can be meant, papers that nothing ties to anyone are theirs.
    fn made_out_only(&mut self) {
        const PAPERS: &[&str] = &["order", "rental", "reservation", "booking", "appointment", "return", "claim", "review", "subscription", "membership", "cart", "complaint", "loan", "wishlist", "invoice", "quote", "project", "contract", "lease", "prescription", "ticket", "check-in", "checkin"];
        const PARTIES: &[&str] = &["customer", "client", "buyer", "guest", "patient", "member", "merchant", "tenant", "reader", "student", "visitor", "subscriber"];
        let parties: BTreeSet<usize> = PARTIES.iter().filter_map(|k| self.lookup(k)).collect();
        let Some(party) = parties.first().copied().filter(|_| parties.len() == 1) else { return };
        for key in PAPERS {
            let Some(paper) = self.lookup(key) else { continue };
            let tied = |a: usize| self.ties.keys().filter(move |(x, y)| *x == a || *y == a).map(move |(x, y)| if *x == a { *y } else { *x });
            // What hangs on another paper of the person is theirs through it.
            if tied(paper).any(|other| other == party || tied(other).any(|o| o == party)) {
                continue;
            }
            let Some(sentence) = self.entities[paper].requirements.first().and_then(|id| self.requirements.iter().position(|r| r.id == *id)) else { continue };
            self.shares(paper, party, Rule::Together, sentence);
        }
    }

    /// What a brief describes right behind another thing, and ties to nothing, is told of that thing: "Machines need servicing. Each service has ..."
    fn islands(&mut self) {
        let place = |id: &String| id.trim_start_matches('R').parse::<usize>().ok();
        let mut at: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (number, entity) in self.entities.iter().enumerate() {
            for id in entity.requirements.iter().filter_map(place) {
                at.entry(id).or_default().insert(number);
            }
        }
        let tied: BTreeSet<usize> = self.ties.keys().flat_map(|(a, b)| [*a, *b]).collect();
        for number in 0..self.entities.len() {
            let entity = &self.entities[number];
            if tied.contains(&number) || entity.attributes.is_empty() {
                continue;
            }
            let Some(first) = entity.requirements.first().and_then(place) else { continue };
            let others = |sentence: usize| -> Vec<usize> { at.get(&sentence).into_iter().flatten().copied().filter(|n| *n != number).collect() };
            let here = others(first);
            let near = if here.is_empty() { others(first.saturating_sub(1)) } else { here };
            let [only] = near.as_slice() else { continue };
            let person = |n: usize| self.numbers.iter().any(|(key, at)| *at == n && entities::class(key) == Some(Class::Person));
            let (many, one) = if person(number) && !person(*only) { (*only, number) } else { (number, *only) };
            self.shares(many, one, Rule::Near, first - 1);
        }
    }

    fn made_out_near(&mut self) {
        const PAPERS: &[&str] = &["order", "invoice", "rental", "reservation", "booking", "appointment", "return", "claim", "review", "shipment", "work order"];
        const PARTIES: &[&str] = &["customer", "client", "buyer", "guest", "patient", "member", "merchant", "tenant"];
        let find = |keys: &[&str]| -> Vec<usize> { keys.iter().filter_map(|k| self.lookup(k)).collect::<BTreeSet<_>>().into_iter().collect() };
        let (papers, parties) = (find(PAPERS), find(PARTIES));
        for paper in papers {
            if self.ties.keys().any(|(a, b)| (*a == paper && parties.contains(b)) || (*b == paper && parties.contains(a))) {
                continue;
            }
            for party in &parties {
                let both: BTreeSet<&String> = self.entities[paper].requirements.iter().collect();
                let Some(shared) = self.entities[*party].requirements.iter().find(|id| both.contains(id)) else { continue };
                let sentence = self.requirements.iter().position(|r| r.id == *shared).unwrap_or(0);
                let forward = *party < paper;
                let (many_a, many_b) = if forward { (Some(false), Some(true)) } else { (Some(true), Some(false)) };
                self.ties.insert((paper.min(*party), paper.max(*party)), Tie { many_a, many_b, requirements: [sentence].into(), rules: [Rule::Together].into(), forward });
            }
        }
    }

    /// Whoever and whatever is only picked from a list has at least a name.
    fn named(&mut self) {
        let keys: BTreeMap<usize, Option<Class>> = self.numbers.iter().map(|(key, n)| (*n, entities::class(key))).collect();
        for (number, entity) in self.entities.iter_mut().enumerate() {
            let Some(class) = keys.get(&number) else { continue };
            let words = ["Category", "Tag", "Department", "Type", "Group", "Genre", "Brand", "Section", "Topic", "Club", "Team", "Company", "Manufacturer", "Supplier"];
            let kind = words.iter().any(|w| entity.name.ends_with(w));
            let told = entity.attributes.iter().any(|a| ["name", "title", "number", "code", "email", "phone"].iter().any(|n| a.name.ends_with(n)));
            if (*class == Some(Class::Person) && entity.attributes.is_empty()) || (kind && !told) {
                let russian = entity.label.chars().any(|c| ('а'..='я').contains(&c));
                entity.attributes.insert(0, Attribute { name: "name".into(), label: if russian { "название" } else { "name" }.into(), kind: AttributeType::String, values: Vec::new(), required: false, requirements: entity.requirements.first().cloned().into_iter().collect() });
            }
        }
    }

    /// The lines of an order are order lines: a name of its own tells them from the lines of an invoice.
    fn name_parts(&mut self) {
        let mut taken: BTreeSet<String> = self.entities.iter().map(|e| e.name.clone()).collect();
        for (key, part) in [("line", "Line"), ("item", "Item"), ("line item", "Item"), ("row", "Line"), ("position", "Item")] {
            let Some(number) = self.numbers.get(key).copied() else { continue };
            let owner = self.ties.iter().find_map(|(pair, tie)| {
                let (from, to, cardinality) = tie.directed(*pair);
                let whole = if cardinality == Cardinality::OneToMany && to == number { from } else { return None };
                let papers = ["Order", "Invoice", "Cart", "Receipt", "Purchase", "Quote", "Request", "Shipment", "Waybill", "Delivery", "Contract", "Sale", "Estimate", "Bill"];
                let paper = papers.iter().any(|p| self.entities[whole].name.ends_with(p));
                (paper || key == "line").then_some(whole)
            });
            if let Some(owner) = owner {
                let name = format!("{}{part}", self.entities[owner].name);
                if taken.insert(name.clone()) {
                    self.entities[number].name = name;
                }
            }
        }
    }

    fn link(&mut self, rule: Rule, subject: &Phrase, items: &[Item], sentence: usize, id: &str) {
        let Some(owner) = self.number(subject) else { return };
        for item in items {
            let bare = unwrap(&item.phrase);
            let target = if bare.of.is_some() && matches!(entities::class(&bare.key), Some(Class::Property | Class::Either)) { None } else { self.number(&item.phrase) };
            if let Some(target) = target {
                // A Russian genitive says too little: a rental's location or a location's rental.
                if rule == Rule::Of && subject.russian {
                    continue;
                }
                tie(&mut self.ties, rule, (owner, unwrap(subject)), (target, unwrap(&item.phrase)), sentence);
            } else if matches!(rule, Rule::Has | Rule::Listed | Rule::With | Rule::Consists) || (rule == Rule::Of && matches!(entities::class(&item.phrase.key), Some(Class::Property | Class::Either))) {
                self.attribute(owner, subject.plural, item, id);
            }
        }
    }

    fn attribute(&mut self, owner: usize, several: bool, item: &Item, id: &str) {
        let key = item.phrase.full_key();
        let what = entities::class(&key);
        if what == Some(Class::Stop) {
            return;
        }
        let mut item = item.clone();
        // "customer name" of a customer is its name.
        if let Some((front, head)) = key.split_once(' ')
            && self.lookup(front) == Some(owner)
            && item.phrase.of.is_none()
        {
            item.phrase.key = head.to_owned();
            item.phrase.long_key = head.to_owned();
        }
        if let Some(of) = &item.phrase.of
            && self.number(of) == Some(owner)
        {
            item.phrase.of = None;
            item.phrase.tail.clear();
        }
        let attribute = attributes::attribute(&item, several, id);
        self.put(owner, attribute);
    }

    fn put(&mut self, owner: usize, attribute: Attribute) {
        let entity = &mut self.entities[owner];
        match self.names[owner].get(&attribute.name) {
            Some(at) => {
                let kept = &mut entity.attributes[*at];
                if kept.values.is_empty() && !attribute.values.is_empty() {
                    kept.values = attribute.values;
                    kept.kind = AttributeType::Enum;
                }
                for id in attribute.requirements {
                    if kept.requirements.last() != Some(&id) {
                        kept.requirements.push(id);
                    }
                }
            }
            None => {
                self.names[owner].insert(attribute.name.clone(), entity.attributes.len());
                entity.attributes.push(attribute);
            }
        }
    }

    fn values(&mut self, owner: &Phrase, property: Option<&Phrase>, values: &[String], id: &str) {
        let mut owner = owner.clone();
        let mut property = property.cloned();
        if let Some((front, head)) = property.as_ref().and_then(|p| entities::property_of(&p.key).map(|(f, h)| (f.to_owned(), h.to_owned()))) {
            owner.key = front;
            owner.of = None;
            if let Some(p) = &mut property {
                p.key.clone_from(&head);
                p.long_key.clone_from(&head);
                p.long_label.clone_from(&head);
                p.label = head;
            }
        }
        let Some(number) = self.number(&owner) else { return };
        let attribute = match property {
            Some(phrase) => attributes::attribute(&Item { phrase, values: values.to_vec() }, true, id),
            None => Attribute {
                name: "status".into(),
                label: if owner.russian { "статус".into() } else { "status".into() },
                kind: AttributeType::Enum,
                values: values.to_vec(),
                required: false,
                requirements: vec![id.to_owned()],
            },
        };
        self.put(number, attribute);
    }

    /// "order status" anywhere: orders have a status.
    fn compound(&mut self, thing: &Phrase, id: &str) {
        let Some((front, head)) = entities::property_of(&thing.key) else { return };
        let Some(owner) = self.lookup(front) else { return };
        if self.lookup(&thing.key).is_some() {
            return;
        }
        let label = thing.label.rsplit(' ').next().unwrap_or(head).to_owned();
        let phrase = Phrase { key: head.to_owned(), long_key: head.to_owned(), long_label: label.clone(), label, of: None, tail: String::new(), ..thing.clone() };
        self.put(owner, attributes::attribute(&Item { phrase, values: Vec::new() }, true, id));
    }
}

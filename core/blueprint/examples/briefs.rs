//! Measures the translator against hand-written expectations and prints a table.
//!
//! Briefs marked `"tune": false` are held out: only the totals of their group are printed, never a row,
//! so that nobody tunes on them by accident. `--miss NAME` lists what a tuned brief lacks and has too much of.

#![expect(clippy::disallowed_methods, reason = "an example is a shell of its own and may read its arguments")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use blueprint::rules::translate::{Cardinality, Translation, translate};
use serde_json::Value;

/// Hits, misses and surplus of one measure.
#[derive(Default, Clone, Copy)]
struct Count {
    hit: usize,
    miss: usize,
    extra: usize,
}

impl Count {
    fn of(want: &BTreeSet<String>, got: &BTreeSet<String>) -> Self {
        Self { hit: want.intersection(got).count(), miss: want.difference(got).count(), extra: got.difference(want).count() }
    }

    fn add(&mut self, other: Self) {
        self.hit += other.hit;
        self.miss += other.miss;
        self.extra += other.extra;
    }

    fn text(self) -> String {
        let share = |part: usize, whole: usize| if whole == 0 { "   -".to_owned() } else { format!("{:.2}", part as f64 / whole as f64) };
        format!("{}/{}", share(self.hit, self.hit + self.extra), share(self.hit, self.hit + self.miss))
    }
}

const MEASURES: [&str; 6] = ["entities", "attributes", "types", "relations", "pairs", "roles"];

fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// One direction for each fact, so that both readings of it are equal.
fn tie(from: &str, to: &str, cardinality: &str) -> String {
    raw_tie(&word(from), &word(to), cardinality)
}

fn raw_tie(from: &str, to: &str, cardinality: &str) -> String {
    if from <= to {
        return format!("{from} {cardinality} {to}");
    }
    let turned = match cardinality {
        "one-to-many" => "many-to-one",
        "many-to-one" => "one-to-many",
        same => same,
    };
    format!("{to} {turned} {from}")
}

fn cardinality(c: Cardinality) -> &'static str {
    match c {
        Cardinality::OneToOne => "one-to-one",
        Cardinality::OneToMany => "one-to-many",
        Cardinality::ManyToOne => "many-to-one",
        Cardinality::ManyToMany => "many-to-many",
    }
}

/// Names the expectation accepts for one thing; the first is its own.
fn names(value: &Value) -> Vec<String> {
    let mut out: Vec<String> = value.as_str().or_else(|| value["name"].as_str()).map(word).into_iter().collect();
    out.extend(value["alternatives"].as_array().into_iter().flatten().filter_map(Value::as_str).map(word));
    out
}

fn list<'a>(value: &'a Value, key: &str) -> Vec<&'a Value> {
    value[key].as_array().into_iter().flatten().collect()
}

/// Wanted and produced facts of each measure, in one spelling; a wanted item is matched once.
fn compare(want: &Value, got: &Translation) -> [(BTreeSet<String>, BTreeSet<String>); 6] {
    let mut sets: [(BTreeSet<String>, BTreeSet<String>); 6] = Default::default();
    // The expectation's own name for each produced name.
    let mut own: BTreeMap<String, String> = BTreeMap::new();
    for one in list(want, "entities") {
        let accepted = names(one);
        let Some(first) = accepted.first() else { continue };
        sets[0].0.insert(first.clone());
        let produced = accepted.iter().find_map(|name| got.entities.iter().find(|e| word(&e.name) == *name && !own.contains_key(name)));
        let Some(produced) = produced else { continue };
        own.insert(word(&produced.name), first.clone());
        // Attributes are compared within matched entities only.
        let mut left: Vec<_> = produced.attributes.iter().collect();
        for attribute in list(one, "attributes") {
            let accepted = names(attribute);
            let Some(name) = accepted.first().map(|name| format!("{first}.{name}")) else { continue };
            sets[1].0.insert(name.clone());
            if let Some(at) = left.iter().position(|a| accepted.contains(&word(&a.name))) {
                let matched = left.remove(at);
                sets[1].1.insert(name.clone());
                let kind = serde_json::to_value(matched.kind).unwrap_or_default();
                sets[2].0.insert(format!("{name}:{}", attribute["type"].as_str().unwrap_or("")));
                sets[2].1.insert(format!("{name}:{}", kind.as_str().unwrap_or("")));
            }
        }
        sets[1].1.extend(left.iter().map(|a| format!("{first}.{} (surplus)", word(&a.name))));
    }
    let name = |name: &str| own.get(&word(name)).cloned().unwrap_or_else(|| format!("{} (surplus)", word(name)));
    for one in list(want, "relations") {
        let (from, to) = (word(one["from"].as_str().unwrap_or("")), word(one["to"].as_str().unwrap_or("")));
        sets[3].0.insert(tie(&from, &to, one["cardinality"].as_str().unwrap_or("")));
        sets[4].0.insert(tie(&from, &to, ""));
    }
    sets[0].1.extend(got.entities.iter().map(|e| name(&e.name)));
    for one in &got.relations {
        let (from, to) = (name(&one.from), name(&one.to));
        sets[3].1.insert(raw_tie(&from, &to, cardinality(one.cardinality)));
        sets[4].1.insert(raw_tie(&from, &to, ""));
    }
    sets[5].0.extend(list(want, "roles").into_iter().filter_map(|r| names(r).first().cloned()));
    sets[5].1.extend(got.roles.iter().map(|r| word(&r.name)));
    sets
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/briefs");
    let miss: Vec<String> = std::env::args().skip_while(|a| a != "--miss").skip(1).collect();
    let mut groups: BTreeMap<&str, ([Count; 6], usize)> = BTreeMap::new();
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)?.filter_map(Result::ok).map(|e| e.path()).filter(|p| p.to_string_lossy().ends_with(".expected.json")).collect();
    paths.sort();
    println!("precision/recall     {}", MEASURES.map(|m| format!("{m:>11}")).join(""));
    for path in paths {
        let want: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
        let name = path.file_name().map(|n| n.to_string_lossy().replace(".expected.json", "")).unwrap_or_default();
        let text = std::fs::read_to_string(folder.join(format!("{name}.md")))?;
        let got = translate(&text)?;
        let sets = compare(&want, &got);
        let tuned = want["tune"].as_bool().unwrap_or(true);
        let counts: Vec<Count> = sets.iter().map(|(want, got)| Count::of(want, got)).collect();
        let russian = want["language"].as_str() == Some("ru");
        for group in [Some("all"), Some(if tuned { "tuned" } else { "held out" }), russian.then_some(if tuned { "russian, tuned" } else { "russian, held out" }), russian.then_some("russian")].into_iter().flatten() {
            let (total, briefs) = groups.entry(group).or_default();
            *briefs += 1;
            for (sum, count) in total.iter_mut().zip(&counts) {
                sum.add(*count);
            }
        }
        if tuned {
            println!("{name:<20} {}", counts.iter().map(|c| format!("{:>11}", c.text())).collect::<String>());
            if miss.iter().any(|m| name.starts_with(m.as_str()) || m == "all") {
                for (measure, (want, got)) in MEASURES.iter().zip(&sets) {
                    println!("  {measure}: lacks {:?}; surplus {:?}", want.difference(got).collect::<Vec<_>>(), got.difference(want).collect::<Vec<_>>());
                }
            }
        }
    }
    println!();
    for (group, (counts, briefs)) in groups {
        println!("{group:<17} {briefs:>2} {}", counts.iter().map(|c| format!("{:>11}", c.text())).collect::<String>());
    }
    Ok(())
}

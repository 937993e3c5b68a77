//! What was answered is on disk: the program is killed at random moments of a stream of edits and opened again.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bench::{Session, run};

/// Kills in all; `SCANTLING_KILLS` asks for more.
const KILLS: usize = 200;
/// Kills of one store, before the next begins; a store that grew would spend the time on opening.
const KILLS_OF_A_STORE: usize = 20;

/// A small generator, so that a seed replays (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// Something that is in the store: its kind, its id, its words. The id is empty while the answer that names it is awaited.
type Fact = (&'static str, String, String);

/// What a call does to the facts, if it happens.
#[derive(Clone, Default, Debug)]
struct Effect {
    takes: Vec<Fact>,
    gives: Vec<Fact>,
}

/// What must be in the store, and what may be there because it was asked and not answered.
#[derive(Default)]
struct Ledger {
    project: Option<String>,
    facts: BTreeSet<Fact>,
    asked: Vec<Effect>,
    answered: usize,
    /// The requirement that was added last and can be undone, or was undone and can be redone.
    undo: Option<(Fact, bool)>,
    words: u64,
    /// Pairs of entities that a relation was asked for.
    related: BTreeSet<(String, String)>,
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is missing in {value}"))
}

/// Reads every fact; none when the program was killed meanwhile.
fn read(session: &mut Session, ledger: &mut Ledger) -> Option<BTreeSet<Fact>> {
    let mut facts = BTreeSet::new();
    let mut ask = |name: &str, payload: Value| session.call(name, &payload).map(|answer| answer.get("ok").unwrap_or_else(|| panic!("{name} was refused: {answer}")).clone());
    for project in ask("project.list", json!({}))?.as_array().expect("a list") {
        let id = text(project, "id").to_owned();
        facts.insert(("project", id.clone(), text(project, "name").to_owned()));
        let model = ask("blueprint.model", json!({ "project": id }))?;
        for entity in model["entities"].as_array().expect("a list") {
            facts.insert(("entity", text(entity, "id").to_owned(), text(entity, "name").to_owned()));
            for attribute in entity["attributes"].as_array().expect("a list") {
                facts.insert(("attribute", text(attribute, "id").to_owned(), text(attribute, "name").to_owned()));
            }
        }
        for relation in model["relations"].as_array().expect("a list") {
            facts.insert(("relation", text(relation, "id").to_owned(), String::new()));
        }
        for requirement in ask("blueprint.requirements", json!({ "project": id }))?.as_array().expect("a list") {
            facts.insert(("requirement", text(requirement, "id").to_owned(), text(requirement, "text").to_owned()));
        }
        for comment in ask("rooms.thread", json!({ "project": id, "id": id }))?["comments"].as_array().expect("a list") {
            facts.insert(("comment", text(comment, "id").to_owned(), text(comment, "text").to_owned()));
        }
        ledger.project = Some(id);
    }
    Some(facts)
}

/// Whether the store holds everything answered, and nothing that was not asked.
fn check(ledger: &Ledger, found: &BTreeSet<Fact>) -> Result<(), String> {
    let mut missing: Vec<&Fact> = ledger.facts.difference(found).collect();
    let mut extra: Vec<&Fact> = found.difference(&ledger.facts).collect();
    let same = |asked: &Fact, there: &Fact| asked.0 == there.0 && asked.2 == there.2 && (asked.1.is_empty() || asked.1 == there.1);
    for effect in &ledger.asked {
        let taken: Vec<usize> = effect.takes.iter().filter_map(|fact| missing.iter().position(|there| *there == fact)).collect();
        let given: Vec<usize> = effect.gives.iter().filter_map(|fact| extra.iter().position(|there| same(fact, there))).collect();
        // A call happens as a whole or not at all.
        if taken.len() == effect.takes.len() && given.len() == effect.gives.len() {
            for at in taken {
                missing.remove(at);
            }
            for at in given {
                extra.remove(at);
            }
        }
    }
    if missing.is_empty() && extra.is_empty() { Ok(()) } else { Err(format!("lost: {missing:?}\nunasked: {extra:?}\nawaited: {:?}", ledger.asked)) }
}

/// One call; none when the program was killed before it answered.
fn call(session: &mut Session, ledger: &mut Ledger, name: &str, payload: &Value, effect: Effect) -> Option<Value> {
    ledger.asked = vec![effect];
    let answer = session.call(name, payload)?;
    let answer = answer.get("ok").unwrap_or_else(|| panic!("{name} was refused: {answer}")).clone();
    settle(ledger, 0, &answer);
    Some(answer)
}

/// Takes over what an answered call did.
fn settle(ledger: &mut Ledger, at: usize, answer: &Value) {
    let effect = ledger.asked.remove(at);
    for fact in &effect.takes {
        assert!(ledger.facts.remove(fact), "{fact:?} was not there");
    }
    for (kind, id, words) in effect.gives {
        let id = if id.is_empty() { text(answer, "id").to_owned() } else { id };
        ledger.facts.insert((kind, id, words));
    }
    ledger.answered += 1;
}

/// One random edit, or a burst of several at once; none when the program was killed.
fn edit(session: &mut Session, ledger: &mut Ledger, dice: &mut Dice) -> Option<()> {
    ledger.words += 1;
    let word = format!("w{}", ledger.words);
    let fresh = |kind, words: &str| Effect { takes: vec![], gives: vec![(kind, String::new(), words.to_owned())] };
    let Some(project) = ledger.project.clone() else {
        let made = call(session, ledger, "project.create", &json!({ "name": "Bicycles" }), fresh("project", "Bicycles"))?;
        ledger.project = Some(text(&made, "id").to_owned());
        return Some(());
    };
    let pick = |facts: &BTreeSet<Fact>, dice: &mut Dice, kind: &str| {
        let of_kind: Vec<Fact> = facts.iter().filter(|fact| fact.0 == kind).cloned().collect();
        if of_kind.is_empty() { None } else { usize::try_from(dice.below(of_kind.len() as u64)).ok().map(|at| of_kind[at].clone()) }
    };
    let turn = dice.below(12);
    if turn < 4 && ledger.undo.is_some() {
        // Undo and redo answer for the last step of this device, so nothing may come between.
        let (fact, undone) = ledger.undo.take().expect("it is some");
        let (name, effect) = if undone { ("blueprint.redo", Effect { takes: vec![], gives: vec![fact.clone()] }) } else { ("blueprint.undo", Effect { takes: vec![fact.clone()], gives: vec![] }) };
        call(session, ledger, name, &json!({ "project": project }), effect)?;
        ledger.undo = if undone { None } else { Some((fact, true)) };
        return Some(());
    }
    ledger.undo = None;
    match turn {
        0..4 => {
            let words = format!("The shop keeps {word}.");
            let made = call(session, ledger, "blueprint.add_requirement", &json!({ "project": project, "text": words }), fresh("requirement", &words))?;
            ledger.undo = Some((("requirement", text(&made, "id").to_owned(), words), false));
        }
        4 | 5 => {
            let Some((kind, id, old)) = pick(&ledger.facts, dice, "requirement") else { return Some(()) };
            let state = session.call("blueprint.text", &json!({ "project": project, "id": id }))?;
            let at = u32::try_from(dice.below(old.len() as u64)).expect("texts are short");
            let new = format!("{}{word} {}", &old[..at as usize], &old[at as usize..]);
            let splices = json!([{ "at": at, "remove": 0, "insert": format!("{word} ") }]);
            let effect = Effect { takes: vec![(kind, id.clone(), old)], gives: vec![(kind, id.clone(), new)] };
            call(session, ledger, "blueprint.edit_text", &json!({ "project": project, "id": id, "heads": state["ok"]["heads"], "splices": splices }), effect)?;
        }
        6 => drop(call(session, ledger, "blueprint.add_entity", &json!({ "project": project, "name": format!("Thing {word}") }), fresh("entity", &format!("Thing {word}")))?),
        7 => {
            let Some((_, entity, _)) = pick(&ledger.facts, dice, "entity") else { return Some(()) };
            call(session, ledger, "blueprint.add_attribute", &json!({ "project": project, "entity": entity, "name": word, "type": "text" }), fresh("attribute", &word))?;
        }
        8 => {
            let (Some((_, from, _)), Some((_, to, _))) = (pick(&ledger.facts, dice, "entity"), pick(&ledger.facts, dice, "entity")) else { return Some(()) };
            // Two entities are related once.
            if !ledger.related.insert((from.clone(), to.clone())) || from == to {
                return Some(());
            }
            call(session, ledger, "blueprint.add_relation", &json!({ "project": project, "from": from, "to": to, "cardinality": "one-to-many" }), fresh("relation", ""))?;
        }
        9 => drop(call(session, ledger, "rooms.comment", &json!({ "project": project, "element": project, "text": word }), fresh("comment", &word))?),
        10 => {
            let Some(fact) = pick(&ledger.facts, dice, "requirement") else { return Some(()) };
            let effect = Effect { takes: vec![fact.clone()], gives: vec![] };
            call(session, ledger, "blueprint.remove_requirement", &json!({ "project": project, "id": fact.1 }), effect)?;
        }
        _ => {
            let mut ids = Vec::new();
            ledger.asked.clear();
            for part in 0..4 {
                let words = format!("Quickly {word} {part}.");
                ledger.asked.push(fresh("requirement", &words));
                ids.push(session.send("blueprint.add_requirement", &json!({ "project": project, "text": words })));
            }
            while !ids.is_empty() {
                let answer = session.next()?;
                let at = ids.iter().position(|id| answer["id"] == *id).expect("the answer is to one of ours");
                ids.remove(at);
                settle(ledger, at, answer.get("ok").unwrap_or_else(|| panic!("refused: {answer}")));
            }
        }
    }
    Some(())
}

/// One life of the program: it opens, proves itself, edits, and is killed. Answers whether it lived to be checked.
fn life(data: &Path, ledger: &mut Ledger, dice: &mut Dice) -> Result<bool, String> {
    let mut session = Session::on(data);
    let pid = session.child.id();
    // One in five dies while it opens or is read; the rest in the middle of edits.
    let (early, wait) = (dice.below(5) == 0, Duration::from_micros(dice.below(80_000)));
    let begin = Arc::new(AtomicBool::new(early));
    let awaited = begin.clone();
    let killer = std::thread::spawn(move || {
        while !awaited.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(wait);
        // The child is waited for only after this thread has ended, so the number is still its own.
        assert!(std::process::Command::new("kill").args(["-KILL", &pid.to_string()]).status().is_ok_and(|status| status.success()));
    });
    let mut checked = false;
    let outcome = (|| {
        let proof = match session.call("workspace.verify", &json!({})) {
            Some(proof) => proof,
            None => return Ok(()),
        };
        if proof["ok"]["ok"] != true {
            return Err(format!("the store does not verify: {proof}"));
        }
        let Some(found) = read(&mut session, ledger) else { return Ok(()) };
        check(ledger, &found)?;
        checked = true;
        ledger.facts = found;
        ledger.asked.clear();
        ledger.undo = None;
        begin.store(true, Ordering::Release);
        while edit(&mut session, ledger, dice).is_some() {}
        Ok(())
    })();
    begin.store(true, Ordering::Release);
    killer.join().map_err(|_| "the program ended before it was killed".to_owned())?;
    outcome.map(|()| checked)
}

#[test]
fn what_was_answered_survives_a_kill_at_any_moment() {
    let asked = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = asked("SCANTLING_SEED").unwrap_or(20_261_121);
    let kills = asked("SCANTLING_KILLS").and_then(|kills| usize::try_from(kills).ok()).unwrap_or(KILLS);
    let started = Instant::now();
    println!("SCANTLING_SEED={seed} replays the edits and the moments of the kills");
    let mut dice = Dice(seed);
    let (mut done, mut checked, mut answered) = (0, 0, 0);
    while done < kills {
        let folder = tempfile::tempdir().expect("a folder");
        let mut ledger = Ledger::default();
        for _ in 0..KILLS_OF_A_STORE.min(kills - done) {
            match life(folder.path(), &mut ledger, &mut dice) {
                Ok(lived) => checked += usize::from(lived),
                Err(error) => panic!("seed {seed}, kill {done}: {error}"),
            }
            done += 1;
        }
        answered += ledger.answered;
        let proof = run(folder.path(), &["verify"]);
        assert!(proof.ok, "seed {seed}, kill {done}: {}{}", proof.out, proof.err);
    }
    println!("seed {seed}: {done} kills, {checked} checks of everything, {answered} answered edits, {:.1} s", started.elapsed().as_secs_f64());
    assert!(answered > kills, "seed {seed}: the edits hardly began");
}

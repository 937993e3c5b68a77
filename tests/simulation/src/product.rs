//! Edits through the command table of the product, as the screens make them.

use kernel::{Ctx, ProjectId, Random, Result};
use serde_json::{Value, json};
use wiring::call;

/// A text that a person had on the screen: the requirement, and the version that was shown.
pub type Seen = (Value, Value);

/// One command of the salt's choice, with what the screen reads before.
pub fn edit(ctx: &mut Ctx<'_>, project: ProjectId, random: &mut Random, seen: &mut Vec<Seen>) -> Result<()> {
    let requirements = call(ctx, "blueprint.requirements", json!({ "project": project }))?;
    let model = call(ctx, "blueprint.model", json!({ "project": project }))?;
    let mut pick = |list: &Value| -> Value {
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        list.get(random.below(list.len() as u64) as usize).map_or(Value::Null, |one| one["id"].clone())
    };
    let (requirement, other, entity, another, relation) =
        (pick(&requirements), pick(&requirements), pick(&model["entities"]), pick(&model["entities"]), pick(&model["relations"]));
    let attributes =
        model["entities"].as_array().and_then(|all| all.iter().find(|one| one["id"] == entity)).map_or(Value::Null, |one| one["attributes"].clone());
    let attribute = pick(&attributes);
    let word = format!("word{}", random.below(1_000));
    let (name, mut payload) = match random.below(22) {
        0..3 => ("blueprint.add_requirement", json!({ "text": word, "after": requirement })),
        3 => ("blueprint.remove_requirement", json!({ "id": requirement })),
        4 => ("blueprint.set_requirement", json!({ "id": requirement, "priority": "must", "state": "agreed" })),
        5 => ("blueprint.move_requirement", json!({ "id": requirement, "after": other })),
        6..9 => {
            let now = call(ctx, "blueprint.text", json!({ "project": project, "id": requirement }))?;
            if random.below(2) == 0 {
                seen.push((requirement.clone(), now["heads"].clone()));
            }
            // Half of the keys are pressed on a screen that is behind.
            let old: Vec<&Seen> = seen.iter().filter(|(id, _)| *id == requirement).collect();
            let heads =
                if old.is_empty() || random.below(2) == 0 { now["heads"].clone() } else { old[random.below(old.len() as u64) as usize].1.clone() };
            ("blueprint.edit_text", json!({ "id": requirement, "heads": heads, "splices": [{ "at": 0, "remove": random.below(2), "insert": word }] }))
        }
        9 | 10 => ("blueprint.add_entity", json!({ "name": word })),
        11 => ("blueprint.remove_entity", json!({ "id": entity })),
        12 => ("blueprint.set_entity", json!({ "id": entity, "note": word })),
        13 => ("blueprint.add_attribute", json!({ "entity": entity, "name": word, "type": "money" })),
        14 => ("blueprint.remove_attribute", json!({ "entity": entity, "id": attribute })),
        15 => ("blueprint.add_relation", json!({ "from": entity, "to": another, "cardinality": "one-to-many" })),
        16 => ("blueprint.remove_relation", json!({ "id": relation })),
        17 => ("blueprint.link", json!({ "requirement": requirement, "entity": entity, "linked": random.below(3) > 0 })),
        18 => (if random.below(3) > 0 { "blueprint.undo" } else { "blueprint.redo" }, json!({})),
        19 => ("project.rename", json!({ "name": word })),
        20 => {
            let text = format!("Customers rent bikes. A bike has a {word} and a price. Each customer must have an email.");
            let proposed = call(ctx, "blueprint.propose", json!({ "project": project, "text": text }))?;
            let items: Vec<Value> =
                proposed["items"].as_array().into_iter().flatten().map(|item| item["id"].clone()).filter(|_| random.below(3) > 0).collect();
            ("blueprint.accept", json!({ "title": word, "text": text, "items": items }))
        }
        _ => ("rooms.comment", json!({ "element": if requirement.is_null() { json!("req_1") } else { requirement }, "text": word })),
    };
    payload["project"] = json!(project);
    call(ctx, name, payload).map(drop)
}

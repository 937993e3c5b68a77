//! What is worth asking the client before building.

use super::model::{AttributeType, Entity, Language, Question, Relation};

/// Questions about gaps, at most a screenful, in the order of the entities.
pub(super) fn questions(language: Language, entities: &[Entity], relations: &[Relation]) -> Vec<Question> {
    let mut out = Vec::new();
    let ask = |en: String, ru: String| if language == Language::Ru { ru } else { en };
    if entities.is_empty() {
        out.push(Question {
            text: ask("What records should the system keep?".into(), "Какие сведения система должна хранить?".into()),
            about: String::new(),
            requirements: Vec::new(),
        });
    }
    let linked: std::collections::BTreeSet<&str> = relations.iter().flat_map(|r| [r.from.as_str(), r.to.as_str()]).collect();
    for entity in entities {
        if entity.attributes.is_empty() {
            out.push(Question {
                text: ask(format!("What should be recorded about each {}?", entity.label), format!("Что нужно хранить: «{}»?", entity.label)),
                about: entity.name.clone(),
                requirements: entity.requirements.clone(),
            });
        }
        for attribute in &entity.attributes {
            if attribute.kind == AttributeType::Enum && attribute.values.is_empty() {
                out.push(Question {
                    text: ask(format!("Which values can the {} of a {} take?", attribute.label, entity.label), format!("Какие значения может принимать «{}» ({})?", attribute.label, entity.label)),
                    about: format!("{}.{}", entity.name, attribute.name),
                    requirements: attribute.requirements.clone(),
                });
            }
        }
        if entities.len() > 1 && !linked.contains(entity.name.as_str()) {
            out.push(Question {
                text: ask(format!("How does the {} relate to the other records?", entity.label), format!("Как «{}» связано с остальными данными?", entity.label)),
                about: entity.name.clone(),
                requirements: entity.requirements.clone(),
            });
        }
        if out.len() >= 40 {
            break;
        }
    }
    out
}

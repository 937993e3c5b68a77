//! Sorts sentences into requirements and notes.

use super::model::{Priority, Requirement, RequirementKind};
use super::split::{Block, Sentence};

/// The sentences as requirements, in the order of the text.
pub(super) fn requirements(text: &str, sentences: &[Sentence]) -> Vec<Requirement> {
    sentences
        .iter()
        .enumerate()
        .map(|(n, sentence)| {
            let cleaned = clean(&text[sentence.span.clone()]);
            let low = cleaned.to_lowercase().replace('ё', "е");
            let kind = if sentence.block == Block::Heading { RequirementKind::Note } else { kind(&low) };
            Requirement { id: format!("R{}", n + 1), span: (sentence.span.start, sentence.span.end), priority: priority(&low), kind, role: None, text: cleaned }
        })
        .collect()
}

/// One line, without emphasis marks.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let word = word.trim_matches(|c| matches!(c, '*' | '`' | '~'));
        let word = if word.starts_with('_') || word.ends_with('_') { word.trim_matches('_') } else { word };
        if word.is_empty() || word.chars().all(|c| c == '>') {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

fn has(low: &str, needles: &[&str]) -> bool {
    needles.iter().any(|needle| found(low, needle))
}

/// Finds a needle where a word starts.
fn found(low: &str, needle: &str) -> bool {
    low.match_indices(needle).any(|(at, _)| low[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric()))
}

fn kind(low: &str) -> RequirementKind {
    use RequirementKind as K;
    let words = low.split_whitespace().take(9).count();
    let greeting = ["hi", "hello", "hey", "dear", "thanks", "thank you", "regards", "best regards", "kind regards", "cheers", "sincerely", "good morning", "good afternoon", "looking forward", "привет", "здравствуйте", "добрый день", "добрый вечер", "спасибо", "с уважением", "заранее спасибо", "жду", "ждем ответа", "коллеги", "from:", "to:", "subject:", "date:", "sent:", "cc:", "кому:", "тема:", "от кого:"];
    if greeting.iter().any(|g| low.starts_with(g) && low[g.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric())) && words < 9 {
        return K::Note;
    }
    // A project's budget is data; the client's is not.
    let money = has(low, &["budget", "бюджет"]) && !has(low, &["a budget", "an budget", "the project's budget", "budget and", "имеет", "у каждого", "у каждой", "указыва", "храним"]);
    if money || has(low, &["deadline is", "by the end of", "уложиться", "сроки", "сколько стоит", "сколько это", "how much would", "how long will", "let me know", "дайте знать", "get back to", "our company", "we are a ", "we're a ", "i run a ", "мы небольш", "у нас небольш", "p.s", "out of scope", "not needed", "not in scope", "skip that", "skip this"]) {
        return K::Note;
    }
    if has(low, &["slack", "stripe", "paypal", "telegram", "whatsapp", "1c", "1с", "quickbooks", "xero", "google calendar", "api", "integrat", "интеграц", "интегрир", "выгруж", "выгрузка", "обмен с", "sync with", "synchroni", "синхрониз", "webhook", "excel", "csv", "битрикс", "amocrm", "телеграм", "sms", "смс", "эксель", "import", "mailchimp", "shopify", "outlook", "zapier", "эдо", "сбер", "юкасс"]) {
        return K::Integration;
    }
    if has(low, &["fast", "seconds", "secure", "encrypt", "gdpr", "mobile", "phone screen", "responsive", "offline", "backup", "uptime", "24/7", "available in english", "languages", "accessible", "simple to use", "easy to use", "performance", "concurrent", "быстр", "секунд", "безопасн", "шифр", "мобильн", "офлайн", "без интернета", "152-фз", "резервн", "удобн", "одновременно", "планшет", "нагрузк", "персональн"]) {
        return K::Quality;
    }
    if has(low, &["cannot", "can't", "must not", "may not", "not allowed", "only ", "at least", "at most", "no more than", "never", "unique", "unless", "maximum", "must be", "нельзя", "не может", "не могут", "не должн", "только", "не более", "не менее", "не больше", "уникальн", "запрещ", "обязательн", "минимум", "максимум"]) {
        return K::Constraint;
    }
    K::Functional
}

fn priority(low: &str) -> Option<Priority> {
    if has(low, &["nice to have", "could ", "maybe", "optionally", "would be nice", "would be great", "later", "in the future", "было бы", "возможно", "опционально", "в будущем", "потом", "по возможности", "неплохо"]) {
        Some(Priority::Could)
    } else if has(low, &["should", "ideally", "preferably", "желательно", "хотелось", "хотим", "следует", "лучше"]) {
        Some(Priority::Should)
    } else if has(low, &["must", "shall", "have to", "has to", "required", "critical", "essential", "need", "должн", "должен", "обязательно", "необходимо", "нужно", "надо", "требуется", "обязан"]) {
        Some(Priority::Must)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_sorted() {
        use RequirementKind as K;
        for (text, want) in [
            ("hello team,", K::Note),
            ("спасибо, жду ответа", K::Note),
            ("our budget is 5000 euros.", K::Note),
            ("send a message to slack when an order is paid.", K::Integration),
            ("остатки берем из 1с.", K::Integration),
            ("the page must load within two seconds.", K::Quality),
            ("a room cannot be booked twice.", K::Constraint),
            ("номер договора должен быть уникальным.", K::Constraint),
            ("each order has a number.", K::Functional),
        ] {
            assert_eq!(kind(text), want, "{text}");
        }
        assert_eq!(priority("the system must keep orders"), Some(Priority::Must));
        assert_eq!(priority("желательно видеть отчет"), Some(Priority::Should));
    }
}

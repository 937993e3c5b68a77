//! Nouns that no dictionary knows, learned from the forms they take in one brief.

use std::collections::{BTreeMap, BTreeSet};

use super::lexicon_en as lexicon;
use super::morphology_ru::unknown;
use super::naming::transliterate;
use super::nouns_ru::{Reading, decline};

/// Forms of the unknown nouns of a brief.
#[derive(Debug, Default)]
pub(super) struct Lexis {
    forms: BTreeMap<String, Reading>,
}

/// Endings by length, so that the longest is cut first.
const ENDINGS: &[&str] = &["ами", "ями", "ов", "ев", "ей", "ам", "ям", "ах", "ях", "ом", "ем", "ой", "ью", "ы", "и", "а", "я", "у", "ю", "е", "о", "ь", "й"];

impl Lexis {
    /// Learns from all words of a text.
    pub fn learn(text: &str) -> Self {
        let mut stems: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for word in text.split(|c: char| !c.is_alphabetic() && c != '-') {
            if word.len() < 8 || word.len() > 60 || !word.starts_with(|c: char| ('\u{410}'..='\u{44f}').contains(&c)) {
                continue;
            }
            let low: String = word.trim_matches('-').chars().flat_map(char::to_lowercase).map(|c| if c == 'ё' { 'е' } else { c }).collect();
            if seen.contains(&low) {
                continue;
            }
            if unknown(&low) {
                let (stem, ending) = cut(&low);
                stems.entry(stem.to_owned()).or_default().insert(ending);
            }
            seen.insert(low);
        }
        let mut lexis = Self::default();
        for (stem, endings) in stems {
            let Some(lemma) = lemma(&stem, &endings) else { continue };
            let (gender, forms) = decline(&lemma.0, None, lemma.1);
            let english = english(&lemma.0);
            for (form, cases, plural) in forms {
                let reading = lexis.forms.entry(form).or_insert_with(|| Reading { lemma: lemma.0.clone(), english: english.clone(), gender, one: 0, many: 0 });
                if reading.lemma == lemma.0 {
                    if plural {
                        reading.many |= cases;
                    } else {
                        reading.one |= cases;
                    }
                }
            }
        }
        lexis
    }

    pub fn reading(&self, form: &str) -> Option<&Reading> {
        self.forms.get(form)
    }
}

/// Many business nouns are the same word in both languages: `флорист`, `курьер`.
fn english(lemma: &str) -> String {
    let latin = transliterate(lemma);
    [latin.clone(), latin.replace('k', "c"), latin.replace("ks", "x")].into_iter().find(|word| lexicon::class(word).is_some()).unwrap_or_else(|| lemma.to_owned())
}

fn cut(low: &str) -> (&str, &'static str) {
    for ending in ENDINGS {
        if let Some(stem) = low.strip_suffix(ending)
            && stem.len() >= 6
        {
            return (stem, ending);
        }
    }
    (low, "")
}

/// The nominative singular that the forms agree on, and the mark of its declension.
fn lemma(stem: &str, endings: &BTreeSet<&str>) -> Option<(String, &'static str)> {
    let has = |list: &[&str]| list.iter().any(|e| endings.contains(e));
    let consonant = !stem.ends_with(['а', 'е', 'и', 'о', 'у', 'ы', 'э', 'ю', 'я']);
    if !consonant {
        return (endings.len() > 1 && has(&["я", "ю", "и", "ей"]) && stem.ends_with('и') && !has(&["е", "ем"])).then(|| (format!("{stem}я"), ""));
    }
    if has(&[""]) && !has(&["ой", "ью"]) {
        return Some((stem.to_owned(), ""));
    }
    if endings.len() < 2 {
        return None;
    }
    if has(&["о"]) && !has(&["ы", "ов"]) {
        return Some((format!("{stem}о"), ""));
    }
    if has(&["ь"]) {
        return Some((format!("{stem}ь"), if has(&["ью"]) { "" } else { "m" }));
    }
    if has(&["ов", "ом"]) {
        return Some((stem.to_owned(), ""));
    }
    if has(&["ой", "у", "а"]) && !has(&["я", "ю"]) {
        return Some((format!("{stem}а"), ""));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_an_unknown_noun_meet_in_one_lemma() {
        let lexis = Lexis::learn("Показометр стоит дорого. Нет показометра. Много показометров. Глубинка, в глубинку, глубинкой.");
        for (form, lemma) in [("показометра", "показометр"), ("показометры", "показометр"), ("глубинкой", "глубинка"), ("глубинок", "глубинка")] {
            assert_eq!(lexis.reading(form).map(|r| r.lemma.as_str()), Some(lemma), "{form}");
        }
    }
}

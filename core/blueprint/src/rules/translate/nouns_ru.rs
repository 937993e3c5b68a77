//! Declines the Russian dictionary once, so that every form of a known noun is one look-up.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::lexicon_ru as lexicon;
use super::word::case::{ACC, ANY, DAT, GEN, INS, LOC, NOM};

/// What a form of a noun can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub lemma: String,
    pub english: String,
    pub gender: char,
    /// Cases as a singular, cases as a plural.
    pub one: u8,
    pub many: u8,
}

static FORMS: LazyLock<BTreeMap<String, Reading>> = LazyLock::new(|| {
    let mut map: BTreeMap<String, Reading> = BTreeMap::new();
    for entry in lexicon::NOUNS.split_whitespace() {
        let Some((left, english)) = entry.split_once('=') else { continue };
        let (left, mark) = left.split_once(':').unwrap_or((left, ""));
        let (lemma, oblique) = left.split_once('/').map_or((left, None), |(l, o)| (l, Some(o)));
        if lemma.contains('_') {
            continue;
        }
        let (gender, forms) = decline(lemma, oblique, mark);
        for (form, cases, plural) in forms {
            // The plural of "colour" would hide the flowers.
            if plural && lemma == "цвет" {
                continue;
            }
            let reading = map.entry(form).or_insert_with(|| Reading { lemma: lemma.to_owned(), english: english.replace('_', " "), gender, one: 0, many: 0 });
            if reading.lemma == lemma {
                if plural {
                    reading.many |= cases;
                } else {
                    reading.one |= cases;
                }
            }
        }
    }
    map
});

static PHRASES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| lexicon::PHRASES.split(['|', '\n']).filter_map(|entry| entry.trim().split_once('=')).collect());

/// The reading of a form of a known noun.
pub(super) fn noun(form: &str) -> Option<&'static Reading> {
    FORMS.get(form)
}

/// The English of a phrase given by its lemmas.
pub(super) fn phrase(lemmas: &str) -> Option<&'static str> {
    PHRASES.get(lemmas).copied()
}

pub(super) type Forms = Vec<(String, u8, bool)>;

pub(super) fn decline(lemma: &str, oblique: Option<&str>, mark: &str) -> (char, Forms) {
    let mut out: Forms = vec![(lemma.to_owned(), NOM, false)];
    let mut add = |stem: &str, table: &[(&str, u8, bool)]| {
        for (ending, cases, plural) in table {
            out.push((format!("{stem}{ending}"), *cases, *plural));
        }
    };
    let last = lemma.chars().next_back().unwrap_or(' ');
    let cut: &str = &lemma[..lemma.len() - last.len_utf8()];
    let hushed = |stem: &str| stem.ends_with(['ж', 'ш', 'щ', 'ч', 'ц']);
    let velar = |stem: &str| stem.ends_with(['г', 'к', 'х', 'ж', 'ш', 'щ', 'ч']);
    const SOFT_PLURAL: &[(&str, u8, bool)] = &[("ям", DAT, true), ("ями", INS, true), ("ях", LOC, true)];
    const HARD_PLURAL: &[(&str, u8, bool)] = &[("ам", DAT, true), ("ами", INS, true), ("ах", LOC, true)];
    let gender = match (mark, last) {
        ("a", _) => {
            let stem = &cut[..cut.len() - cut.chars().next_back().map_or(0, char::len_utf8)];
            for ending in ["ого", "его", "ому", "ему", "ым", "им", "ом", "ем", "ая", "ой", "ей", "ую", "ый", "ий", "ое", "ее"] {
                add(stem, &[(ending, ANY, false)]);
            }
            for ending in ["ые", "ие", "ых", "их", "ыми", "ими"] {
                add(stem, &[(ending, ANY, true)]);
            }
            if lemma.ends_with("ая") { 'f' } else if lemma.ends_with("ое") { 'n' } else { 'm' }
        }
        ("p", _) => {
            let stem = cut;
            add(stem, &[("ей", GEN | ACC, true), ("", GEN, true)]);
            add(stem, SOFT_PLURAL);
            add(stem, HARD_PLURAL);
            out[0] = (lemma.to_owned(), NOM | ACC, true);
            'm'
        }
        (_, 'а') => {
            let i = if velar(cut) { "и" } else { "ы" };
            add(cut, &[(i, GEN, false), (i, NOM | ACC, true), ("е", DAT | LOC, false), ("у", ACC, false), ("ой", INS, false), ("ей", INS, false)]);
            add(cut, HARD_PLURAL);
            match fleeting(cut) {
                Some(form) => add(&form, &[("", GEN | ACC, true)]),
                None => add(cut, &[("", GEN | ACC, true)]),
            }
            'f'
        }
        (_, 'я') => {
            let dative = if cut.ends_with('и') { "и" } else { "е" };
            add(cut, &[("и", GEN, false), ("и", NOM | ACC, true), (dative, DAT | LOC, false), ("ю", ACC, false), ("ей", INS, false)]);
            add(cut, SOFT_PLURAL);
            add(cut, &[(if cut.ends_with('и') { "й" } else { "ь" }, GEN, true), ("ей", GEN, true)]);
            'f'
        }
        (_, 'о') => {
            add(cut, &[("о", ACC, false), ("а", GEN, false), ("а", NOM | ACC, true), ("у", DAT, false), ("ом", INS, false), ("е", LOC, false), ("", GEN, true)]);
            add(cut, HARD_PLURAL);
            'n'
        }
        (_, 'е') => {
            let locative = if cut.ends_with('и') { "и" } else { "е" };
            let hard = hushed(cut);
            let (a, u) = if hard { ("а", "у") } else { ("я", "ю") };
            add(cut, &[("е", ACC, false), (a, GEN, false), (a, NOM | ACC, true), (u, DAT, false), ("ем", INS, false), (locative, LOC, false)]);
            add(cut, if hard { HARD_PLURAL } else { SOFT_PLURAL });
            add(cut, &[(if cut.ends_with('и') { "й" } else { "ей" }, GEN, true)]);
            'n'
        }
        (_, 'ь') if mark != "m" => {
            add(cut, &[("ь", ACC, false), ("и", GEN | DAT | LOC, false), ("и", NOM | ACC, true), ("ью", INS, false), ("ей", GEN | ACC, true)]);
            add(cut, SOFT_PLURAL);
            add(cut, HARD_PLURAL);
            'f'
        }
        (_, 'ь' | 'й') => {
            let stem = oblique.unwrap_or(cut);
            let locative = if stem.ends_with('и') { "и" } else { "е" };
            add(stem, &[("я", GEN | ACC, false), ("ю", DAT, false), ("ем", INS, false), (locative, LOC, false), ("и", NOM | ACC, true), ("я", NOM, true), (if last == 'й' { "ев" } else { "ей" }, GEN | ACC, true)]);
            add(stem, SOFT_PLURAL);
            if last == 'й' || stem.ends_with('л') {
                out.push((lemma.to_owned(), ACC, false));
            }
            'm'
        }
        (_, 'и' | 'у' | 'ю' | 'э') => {
            out.push((lemma.to_owned(), ANY, true));
            'n'
        }
        _ if lemma.is_ascii() => 'm',
        _ => {
            let stem = oblique.unwrap_or(lemma);
            let i = if velar(stem) { "и" } else { "ы" };
            add(stem, &[("а", GEN | ACC, false), ("у", DAT, false), ("ом", INS, false), ("ем", INS, false), ("е", LOC, false), (i, NOM | ACC, true)]);
            add(stem, &[(if stem.ends_with(['ж', 'ш', 'щ', 'ч']) { "ей" } else { "ов" }, GEN | ACC, true)]);
            if stem.ends_with('ц') {
                add(stem, &[("ев", GEN | ACC, true)]);
            }
            add(stem, HARD_PLURAL);
            // Nominative plurals in a stressed ending are few enough to name.
            if matches!(lemma, "адрес" | "номер" | "счет" | "сорт" | "город" | "цвет" | "дом" | "мастер" | "доктор" | "профессор" | "паспорт" | "год" | "тренер" | "договор" | "катер" | "корм" | "слесарь" | "директор" | "инспектор" | "вес" | "объем") {
                add(stem, &[("а", NOM | ACC, true)]);
            }
            out.push((lemma.to_owned(), ACC, false));
            'm'
        }
    };
    // Irregular plurals.
    match lemma {
        "ребенок" => out.extend([("дети", NOM, true), ("детей", GEN | ACC, true), ("детям", DAT, true), ("детьми", INS, true), ("детях", LOC, true)].map(|(f, c, p)| (f.to_owned(), c, p))),
        "человек" => out.push(("человек".to_owned(), GEN, true)),
        "время" => out.extend([("времени", GEN | DAT | LOC, false), ("временем", INS, false), ("времен", GEN, true)].map(|(f, c, p)| (f.to_owned(), c, p))),
        "имя" => out.extend([("имени", GEN | DAT | LOC, false), ("именем", INS, false), ("имена", NOM | ACC, true), ("имен", GEN, true)].map(|(f, c, p)| (f.to_owned(), c, p))),
        "год" => out.push(("лет".to_owned(), GEN, true)),
        "хозяин" => out.extend([("хозяева", NOM, true), ("хозяев", GEN | ACC, true)].map(|(f, c, p)| (f.to_owned(), c, p))),
        "цветок" => out.extend([("цветы", NOM | ACC, true), ("цветов", GEN, true), ("цветам", DAT, true), ("цветами", INS, true), ("цветах", LOC, true)].map(|(f, c, p)| (f.to_owned(), c, p))),
        "судно" => out.extend([("суда", NOM | ACC, true), ("судов", GEN, true)].map(|(f, c, p)| (f.to_owned(), c, p))),
        "день" => out.extend([("дни", NOM | ACC, true), ("дня", GEN, false), ("дней", GEN, true), ("дням", DAT, true), ("дню", DAT, false), ("днем", INS, false)].map(|(f, c, p)| (f.to_owned(), c, p))),
        _ => {}
    }
    (gender, out)
}

/// The genitive plural of nouns whose stem ends in two consonants: `заявк` gives `заявок`.
fn fleeting(stem: &str) -> Option<String> {
    let mut chars = stem.chars().rev();
    let (last, before) = (chars.next()?, chars.next()?);
    if last != 'к' || "аеиоуыэюя".contains(before) {
        return None;
    }
    let base = &stem[..stem.len() - last.len_utf8()];
    Some(match before {
        'й' | 'ь' => format!("{}ек", &base[..base.len() - before.len_utf8()]),
        'ж' | 'ш' | 'ч' | 'щ' => format!("{base}ек"),
        _ => format!("{base}ок"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_lead_back_to_their_noun() {
        for (form, lemma, one, many) in [
            ("заказа", "заказ", GEN, 0),
            ("заявок", "заявка", 0, GEN),
            ("клиентов", "клиент", 0, GEN),
            ("скидкой", "скидка", INS, 0),
            ("категории", "категория", GEN, NOM),
            ("ячеек", "ячейка", 0, GEN),
            ("платежей", "платеж", 0, GEN),
            ("покупателя", "покупатель", GEN, 0),
            ("записью", "запись", INS, 0),
            ("звонков", "звонок", 0, GEN),
            ("животных", "животное", 0, GEN),
            ("детей", "ребенок", 0, GEN),
            ("заказ-наряды", "заказ-наряд", 0, NOM),
            ("описание", "описание", NOM, 0),
            ("мест", "место", 0, GEN),
        ] {
            let reading = noun(form).unwrap_or_else(|| panic!("{form} is unknown"));
            assert_eq!(reading.lemma, lemma, "{form}");
            assert_eq!(reading.one & one, one, "{form}");
            assert_eq!(reading.many & many, many, "{form}");
        }
    }
}

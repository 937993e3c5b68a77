//! Russian words: their part, their case and number, their lemma.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::lexicon_ru as lexicon;
use super::morphology_en::mark;
use super::nouns_ru as nouns;
use super::lexis_ru::Lexis;
use super::token::{Kind, Token};
use super::word::case::{ACC, ANY, DAT, GEN, INS, LOC, NOM};
use super::word::{Act, Quant, Tag, Word};

static ADJECTIVES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| lexicon::ADJECTIVES.split_whitespace().filter_map(|e| e.split_once('=')).collect());
static EMPTY: LazyLock<BTreeMap<&'static str, ()>> = LazyLock::new(|| lexicon::EMPTY_ADJECTIVES.split_whitespace().map(|s| (s, ())).collect());
static VERBS: LazyLock<BTreeMap<&'static str, Act>> = LazyLock::new(|| {
    let mut map = BTreeMap::new();
    for (list, act) in [
        (lexicon::HAVE, Act::Have),
        (lexicon::CONSIST, Act::Consist),
        (lexicon::BELONG, Act::Belong),
        (lexicon::STORE, Act::Store),
        (lexicon::LINK, Act::Link),
        (lexicon::MANAGE, Act::Manage),
    ] {
        for stem in list.split_whitespace() {
            map.entry(stem).or_insert(act);
        }
    }
    map
});

/// Endings of adjectives: ending, gender (`p` for plural), cases.
const ADJECTIVE_ENDINGS: &[(&str, char, u8)] = &[
    ("ыми", 'p', INS), ("ими", 'p', INS), ("ого", 'm', GEN | ACC), ("его", 'm', GEN | ACC), ("ому", 'm', DAT), ("ему", 'm', DAT),
    ("ый", 'm', NOM | ACC), ("ий", 'm', NOM | ACC), ("ая", 'f', NOM), ("яя", 'f', NOM), ("ое", 'n', NOM | ACC), ("ее", 'n', NOM | ACC),
    ("ые", 'p', NOM | ACC), ("ие", 'p', NOM | ACC), ("ых", 'p', GEN | LOC | ACC), ("их", 'p', GEN | LOC | ACC), ("ым", 'm', INS | DAT), ("им", 'm', INS | DAT),
    ("ой", 'f', ANY), ("ей", 'f', ANY), ("ую", 'f', ACC), ("юю", 'f', ACC), ("ом", 'm', LOC), ("ем", 'm', LOC),
];

/// Whether an adjective (by its stem) adds nothing to the kind of thing.
pub(super) fn empty_adjective(stem: &str) -> bool {
    EMPTY.contains_key(stem)
}

/// The English of an adjective stem.
pub(super) fn adjective_english(stem: &str) -> Option<&'static str> {
    ADJECTIVES.get(stem).copied()
}

/// The nominative singular of an adjective stem in a gender.
pub(super) fn adjective_lemma(stem: &str, gender: char) -> String {
    let soft = stem.ends_with("дн") && !stem.ends_with("одн") && (stem.starts_with("последн") || stem.starts_with("средн") || stem.starts_with("предыд")) || ["внутренн", "внешн", "домашн", "последн", "средн", "верхн", "нижн", "утренн", "вечерн", "летн", "зимн", "задн", "передн", "крайн", "прежн", "соседн"].contains(&stem);
    let hush = stem.ends_with(['г', 'к', 'х', 'ж', 'ш', 'щ', 'ч']);
    let stressed = ["складск", "городск", "друг", "больш", "путев", "детск"].contains(&stem) && stem != "детск" || ["мастерск", "морск", "донск", "тверск"].contains(&stem);
    let ending = match gender {
        'p' => if soft || hush { "ие" } else { "ые" },
        'f' => if soft { "яя" } else { "ая" },
        'n' => if soft || stem.ends_with(['щ', 'ш', 'ж', 'ч']) { "ее" } else { "ое" },
        _ => if stressed && !stem.ends_with("складск") { "ой" } else if soft || hush { "ий" } else { "ый" },
    };
    if stem == "складск" && gender == 'm' { return "складской".into(); }
    format!("{stem}{ending}")
}

fn quant(low: &str) -> Option<Quant> {
    Some(match low {
        "каждый" | "каждая" | "каждое" | "каждого" | "каждой" | "каждому" | "каждым" | "каждом" | "каждую" | "любой" | "любая" | "любого" | "любому" | "любое" | "всякий" => Quant::Each,
        "один" | "одна" | "одно" | "одного" | "одной" | "одному" | "одним" | "одном" | "одну" | "единственный" | "единственная" => Quant::One,
        "несколько" | "нескольких" | "нескольким" | "несколькими" | "много" | "многие" | "многих" | "множество" | "все" | "всех" | "всем" | "всеми" | "два" | "две" | "двух" | "три" | "трех" | "четыре" | "пять" | "шесть" | "десять" | "больше" | "более" | "разные" | "разных" | "разными" | "разным" | "некоторые" | "оба" | "обе" | "сколько" => Quant::Many,
        _ => return None,
    })
}

fn closed(low: &str) -> Option<Tag> {
    if let Some(quant) = quant(low) {
        return Some(Tag::Quant(quant));
    }
    Some(match low {
        "и" | "да" | "плюс" => Tag::And,
        "или" | "либо" => Tag::Or,
        "в" | "во" | "на" | "с" | "со" | "у" | "к" | "ко" | "по" | "о" | "об" | "обо" | "от" | "до" | "из" | "за" | "для" | "при" | "про" | "без" | "над" | "под" | "через" | "между" | "перед" | "после" | "около" | "вместо" | "кроме" | "среди" | "внутри" | "согласно" | "вокруг" => Tag::Prep,
        "что" | "чтобы" | "чтоб" | "короче" | "если" | "когда" | "как" | "где" | "поэтому" | "потому" | "хотя" | "пока" | "но" | "а" | "же" | "ли" | "зачем" | "почему" | "куда" | "откуда" | "чем" | "то" | "который" | "которая" | "которое" | "которые" | "которого" | "которой" | "которых" | "которому" | "которым" | "которую" | "котором" | "которыми" | "какой" | "какая" | "какие" | "каких" | "какое" | "какого" | "какую" | "каким" | "чей" | "чья" | "чье" => Tag::Conj,
        "он" | "она" | "оно" | "они" | "его" | "ее" | "их" | "ему" | "ей" | "им" | "нему" | "него" | "нее" | "ней" | "них" | "ним" | "нем" | "мы" | "я" | "вы" | "нас" | "нам" | "вам" | "вас" | "мне" | "меня" | "нами" | "мной" | "это" | "этот" | "эта" | "эти" | "этого" | "этой" | "этим" | "этому" | "этом" | "эту" | "этих" | "тот" | "та" | "те" | "того" | "той" | "тех" | "тому" | "том" | "ту" | "тем" | "себя" | "себе" | "собой" | "кто" | "кого" | "кому" | "кем" | "никто" | "свой" | "свои" | "своей" | "своего" | "своих" | "свою" | "своем" | "своим" | "своя" | "свое" | "наш" | "наша" | "наши" | "нашей" | "нашего" | "наших" | "нашу" | "наше" | "мой" | "моя" | "мои" | "ты" | "тебе" | "сам" | "сама" | "сами" | "само" | "всё" | "весь" | "вся" | "всю" | "всей" | "всего" | "друг" | "ничего" | "чего" | "чему" | "такой" | "такая" | "такие" | "таких" | "ваш" | "ваша" | "ваши" => Tag::Pron,
        "может" | "могут" | "можем" | "могу" | "мог" | "могла" | "могли" | "должен" | "должна" | "должны" | "должно" | "нужно" | "нужен" | "нужна" | "нужны" | "надо" | "необходимо" | "можно" | "нельзя" | "хочу" | "хотим" | "хочет" | "хотят" | "хотел" | "хотелось" | "хотели" | "следует" | "желательно" | "обязан" | "обязана" | "обязаны" | "требуется" | "требуются" | "бы" | "важно" | "хочется" => Tag::Modal,
        "быть" | "был" | "была" | "было" | "были" | "бывает" | "бывают" | "является" | "являются" | "будет" | "будут" | "становится" | "считается" => Tag::Be,
        "также" | "тоже" | "еще" | "уже" | "только" | "сразу" | "потом" | "затем" | "всегда" | "иногда" | "обычно" | "не" | "ни" | "нет" | "очень" | "сейчас" | "теперь" | "автоматически" | "вручную" | "там" | "тут" | "здесь" | "тогда" | "так" | "вот" | "даже" | "просто" | "лишь" | "сначала" | "потому-то" | "опционально" | "отдельно" | "вместе" | "обязательно" | "строго" | "ровно" | "минимум" | "часто" | "редко" | "постоянно" | "быстро" | "ежедневно" | "например" | "т.е" | "т.д" | "т.п" | "примерно" | "около-то" | "онлайн" | "пожалуйста" | "раньше" | "позже" | "везде" | "самостоятельно" | "вовремя" | "сегодня" | "завтра" | "вчера" | "снова" | "заново" | "сверху" | "снизу" | "позднее" | "бесплатно" | "именно" | "то-есть" | "наверное" | "хорошо" | "плохо" | "ведь" | "когда-нибудь" | "нибудь" | "заранее" | "зато" | "вообще" | "пусть" => Tag::Adv,
        _ => return None,
    })
}

/// Finds the longest known verb stem that begins the word.
fn verb(low: &str) -> Option<Act> {
    let verbal = ["ет", "ит", "ут", "ют", "ат", "ят", "ть", "тся", "ться", "ем", "им", "ешь", "ишь", "л", "ла", "ло", "ли", "лся", "лась", "лись", "но", "на", "ны", "н", "ти", "сти", "те", "ает", "жу", "шу", "ю", "ть", "ть", "чь", "вя", "ая", "яя"];
    if low == "есть" {
        return Some(Act::Have);
    }
    if !verbal.iter().any(|end| low.ends_with(end)) {
        return None;
    }
    low.char_indices().map(|(i, c)| i + c.len_utf8()).rev().find_map(|end| VERBS.get(&low[..end]).copied())
}

fn verb_ending(low: &str) -> bool {
    low.chars().count() > 4 && ["ает", "яет", "ует", "ирует", "ают", "яют", "уют", "ются", "ется", "ится", "ятся", "аться", "иться", "яться", "ать", "ять", "ить", "еть", "овать", "ывать", "ивать", "ует", "ишь", "ешь", "вали", "лись", "лась", "лось", "лся", "аем", "яем", "уем", "ите", "йте", "ала", "али", "шел", "шла", "шли", "ило", "ила", "или"].iter().any(|end| low.ends_with(end))
}

pub(super) fn adjective(low: &str) -> Option<(&str, char, u8)> {
    let (stem, gender, cases) = ADJECTIVE_ENDINGS.iter().find_map(|(end, gender, cases)| low.strip_suffix(end).map(|stem| (stem, *gender, *cases)))?;
    let known = ADJECTIVES.contains_key(stem) || EMPTY.contains_key(stem);
    let typical = ["н", "ск", "ов", "ев", "щ", "вш", "енн", "ен", "к", "им", "ем", "льн", "чн", "ист", "аст", "лив", "шн", "ж", "тел"].iter().any(|s| stem.ends_with(s));
    // Short endings also end nouns; without a typical suffix the word is read as a noun.
    (known || (stem.chars().count() > 2 && typical && !matches!(low.len() - stem.len(), 4 if matches!(&low[stem.len()..], "ом" | "ем" | "ей") && !stem.ends_with('н') && !stem.ends_with("ск")))).then_some((stem, gender, cases))
}

/// Short participles and adjectives: `оплачен`, `отменена`, `готов`.
fn short_participle(low: &str) -> bool {
    low.chars().count() > 4 && ["ен", "ена", "ено", "ены", "ан", "ана", "ано", "аны", "ят", "ята", "яты", "ято"].iter().any(|end| low.ends_with(end)) || matches!(low, "готов" | "готова" | "готово" | "готовы" | "занят" | "занята" | "свободен" | "свободна" | "закрыт" | "открыт" | "закрыта" | "открыта" | "взят")
}

/// Whether only its ending tells what the word is.
pub(super) fn unknown(low: &str) -> bool {
    closed(low).is_none() && nouns::noun(low).is_none() && verb(low).is_none() && adjective(low).is_none() && !short_participle(low) && !verb_ending(low)
}

/// Gives a Russian word of a sentence its part.
pub(super) fn tag(tokens: &[Token], at: usize, lexis: &Lexis, out: &mut Vec<Word>) {
    let token = &tokens[at];
    let low = token.low.as_str();
    let mut word = Word {
        span: token.span.clone(), low: low.to_owned(), key: low.to_owned(), lemma: low.to_owned(), tag: Tag::Noun, plural: false, cases: ANY, gender: ' ', russian: true, participle: false, reflexive: false, loose: false,
    };
    word.tag = match token.kind {
        Kind::Mark(m) => mark(m),
        Kind::Possessive => Tag::Other,
        Kind::Number => {
            word.plural = low != "1";
            if low == "1" { Tag::Quant(Quant::One) } else { Tag::Num }
        }
        Kind::Word => word_tag(low, &mut word, out, lexis),
    };
    out.push(word);
}

fn word_tag(low: &str, word: &mut Word, before: &[Word], lexis: &Lexis) -> Tag {
    if let Some(tag) = closed(low) {
        return tag;
    }
    if let Some(reading) = nouns::noun(low) {
        return read(word, reading, before);
    }
    if let Some(act) = verb(low) {
        word.participle = short_participle(low) && act != Act::Belong;
        word.reflexive = ["тся", "лся", "лась", "лось", "лись"].iter().any(|end| low.ends_with(end)) && !matches!(act, Act::Belong | Act::Consist) && !["записыва", "регистрир", "находи", "занима", "явля"].iter().any(|s| low.starts_with(s));
        word.loose = low.ends_with("ть") || low.ends_with("ться") || low.ends_with("ти") || low.ends_with("чь");
        return if let Some((stem, gender, cases)) = adjective(low).filter(|_| !word.loose && (low.contains("енн") || low.contains("анн") || low.contains("ем") || low.contains("ющ"))) {
            adjective_word(word, stem, gender, cases)
        } else {
            Tag::Verb(act)
        };
    }
    if let Some((stem, gender, cases)) = adjective(low) {
        return adjective_word(word, stem, gender, cases);
    }
    if short_participle(low) {
        word.participle = true;
        return if low.ends_with("ен") || low.ends_with("ан") || low.ends_with("ены") || low.ends_with("аны") || low.ends_with("ена") || low.ends_with("ана") || low.ends_with("ено") || low.ends_with("ано") { Tag::Verb(Act::Manage) } else { Tag::Adj };
    }
    if verb_ending(low) {
        word.loose = low.ends_with("ть") || low.ends_with("ться");
        word.reflexive = low.ends_with("тся");
        return Tag::Verb(Act::Manage);
    }
    if low.chars().count() > 4 && (low.ends_with("ски") || low.ends_with("нно") || low.ends_with("льно") || low.ends_with("чно")) {
        return Tag::Adv;
    }
    if let Some(reading) = lexis.reading(low) {
        return read(word, reading, before);
    }
    guess(low, word);
    Tag::Noun
}

/// Fills a word from the reading of its form; its neighbours settle what the form leaves open.
fn read(word: &mut Word, reading: &nouns::Reading, before: &[Word]) -> Tag {
    word.key = reading.english.clone();
    word.lemma.clone_from(&reading.lemma);
    word.gender = reading.gender;
    // Context settles forms that are genitive singular or nominative plural.
    let after_many = before.last().is_some_and(|w| w.tag == Tag::Quant(Quant::Many) || w.tag == Tag::Num || (w.tag == Tag::Adj && w.plural));
    let governed = before.last().is_some_and(|w| matches!(w.tag, Tag::Noun) || matches!(w.low.as_str(), "у" | "для" | "без" | "от" | "до" | "из" | "после" | "кроме" | "одного" | "каждого" | "каждой" | "любого" | "одной"));
    let singular = reading.one != 0 && (reading.many == 0 || reading.one & NOM != 0 || (governed && reading.one & GEN != 0)) && !after_many;
    word.plural = !singular && reading.many != 0;
    word.cases = if word.plural { reading.many | if after_many { reading.one } else { 0 } } else { reading.one };
    if reading.many != 0 && reading.one != 0 && !governed && !after_many {
        word.cases = reading.one | reading.many;
    }
    Tag::Noun
}

fn adjective_word(word: &mut Word, stem: &str, gender: char, cases: u8) -> Tag {
    word.key = adjective_english(stem).map_or_else(|| adjective_lemma(stem, 'm'), |e| e.replace('_', " "));
    word.lemma = stem.to_owned();
    word.gender = gender;
    word.plural = gender == 'p';
    word.cases = cases;
    word.participle = ["енн", "анн", "ем", "ющ", "ящ", "вш"].iter().any(|s| stem.ends_with(s));
    Tag::Adj
}

/// Reads an unknown noun by its ending; the lemma is the likeliest nominative singular.
fn guess(low: &str, word: &mut Word) {
    const SUFFIXES: &[(&str, &str, char, u8, bool)] = &[
        ("ениями", "ение", 'n', INS, true), ("аниями", "ание", 'n', INS, true), ("ениях", "ение", 'n', LOC, true), ("ением", "ение", 'n', INS, false), ("ению", "ение", 'n', DAT, false), ("ении", "ение", 'n', LOC, false), ("ений", "ение", 'n', GEN, true), ("ения", "ение", 'n', GEN | NOM, false), ("ание", "ание", 'n', NOM | ACC, false), ("ания", "ание", 'n', GEN | NOM, false), ("анию", "ание", 'n', DAT, false), ("анием", "ание", 'n', INS, false),
        ("остью", "ость", 'f', INS, false), ("остями", "ость", 'f', INS, true), ("остей", "ость", 'f', GEN, true), ("ости", "ость", 'f', GEN | DAT | LOC, false),
        ("ациями", "ация", 'f', INS, true), ("циями", "ция", 'f', INS, true), ("циях", "ция", 'f', LOC, true), ("циям", "ция", 'f', DAT, true), ("цией", "ция", 'f', INS, false), ("цию", "ция", 'f', ACC, false), ("ций", "ция", 'f', GEN, true), ("ции", "ция", 'f', ANY, false), ("ния", "ние", 'n', GEN, false), ("тия", "тие", 'n', GEN, false), ("ия", "ия", 'f', NOM, false), ("ию", "ия", 'f', ACC, false), ("ии", "ия", 'f', ANY, false), ("ией", "ия", 'f', INS, false),
        ("телями", "тель", 'm', INS, true), ("телей", "тель", 'm', GEN | ACC, true), ("телям", "тель", 'm', DAT, true), ("телях", "тель", 'm', LOC, true), ("телем", "тель", 'm', INS, false), ("теля", "тель", 'm', GEN | ACC, false), ("телю", "тель", 'm', DAT, false), ("теле", "тель", 'm', LOC, false), ("тели", "тель", 'm', NOM, true),
        ("ками", "ка", 'f', INS, true), ("ках", "ка", 'f', LOC, true), ("кам", "ка", 'f', DAT, true), ("ку", "ка", 'f', ACC, false), ("кой", "ка", 'f', INS, false), ("ки", "ка", 'f', GEN | NOM | ACC, true), ("ке", "ка", 'f', DAT | LOC, false), ("вок", "вка", 'f', GEN, true), ("чек", "чка", 'f', GEN, true),
        ("ами", "", 'm', INS, true), ("ах", "", 'm', LOC, true), ("ам", "", 'm', DAT, true), ("ов", "", 'm', GEN | ACC, true), ("ом", "", 'm', INS, false), ("ы", "", 'm', NOM | ACC | GEN, true), ("ями", "ь", 'm', INS, true), ("ях", "ь", 'm', LOC, true), ("ям", "ь", 'm', DAT, true), ("ев", "й", 'm', GEN, true), ("ей", "ь", 'm', GEN, true),
        ("и", "", 'm', NOM | ACC | GEN, true), ("у", "а", 'f', ACC, false), ("е", "", 'm', LOC, false), ("ю", "я", 'f', ACC, false), ("ой", "а", 'f', INS, false),
    ];
    if !low.chars().any(|c| ('а'..='я').contains(&c)) {
        return;
    }
    if let Some((end, nominative, gender, cases, plural)) = SUFFIXES.iter().find(|(end, ..)| low.ends_with(end) && low.len() > end.len() + 4) {
        let stem = &low[..low.len() - end.len()];
        word.lemma = format!("{stem}{nominative}");
        word.gender = *gender;
        word.cases = *cases;
        word.plural = *plural;
    } else if low.ends_with(['а', 'я']) {
        word.gender = 'f';
        word.cases = NOM | GEN;
    } else if low.ends_with(['о', 'е']) {
        word.gender = 'n';
        word.cases = NOM | ACC;
    } else {
        word.gender = 'm';
        word.cases = NOM | ACC;
    }
    word.key.clone_from(&word.lemma);
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    #[test]
    fn words_of_a_sentence_get_their_parts() {
        let text = "Каждый клиент оформляет несколько заказов и указывает складской адрес";
        let tokens = tokens(text, 0..text.len());
        let mut words = Vec::new();
        for at in 0..tokens.len() {
            tag(&tokens, at, &Lexis::default(), &mut words);
        }
        let tags: Vec<Tag> = words.iter().map(|w| w.tag).collect();
        assert_eq!(tags, [Tag::Quant(Quant::Each), Tag::Noun, Tag::Verb(Act::Link), Tag::Quant(Quant::Many), Tag::Noun, Tag::And, Tag::Verb(Act::Store), Tag::Adj, Tag::Noun]);
        assert!(words[4].plural);
    }

    #[test]
    fn adjectives_agree_with_their_noun() {
        for (stem, gender, want) in [("складск", 'm', "складской"), ("запасн", 'f', "запасная"), ("домашн", 'n', "домашнее"), ("медицинск", 'f', "медицинская")] {
            assert_eq!(adjective_lemma(stem, gender), want);
        }
    }
}

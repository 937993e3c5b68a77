//! Cuts a brief into sentences that know where they stand in the text.

use std::ops::Range;

/// What a line of the brief is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// A title.
    Heading,
    /// A point of a list.
    Item,
    /// Running text.
    Prose,
}

/// One sentence, or one title, or one point of a list.
#[derive(Debug, Clone)]
pub(super) struct Sentence {
    /// Where it stands, without list marks and surrounding white space.
    pub span: Range<usize>,
    pub block: Block,
    /// The title above it.
    pub heading: Option<usize>,
    /// The sentence that introduces the list it is a point of.
    pub lead: Option<usize>,
    /// The start of a block, not the continuation of one.
    pub first: bool,
}

/// Cuts the text; every sentence lies on character boundaries and none overlap.
pub(super) fn sentences(text: &str) -> Vec<Sentence> {
    let mut out = Splitter { text, sentences: Vec::new(), heading: None, leads: Vec::new(), last: None, item: None };
    let mut prose: Option<Range<usize>> = None;
    let mut fenced = false;
    let mut offset = 0;
    for raw in text.split_inclusive('\n') {
        let start = offset;
        offset += raw.len();
        let line = Line::read(raw, start);
        if line.body.starts_with("```") || line.body.starts_with("~~~") {
            out.flush(&mut prose);
            fenced = !fenced;
            continue;
        }
        if fenced || line.is_rule() {
            out.flush(&mut prose);
            continue;
        }
        if line.body.is_empty() {
            out.flush(&mut prose);
            out.blank();
            continue;
        }
        let range = line.start..line.start + line.body.len();
        match line.kind {
            Block::Heading => {
                out.flush(&mut prose);
                out.push_heading(range);
            }
            Block::Item => {
                out.flush(&mut prose);
                out.open_item(line.indent);
                prose = Some(range);
                out.item = Some(line.indent);
            }
            Block::Prose => match &mut prose {
                Some(open) if joins(&text[open.clone()], line.body) => open.end = range.end,
                _ => {
                    out.flush(&mut prose);
                    prose = Some(range);
                }
            },
        }
    }
    out.flush(&mut prose);
    out.sentences
}

/// Whether a line continues the one before: a wrapped sentence does, a new short thought does not.
fn joins(before: &str, line: &str) -> bool {
    let last = before.rsplit('\n').next().unwrap_or(before).trim_end();
    let wrapped = last.len() > 60;
    // In a chat every line starts small; there a short line is a thought of its own.
    let capital = before.chars().next().is_some_and(|c| !c.is_lowercase());
    let lower = capital && line.chars().next().is_some_and(|c| c.is_lowercase() || c == '(');
    let ended = last.ends_with(['.', '!', '?', ';']);
    !last.ends_with(':') && (lower || (wrapped && capital) || (ended && capital) || last.ends_with(','))
}

struct Line<'a> {
    body: &'a str,
    start: usize,
    indent: usize,
    kind: Block,
}

impl<'a> Line<'a> {
    fn read(raw: &'a str, start: usize) -> Self {
        let mut rest = raw.trim_end().trim_end_matches('|');
        let mut at = start;
        let mut indent = 0;
        // Quotation marks of e-mails carry no meaning here.
        loop {
            let trimmed = rest.trim_start();
            let cut = rest.len() - trimmed.len();
            indent += cut;
            at += cut;
            rest = trimmed;
            match rest.strip_prefix('>') {
                Some(quoted) => {
                    at += 1;
                    rest = quoted;
                }
                None => break,
            }
        }
        let whole = rest;
        let mut kind = Block::Prose;
        if rest.starts_with('#') {
            let title = rest.trim_start_matches('#');
            if title.is_empty() || title.starts_with([' ', '\t']) {
                kind = Block::Heading;
                rest = title.trim_start();
            }
        } else if let Some(item) = list_mark(rest) {
            kind = Block::Item;
            rest = item;
        }
        at += whole.len() - rest.len();
        if kind == Block::Prose && bold_title(rest) {
            kind = Block::Heading;
        }
        Line { body: rest, start: at, indent, kind }
    }

    fn is_rule(&self) -> bool {
        self.kind == Block::Prose
            && !self.body.is_empty()
            && self.body.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | '|' | ':' | ' '))
    }
}

fn bold_title(line: &str) -> bool {
    line.len() > 4
        && line.len() < 90
        && line.strip_prefix("**").and_then(|l| l.strip_suffix("**").or_else(|| l.strip_suffix("**:"))).is_some_and(|l| !l.contains("**") && !l.ends_with('.'))
}

/// The rest of a line behind its list mark: `-`, `*`, `•`, `1.`, `2)`, `a)`, `[ ]`, `|`.
fn list_mark(line: &str) -> Option<&str> {
    let mut rest = None;
    for mark in ["- ", "* ", "+ ", "• ", "– ", "— ", "· ", "▪ ", "◦ ", "-\t", "*\t", "•", "| "] {
        if let Some(item) = line.strip_prefix(mark) {
            rest = Some(item.trim_start());
            break;
        }
    }
    if rest.is_none() {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let head = if digits > 0 { digits } else { line.chars().next().filter(|c| c.is_alphabetic()).map_or(0, char::len_utf8) };
        let after = &line[head..];
        if head > 0 && (after.starts_with(") ") || (digits > 0 && digits < 4 && after.starts_with(". "))) {
            rest = Some(after[2..].trim_start());
        } else if digits > 0 && digits < 3 && after.starts_with('.') {
            // Outline numbers such as 2.1 or 2.1.3.
            let outline = line.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
            if line[outline..].starts_with(' ') && outline > 2 {
                rest = Some(line[outline..].trim_start());
            }
        }
    }
    let rest = rest?;
    for check in ["[ ] ", "[x] ", "[X] "] {
        if let Some(item) = rest.strip_prefix(check) {
            return Some(item.trim_start());
        }
    }
    Some(rest)
}

struct Splitter<'a> {
    text: &'a str,
    sentences: Vec<Sentence>,
    heading: Option<usize>,
    /// Open list levels: the indent of the points and the sentence that introduced them.
    leads: Vec<(usize, Option<usize>)>,
    /// The sentence that a deeper list would hang on.
    last: Option<usize>,
    /// The indent of the point whose text is being collected.
    item: Option<usize>,
}

impl Splitter<'_> {
    fn blank(&mut self) {
        // A list may stand apart from the sentence that introduces it, so only its levels close.
        self.leads.truncate(1);
    }

    fn open_item(&mut self, indent: usize) {
        while self.leads.last().is_some_and(|(open, _)| *open > indent) {
            self.leads.pop();
        }
        if self.leads.last().is_none_or(|(open, _)| *open < indent) {
            let nested = !self.leads.is_empty();
            let lead = self.last.filter(|i| {
                let before = &self.sentences[*i];
                nested || self.introduces(before)
            });
            self.leads.push((indent, lead));
        }
    }

    fn introduces(&self, sentence: &Sentence) -> bool {
        sentence.block == Block::Prose && self.text[sentence.span.clone()].trim_end_matches(['*', '_', ' ']).ends_with(':')
    }

    fn push_heading(&mut self, range: Range<usize>) {
        self.leads.clear();
        let at = self.sentences.len();
        self.sentences.push(Sentence { span: range, block: Block::Heading, heading: None, lead: None, first: true });
        self.heading = Some(at);
        self.last = Some(at);
    }

    fn flush(&mut self, open: &mut Option<Range<usize>>) {
        let Some(range) = open.take() else { return };
        let item = self.item.take();
        let lead = item.and_then(|_| self.leads.last().and_then(|(_, lead)| *lead));
        if item.is_none() {
            self.leads.clear();
        }
        let block = if item.is_some() { Block::Item } else { Block::Prose };
        let opening = self.sentences.len();
        for (n, span) in cut(self.text, range).into_iter().enumerate() {
            self.sentences.push(Sentence { span, block, heading: self.heading, lead, first: n == 0 });
        }
        // Nested points hang on the sentence that opened their parent.
        if self.sentences.len() > opening {
            self.last = Some(if item.is_some() { opening } else { self.sentences.len() - 1 });
        }
    }
}

/// Words that end in a full stop without ending a sentence.
const ABBREVIATIONS: &[&str] = &[
    "e.g", "i.e", "etc", "mr", "mrs", "ms", "dr", "prof", "vs", "approx", "no", "inc", "ltd", "co", "st", "max", "min", "incl", "excl", "ca", "cf", "fig", "tel", "т.е", "т.д", "т.п", "т.к", "т.ч", "т.н", "напр", "др", "пр", "г", "гг", "ул", "руб", "коп", "кг", "шт", "тел", "им", "стр",
    "рис", "см", "тыс", "млн", "мин", "макс", "ч", "д", "кв", "обл", "ред", "доп", "мес",
];

fn cut(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let body = &text[range.clone()];
    let mut out = Vec::new();
    let mut start = 0;
    let mut chars = body.char_indices().peekable();
    // Who starts small goes on small: in a chat a small letter may open a sentence.
    let chat = body.chars().next().is_some_and(char::is_lowercase);
    let mut word = 0;
    while let Some((at, c)) = chars.next() {
        if c.is_whitespace() || matches!(c, '(' | '«' | '"' | '[' | ',') {
            word = at + c.len_utf8();
        }
        if !matches!(c, '.' | '!' | '?' | '…') {
            continue;
        }
        let stop = at;
        let mut end = at + c.len_utf8();
        while let Some((i, next)) = chars.peek().copied() {
            if !matches!(next, '.' | '!' | '?' | '…' | '"' | '»' | '”' | ')' | '*' | '_') {
                break;
            }
            end = i + next.len_utf8();
            chars.next();
        }
        let rest = &body[end..];
        if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
            continue;
        }
        let next = rest.trim_start().chars().take(40).find(|c| c.is_alphanumeric());
        if c == '.' {
            let before = body[word.min(stop)..stop].trim_matches(|c: char| !c.is_alphanumeric() && c != '.').to_lowercase();
            let initial = before.chars().count() == 1 && before.chars().all(char::is_alphabetic);
            let short = ABBREVIATIONS.contains(&before.as_str());
            let closes = matches!(before.as_str(), "etc" | "т.д" | "т.п" | "др" | "пр" | "руб" | "шт" | "г" | "кг" | "мин");
            if (!chat && next.is_some_and(|n| n.is_lowercase())) || ((initial || short) && !(closes && next.is_some_and(char::is_uppercase))) {
                continue;
            }
        }
        push(&mut out, body, start..end, range.start);
        start = end;
        word = end;
    }
    push(&mut out, body, start..body.len(), range.start);
    out
}

fn push(out: &mut Vec<Range<usize>>, body: &str, part: Range<usize>, base: usize) {
    let piece = &body[part.clone()];
    let left = piece.len() - piece.trim_start().len();
    let kept = piece.trim();
    if kept.chars().any(char::is_alphanumeric) {
        out.push(base + part.start + left..base + part.start + left + kept.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        sentences(text).into_iter().map(|s| &text[s.span]).collect()
    }

    #[test]
    fn sentences_end_where_a_reader_would_end_them() {
        let cases: &[(&str, &[&str])] = &[
            ("One. Two! Three?", &["One.", "Two!", "Three?"]),
            ("We sell parts, e.g. Bosch filters. They cost 3.50 each.", &["We sell parts, e.g. Bosch filters.", "They cost 3.50 each."]),
            ("Есть статусы, т.е. новый и оплачен. Цена 3.5 руб. за шт.", &["Есть статусы, т.е. новый и оплачен.", "Цена 3.5 руб. за шт."]),
            ("# Title\n- first\n- second\n", &["Title", "first", "second"]),
            ("1. Add orders\n2) Delete orders", &["Add orders", "Delete orders"]),
            ("A sentence that is wrapped because the mail program did so at\nseventy columns.", &["A sentence that is wrapped because the mail program did so at\nseventy columns."]),
            ("```\ncode\n```\nText", &["Text"]),
            ("> > quoted text", &["quoted text"]),
            ("***", &[]),
        ];
        for (text, want) in cases {
            assert_eq!(&texts(text), want, "{text}");
        }
    }

    #[test]
    fn points_know_the_sentence_that_introduces_them() {
        let text = "Each order has:\n- number\n- items\n  - price\n\nOther text";
        let all = sentences(text);
        assert_eq!(all[1].lead, Some(0));
        assert_eq!(all[2].lead, Some(0));
        assert_eq!(all[3].lead, Some(2));
        assert_eq!(all[4].lead, None);
    }
}

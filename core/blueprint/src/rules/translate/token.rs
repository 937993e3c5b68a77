//! Words, numbers and marks of one sentence.

use std::ops::Range;

/// The plainest unit of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub span: Range<usize>,
    /// Lower case; `ё` is written `е`, curly apostrophes are straight.
    pub low: String,
    pub kind: Kind,
    /// Starts with a capital letter in the text.
    pub capital: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    /// `'s` or a bare apostrophe behind a plural.
    Possessive,
    Mark(char),
}

/// Cuts a sentence; emphasis marks and code ticks vanish.
pub(super) fn tokens(text: &str, sentence: Range<usize>) -> Vec<Token> {
    let body = &text[sentence.clone()];
    let mut out = Vec::new();
    let mut chars = body.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_whitespace() || matches!(c, '*' | '_' | '`' | '~') {
            continue;
        }
        let mut end = at + c.len_utf8();
        let kind = if c.is_alphabetic() || c == '№' {
            while let Some((i, n)) = chars.peek().copied() {
                let inside = n.is_alphanumeric()
                    || (matches!(n, '-' | '‑' | '_') && body[i + n.len_utf8()..].starts_with(char::is_alphanumeric));
                if !inside {
                    break;
                }
                end = i + n.len_utf8();
                chars.next();
            }
            // "e.g." and "т.е." are words.
            let tail = &body[end..];
            if end == at + c.len_utf8()
                && let Some(second) = tail.strip_prefix('.').and_then(|t| t.chars().next()).filter(|s| s.is_alphabetic())
                && !tail[1 + second.len_utf8()..].starts_with(char::is_alphanumeric)
            {
                end += 1 + second.len_utf8();
                if body[end..].starts_with('.') {
                    end += 1;
                }
                while chars.peek().is_some_and(|(i, _)| *i < end) {
                    chars.next();
                }
            }
            Kind::Word
        } else if c.is_numeric() {
            let mut letters = false;
            while let Some((i, n)) = chars.peek().copied() {
                let inside = n.is_alphanumeric() || (matches!(n, '.' | ',' | ':') && body[i + 1..].starts_with(|c: char| c.is_ascii_digit()));
                if !inside {
                    break;
                }
                letters |= n.is_alphabetic();
                end = i + n.len_utf8();
                chars.next();
            }
            if letters { Kind::Word } else { Kind::Number }
        } else if matches!(c, '\'' | '’') && out.last().is_some_and(|t: &Token| t.kind == Kind::Word && t.span.end == sentence.start + at) {
            match chars.peek().copied() {
                Some((i, 's')) if !body[i + 1..].starts_with(char::is_alphanumeric) => {
                    end = i + 1;
                    chars.next();
                    Kind::Possessive
                }
                Some((_, n)) if n.is_alphabetic() => {
                    // Contractions such as "don't" and "we'll" stay with their word.
                    let mut tail = String::from("'");
                    while let Some((i, n)) = chars.peek().copied() {
                        if !n.is_alphabetic() {
                            break;
                        }
                        tail.extend(n.to_lowercase());
                        end = i + n.len_utf8();
                        chars.next();
                    }
                    if let Some(word) = out.last_mut() {
                        word.low.push_str(&tail);
                        word.span.end = sentence.start + end;
                    }
                    continue;
                }
                _ if out.last().is_some_and(|t| t.low.ends_with('s')) => Kind::Possessive,
                _ => Kind::Mark('\''),
            }
        } else {
            Kind::Mark(match c {
                '—' | '–' | '-' => '—',
                '“' | '”' | '„' | '«' | '»' | '"' | '’' | '‘' => '"',
                '[' | '{' => '(',
                ']' | '}' => ')',
                other => other,
            })
        };
        let surface = &body[at..end];
        out.push(Token {
            span: sentence.start + at..sentence.start + end,
            low: lower(surface).trim_end_matches('.').to_owned(),
            kind,
            capital: c.is_uppercase(),
        });
    }
    out
}

fn lower(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).map(|c| if c == 'ё' { 'е' } else if c == '‑' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_hyphens_and_lose_emphasis() {
        let text = "Each **work-order**'s price: 3.50, don't e-mail «Счёт-фактура»";
        let low: Vec<String> = tokens(text, 0..text.len()).into_iter().map(|t| t.low).collect();
        assert_eq!(low, ["each", "work-order", "'", "s", "price", ":", "3.50", ",", "don't", "e-mail", "«", "счет-фактура", "»"]);
    }

    #[test]
    fn possessives_stand_apart() {
        let text = "customer's car and customers' cars";
        let kinds: Vec<Kind> = tokens(text, 0..text.len()).into_iter().map(|t| t.kind).collect();
        assert_eq!(kinds.iter().filter(|k| **k == Kind::Possessive).count(), 2);
    }
}

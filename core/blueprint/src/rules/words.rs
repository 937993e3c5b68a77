//! Two texts side by side, word by word.

use crate::model::{Passage, Side};

/// Where more pairs of words would have to be weighed, the middle is told as replaced.
const MOST_PAIRS: usize = 1_000_000;

/// What two texts share, and what only one of them has. Exchanging the texts exchanges the sides and nothing else.
#[must_use]
pub fn compare(before: &str, after: &str) -> Vec<Passage> {
    // Of several ways to lay two texts side by side always the same is taken, whichever text comes first.
    let turned = before > after;
    let (one, other) = if turned { (after, before) } else { (before, after) };
    let (a, b) = (words(one), words(other));
    let start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (left, right) = (&a[start..a.len() - end], &b[start..b.len() - end]);
    let mut passages = Passages { done: Vec::new(), one: String::new(), other: String::new(), turned };
    passages.both(&a[..start].concat());
    if left.len().saturating_mul(right.len()) > MOST_PAIRS {
        passages.one.push_str(&left.concat());
        passages.other.push_str(&right.concat());
    } else {
        passages.middle(left, right);
    }
    passages.both(&a[a.len() - end..].concat());
    passages.flush();
    passages.done
}

struct Passages {
    done: Vec<Passage>,
    one: String,
    other: String,
    turned: bool,
}

impl Passages {
    fn push(&mut self, side: Side, text: String) {
        if text.is_empty() {
            return;
        }
        match self.done.last_mut() {
            Some(last) if last.side == side => last.text.push_str(&text),
            _ => self.done.push(Passage { side, text }),
        }
    }

    /// Tells what stands on one side only: what was before, then what came.
    fn flush(&mut self) {
        let (one, other) = (std::mem::take(&mut self.one), std::mem::take(&mut self.other));
        let (before, after) = if self.turned { (other, one) } else { (one, other) };
        self.push(Side::Before, before);
        self.push(Side::After, after);
    }

    fn both(&mut self, text: &str) {
        if !text.is_empty() {
            self.flush();
            self.push(Side::Both, text.to_owned());
        }
    }

    /// The longest common sequence of words.
    fn middle(&mut self, left: &[&str], right: &[&str]) {
        let width = right.len() + 1;
        let mut longest = vec![0_u32; (left.len() + 1) * width];
        for i in (0..left.len()).rev() {
            for j in (0..right.len()).rev() {
                longest[i * width + j] = if left[i] == right[j] { longest[(i + 1) * width + j + 1] + 1 } else { longest[(i + 1) * width + j].max(longest[i * width + j + 1]) };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < left.len() && j < right.len() {
            // A lone space between replaced words would cut a replaced phrase into pieces.
            if left[i] == right[j] && !(left[i].trim().is_empty() && !(self.one.is_empty() && self.other.is_empty()) && left.get(i + 1) != right.get(j + 1)) {
                self.both(left[i]);
                (i, j) = (i + 1, j + 1);
            } else if left[i] == right[j] {
                self.one.push_str(left[i]);
                self.other.push_str(right[j]);
                (i, j) = (i + 1, j + 1);
            } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
                self.one.push_str(left[i]);
                i += 1;
            } else {
                self.other.push_str(right[j]);
                j += 1;
            }
        }
        self.one.push_str(&left[i..].concat());
        self.other.push_str(&right[j..].concat());
    }
}

/// Words, the spaces between them, and every other sign by itself.
fn words(text: &str) -> Vec<&str> {
    let sort = |c: char| if c.is_alphanumeric() || c == '_' { 1 } else if c.is_whitespace() { 2 } else { 0 };
    let mut words = Vec::new();
    let (mut from, mut last) = (0, None);
    for (at, c) in text.char_indices() {
        let now = sort(c);
        if last.is_some_and(|last| last != now || now == 0) {
            words.push(&text[from..at]);
            from = at;
        }
        last = Some(now);
    }
    if from < text.len() {
        words.push(&text[from..]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(before: &str, after: &str) -> String {
        compare(before, after)
            .into_iter()
            .map(|passage| match passage.side {
                Side::Both => passage.text,
                Side::Before => format!("[-{}]", passage.text),
                Side::After => format!("[+{}]", passage.text),
            })
            .collect()
    }

    #[test]
    fn words_are_told_whole_and_phrases_in_one_piece() {
        assert_eq!(said("A customer books a repair.", "A customer books two repairs."), "A customer books [-a repair][+two repairs].");
        assert_eq!(said("Pay by card", "Pay by card or cash"), "Pay by card[+ or cash]");
        assert_eq!(said("", "New"), "[+New]");
        assert_eq!(said("Клиент платит картой.", "Клиент платит наличными."), "Клиент платит [-картой][+наличными].");
        assert_eq!(said("same", "same"), "same");
    }

    proptest! {
        #[test]
        fn each_side_gives_its_text_back_and_exchanging_the_texts_exchanges_the_sides(before in "[ab .\u{e9}]{0,40}", after in "[ab .\u{e9}]{0,40}") {
            let there = compare(&before, &after);
            let side = |passages: &[Passage], not: Side| -> String { passages.iter().filter(|passage| passage.side != not).map(|passage| passage.text.as_str()).collect() };
            prop_assert_eq!(side(&there, Side::After), before.clone());
            prop_assert_eq!(side(&there, Side::Before), after.clone());
            let back = compare(&after, &before);
            let count = |passages: &[Passage], side: Side| -> String { passages.iter().filter(|passage| passage.side == side).map(|passage| passage.text.as_str()).collect() };
            prop_assert_eq!(count(&there, Side::Before), count(&back, Side::After));
            prop_assert_eq!(count(&there, Side::After), count(&back, Side::Before));
            prop_assert_eq!(count(&there, Side::Both), count(&back, Side::Both));
        }
    }
}

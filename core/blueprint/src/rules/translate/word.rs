//! What both languages agree a word to be, so that one grammar reads them both.

use std::ops::Range;

/// What a verb says about data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// The subject has the object.
    Have,
    /// The subject is made of the object.
    Consist,
    /// The subject is part of the object.
    Belong,
    /// The subject does this to many objects: places, books, owns.
    Link,
    /// Someone writes the object down.
    Store,
    /// Someone works with the object.
    Manage,
}

/// How many things a noun phrase speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Quant {
    /// Nothing said.
    Bare,
    /// `the`, `this`.
    The,
    /// `a`, `an`.
    A,
    /// `one`, `only one`, `a single`.
    One,
    /// `each`, `every`.
    Each,
    /// `several`, `many`, `all`, a number above one.
    Many,
}

/// The part a word plays in its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Noun,
    Adj,
    Num,
    Quant(Quant),
    Prep,
    Verb(Act),
    /// `is`, `may be`; also a Russian verb of being.
    Be,
    Modal,
    Pron,
    Adv,
    /// Opens a clause: `if`, `which`, `чтобы`.
    Conj,
    And,
    Or,
    Comma,
    Semi,
    Colon,
    Dash,
    Open,
    Close,
    Possessive,
    /// `no`, `not`.
    Other,
}

/// The grammatical cases of Russian, as bits; English words bear none.
pub(super) mod case {
    pub const NOM: u8 = 1;
    pub const GEN: u8 = 2;
    pub const DAT: u8 = 4;
    pub const ACC: u8 = 8;
    pub const INS: u8 = 16;
    pub const LOC: u8 = 32;
    pub const ANY: u8 = 63;
}

/// A word with its part of speech.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub span: Range<usize>,
    pub low: String,
    /// English lemma where known, otherwise the lemma of the text's language.
    pub key: String,
    /// Lemma in the language of the text.
    pub lemma: String,
    pub tag: Tag,
    pub plural: bool,
    pub cases: u8,
    /// Russian gender: `m`, `f`, `n`; blank otherwise.
    pub gender: char,
    pub russian: bool,
    /// A participle such as `paid` or `assigned`; may stand as a value or open a passive.
    pub participle: bool,
    /// A Russian verb in `-ся`, which often reads as a passive.
    pub reflexive: bool,
    /// A verb in its -ing or infinitive form.
    pub loose: bool,
}

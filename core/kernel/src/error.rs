//! One error for everything: a code to act on, a sentence for the person, and what lies behind it.

use std::fmt;

/// The languages that Scantling speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize, ts_rs::TS)]
#[serde(rename_all = "lowercase")]
#[ts(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Russian.
    Ru,
}

/// A sentence in each language. A pair converts into it; a lone text stands for both (for words nobody should see).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Words {
    /// In English.
    pub en: String,
    /// In Russian.
    pub ru: String,
}

impl Words {
    /// The sentence in a language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Ru => &self.ru,
        }
    }
}

impl<A: Into<String>, B: Into<String>> From<(A, B)> for Words {
    fn from((en, ru): (A, B)) -> Self {
        Self { en: en.into(), ru: ru.into() }
    }
}

impl From<&str> for Words {
    fn from(text: &str) -> Self {
        Self { en: text.to_owned(), ru: text.to_owned() }
    }
}

impl From<String> for Words {
    fn from(text: String) -> Self {
        Self { en: text.clone(), ru: text }
    }
}

/// What a caller can act on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum Code {
    /// What was named does not exist, or not for this person.
    NotFound,
    /// An input is wrong; the error names its field.
    Invalid,
    /// The state of things forbids it.
    Conflict,
    /// The role does not allow it.
    Forbidden,
    /// The server can't be reached.
    Offline,
    /// Nobody is signed in, or no longer.
    Unauthorized,
    /// The input exceeds a stated bound.
    TooLarge,
    /// Stored data is not what it should be.
    Damaged,
    /// An unexpected failure; the log holds its cause.
    Internal,
}

/// Shorthand for results of the core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the core.
pub struct Error {
    /// What a caller can act on.
    pub code: Code,
    /// What a person reads: what happened and what to do next.
    pub words: Words,
    /// The input that is wrong.
    pub field: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with a code and its sentence.
    pub fn new(code: Code, words: impl Into<Words>) -> Self {
        Self { code, words: words.into(), field: None, source: None }
    }

    /// An input is wrong.
    pub fn invalid(field: &str, words: impl Into<Words>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(Code::Invalid, words) }
    }

    /// What was named does not exist.
    pub fn not_found(words: impl Into<Words>) -> Self {
        Self::new(Code::NotFound, words)
    }

    /// The role does not allow it.
    pub fn forbidden(words: impl Into<Words>) -> Self {
        Self::new(Code::Forbidden, words)
    }

    /// The state of things forbids it.
    pub fn conflict(words: impl Into<Words>) -> Self {
        Self::new(Code::Conflict, words)
    }

    /// Stored data is not what it should be.
    pub fn damaged(words: impl Into<Words>) -> Self {
        Self::new(Code::Damaged, words)
    }

    /// An unexpected failure with its cause, which goes to the log and not to the person.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..Self::new(Code::Internal, ("Something failed unexpectedly. Nothing was changed; the program's log has the details.", "Произошёл неожиданный сбой. Ничего не изменено; подробности в журнале программы."))
        }
    }

    /// The same error, about this input.
    #[must_use]
    pub fn about(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// The same error with its cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The cause, for the log.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.en)?;
        match &self.source {
            Some(source) => write!(f, " ({source})"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.code)
    }
}

impl std::error::Error for Error {}

macro_rules! unexpected {
    ($($source:ty),*) => {$(
        impl From<$source> for Error {
            fn from(source: $source) -> Self {
                Self::internal(source)
            }
        }
    )*};
}
unexpected!(automerge::AutomergeError, serde_json::Error, automerge::PatchLogMismatch, minicbor::decode::Error, std::fmt::Error);

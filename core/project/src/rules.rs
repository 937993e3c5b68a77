//! What a project's name may be.

use kernel::{Error, Result};

const LONGEST: usize = 120;

/// A name without spaces around it: one line, 1 to 120 characters.
pub(crate) fn name(wanted: &str) -> Result<String> {
    let name = wanted.trim();
    if name.is_empty() {
        return Err(Error::invalid("name", ("Give the project a name.", "Дайте проекту имя.")));
    }
    if name.chars().count() > LONGEST {
        return Err(Error::invalid("name", ("A name is at most 120 characters.", "Имя — не длиннее 120 знаков.")));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid("name", ("A name is one line of text.", "Имя — одна строка текста.")));
    }
    Ok(name.to_owned())
}

/// Reads a name that another device wrote: whatever it is, something can be shown.
pub(crate) fn shown(written: &str) -> String {
    let clean: String = written.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let clean = clean.trim();
    if clean.is_empty() { "…".to_owned() } else { clean.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line_of_a_sensible_length() {
        for (wanted, expected) in [("  Bike shop ", Some("Bike shop")), ("", None), ("   ", None), ("a\nb", None), ("\u{7}", None)] {
            assert_eq!(name(wanted).ok().as_deref(), expected, "{wanted:?}");
        }
        assert!(name(&"я".repeat(120)).is_ok());
        assert!(name(&"я".repeat(121)).is_err());
    }

    #[test]
    fn whatever_a_stranger_wrote_can_be_shown() {
        assert_eq!(shown("\u{0}\u{1}"), "…");
        assert_eq!(shown("a\nb"), "ab");
        assert_eq!(shown(&"x".repeat(9_999)).len(), 120);
    }
}

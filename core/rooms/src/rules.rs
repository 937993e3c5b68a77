//! What a comment may be, and its form in the log.

use kernel::{Error, ProjectId, Result};
use minicbor::{Decoder, Encoder};

const LONGEST: usize = 10_000;
const VERSION: u8 = 1;

/// The text of a comment: 1 to 10,000 characters, lines allowed, other control characters dropped.
pub(crate) fn text(wanted: &str) -> Result<String> {
    let text = clean(wanted.trim());
    if text.trim().is_empty() {
        return Err(Error::invalid("text", ("Write something first.", "Сначала напишите что-нибудь.")));
    }
    if text.chars().count() > LONGEST {
        return Err(Error::invalid(
            "text",
            ("A comment is at most 10,000 characters. Split it in two.", "Комментарий — не длиннее 10 000 знаков. Разделите его."),
        ));
    }
    Ok(text)
}

/// An element's id, as other contexts make them.
pub(crate) fn element(wanted: &str) -> Result<String> {
    let good = !wanted.is_empty() && wanted.len() <= 64 && wanted.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if good {
        Ok(wanted.to_owned())
    } else {
        Err(Error::invalid("element", ("A comment stands on a requirement or an entity.", "Комментарий относится к требованию или сущности.")))
    }
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

/// A comment in the log: `[version, project, element, text]` in CBOR.
pub(crate) fn encode(project: ProjectId, element: &str, text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 64);
    let written = (|| {
        Encoder::new(&mut bytes).array(4)?.u8(VERSION)?.bytes(&project.bytes())?.str(element)?.str(text)?;
        Ok::<_, minicbor::encode::Error<std::convert::Infallible>>(())
    })();
    written.expect("writing to memory cannot fail");
    bytes
}

/// Reads what some device wrote; `None` for what is no comment of a version known here. Later versions only append fields.
pub(crate) fn decode(bytes: &[u8]) -> Option<(ProjectId, String, String)> {
    let mut decoder = Decoder::new(bytes);
    if decoder.array().ok()?? < 4 || decoder.u8().ok()? < VERSION {
        return None;
    }
    let project = ProjectId::from_bytes(decoder.bytes().ok()?.try_into().ok()?);
    let element = element(decoder.str().ok()?).ok()?;
    let text: String = clean(decoder.str().ok()?).chars().take(LONGEST).collect();
    (!text.trim().is_empty()).then_some((project, element, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_has_words_and_an_end() {
        assert_eq!(text("  a\u{7}b\nc ").unwrap(), "ab\nc");
        assert!(text(" \n ").is_err());
        assert!(text(&"я".repeat(10_000)).is_ok());
        assert!(text(&"я".repeat(10_001)).is_err());
        assert!(element("req_01j").is_ok());
        for bad in ["", "a b", "x'; drop table", &"a".repeat(65)] {
            assert!(element(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_comment_reads_back_and_a_later_version_too() {
        let project = ProjectId::from_bytes([3; 16]);
        let bytes = encode(project, "req_1", "hello");
        assert_eq!(decode(&bytes), Some((project, "req_1".into(), "hello".into())));
        let mut later = Vec::new();
        Encoder::new(&mut later)
            .array(5)
            .unwrap()
            .u8(2)
            .unwrap()
            .bytes(&project.bytes())
            .unwrap()
            .str("req_1")
            .unwrap()
            .str("hello")
            .unwrap()
            .str("new")
            .unwrap();
        assert_eq!(decode(&later), Some((project, "req_1".into(), "hello".into())));
    }

    #[test]
    fn garbage_is_no_comment() {
        for bytes in [&b""[..], b"\x00", b"\xff\xff", b"\x84\x01\x41\x00\x60\x60", &[0x9f; 64]] {
            assert_eq!(decode(bytes), None);
        }
    }
}

//! Texts: edited at the heads that a screen showed, answered with what others did to them meanwhile.

use automerge::transaction::Transactable;
use automerge::{ChangeHash, ObjId, Patch, PatchAction, ReadDoc};
use kernel::doc::Edit;
use kernel::{Ctx, Error, Permission, Result};

use super::{draw_requirement, gone, heads, mark_pending, open, touch};
use crate::doc::{self, LONGEST_TEXT, REQUIREMENTS, shown};
use crate::model::{EditText, ReadText, Splice, TextState};

/// Reads a requirement's text; with `since` also how it differs from what the screen shows.
///
/// # Errors
/// `NotFound`.
pub fn text(ctx: &mut Ctx<'_>, input: &ReadText) -> Result<TextState> {
    let (doc, _) = open(ctx, input.project, Permission::Read)?;
    let document = ctx.doc(&doc)?;
    let object = doc::text_of(document, &input.id).ok_or_else(gone)?;
    let since = input.since.as_ref().and_then(|since| heads(document, since));
    let showed = match &since {
        Some(since) => shown(document.text_at(&object, since)?),
        None => String::new(),
    };
    state(document, &object, since.as_deref(), &showed)
}

/// Applies what was typed at the heads that the screen showed.
///
/// # Errors
/// `NotFound`, `Forbidden`, `Conflict` for unknown heads, `Invalid` for splices outside the text.
pub fn edit_text(ctx: &mut Ctx<'_>, input: &EditText) -> Result<TextState> {
    let (doc, space) = open(ctx, input.project, Permission::Edit)?;
    let document = ctx.doc(&doc)?;
    let object = doc::text_of(document, &input.id).ok_or_else(gone)?;
    let at = heads(document, &input.heads).ok_or_else(|| Error::conflict(("The text on the screen is too old to be changed. Reload it and type again.", "Текст на экране устарел. Обновите его и повторите правку.")))?;
    let before = document.text_at(&object, &at).map_err(|_| gone())?;
    let after = check(&before, &input.splices)?;
    let label = (format!("Edited \"{}\"", super::short(&before)), format!("Правка «{}»", super::short(&before)));
    let edit = Edit { doc: &doc, label: label.into(), element: Some(&input.id), at: Some(&at) };
    let changed = ctx.change(&edit, |transaction| {
        for splice in &input.splices {
            transaction.splice_text(&object, splice.at as usize, splice.remove as isize, &splice.insert)?;
        }
        Ok(())
    })?;
    let own = match changed.hash {
        None => at,
        Some(hash) => {
            draw_requirement(ctx, &doc, &input.id)?;
            mark_pending(ctx, &doc, space, &touch(REQUIREMENTS, &input.id), Some(hash))?;
            ctx.emit("blueprint", "TextEdited", doc.as_str());
            vec![hash]
        }
    };
    let is_part = shown(before.clone()) != before;
    let showed = if is_part { check(&shown(before), &input.splices)? } else { after };
    state(ctx.doc(&doc)?, &object, Some(&own), &showed)
}

/// The text as it now is. `showed` is what stands on a screen that saw the heads `since`.
fn state(document: &automerge::Automerge, object: &ObjId, since: Option<&[ChangeHash]>, showed: &str) -> Result<TextState> {
    let now = document.get_heads();
    let whole = document.text(object)?;
    let text = shown(whole.clone());
    let splices = match since {
        None => Vec::new(),
        Some(since) if text != whole || document.text_at(object, since)? != showed => between(showed, &text),
        Some(since) if since == now => Vec::new(),
        Some(since) => splices(&document.diff_obj(object, since, &now, false)?),
    };
    Ok(TextState { heads: now.iter().map(ToString::to_string).collect(), text, splices })
}

/// The one splice that leads from a text to another. Where only the beginning of a text is shown, the document's own
/// splices would lead beyond it.
fn between(before: &str, after: &str) -> Vec<Splice> {
    if before == after {
        return Vec::new();
    }
    let common = |pairs: &mut dyn Iterator<Item = (char, char)>| pairs.take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum::<usize>();
    let start = common(&mut before.chars().zip(after.chars()));
    let end = common(&mut before[start..].chars().rev().zip(after[start..].chars().rev()));
    let (removed, inserted) = (&before[start..before.len() - end], &after[start..after.len() - end]);
    let units = |text: &str| u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
    vec![Splice { at: units(&before[..start]), remove: units(removed), insert: inserted.to_owned() }]
}

fn splices(patches: &[Patch]) -> Vec<Splice> {
    let unit = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    patches
        .iter()
        .filter_map(|patch| match &patch.action {
            PatchAction::SpliceText { index, value, .. } => Some(Splice { at: unit(*index), remove: 0, insert: value.make_string() }),
            PatchAction::DeleteSeq { index, length } => Some(Splice { at: unit(*index), remove: unit(*length), insert: String::new() }),
            _ => None,
        })
        .collect()
}

/// Splices lie within the text, part no character, and do not make it longer than is stored. A text that a merge made
/// longer can always be shortened, be it step by step. Answers the text after them.
fn check(before: &str, splices: &[Splice]) -> Result<String> {
    let outside = || Error::invalid("splices", ("The edit lies outside the text. Reload it and type again.", "Правка выходит за границы текста. Обновите его и повторите."));
    let mut units: Vec<u16> = before.encode_utf16().collect();
    let length = units.len();
    for splice in splices {
        let (from, to) = (splice.at as usize, splice.at as usize + splice.remove as usize);
        let parts = |units: &[u16], at: usize| at > 0 && at < units.len() && (0xdc00..0xe000).contains(&units[at]);
        if to > units.len() || parts(&units, from) || parts(&units, to) {
            return Err(outside());
        }
        units.splice(from..to, splice.insert.encode_utf16());
    }
    if units.len() > LONGEST_TEXT && units.len() > length {
        return Err(Error::invalid("splices", ("A requirement is at most 20,000 characters. Split it.", "Требование — не длиннее 20 000 знаков. Разделите его.")));
    }
    String::from_utf16(&units).map_err(|_| outside())
}

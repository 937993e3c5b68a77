//! Who may come in, with which key, and which documents there are.

use ed25519_dalek::SigningKey;
use identity::{Name, rules};
use kernel::{Ctx, Error, Language, PersonId, Result, Role, SpaceId, Sql};

use super::store::{self, Key};
use crate::identity::ops::{Device, adopt_device};
use crate::identity::store as people;
use crate::secret::Claims;
use crate::sync;

/// The documents that are looked at in one go, and listed in one answer.
pub const PAGE: usize = 1_000;

/// What the ids of documents are derived for; another purpose would give other ids.
const DOCUMENT: &str = "scantling 2026 automerge-repo document id";

/// Someone who came in.
pub struct Guest {
    /// The role in the space.
    pub role: Role,
    /// Signs in their name.
    pub key: SigningKey,
}

/// Whom a token leads into a space; none as long as the session has no key. With a session that belongs to a device of the person it does not: that device
/// signs for itself, and nobody else shall sign because its token was copied.
///
/// # Errors
/// `Unauthorized`, `Forbidden` for a device, `NotFound` for strangers.
pub fn find(sql: &mut dyn Sql, claims: &Claims, space: SpaceId) -> Result<Option<Guest>> {
    let session = people::session(sql, &claims.sid)?.filter(|session| session.person.id == claims.sub && !session.ended).ok_or_else(rules::signed_out)?;
    if session.revoked {
        return Err(rules::device_revoked());
    }
    let role = people::space_role(sql, space, claims.sub)?.ok_or_else(rules::no_such_project)?;
    let Some(device) = session.device else { return Ok(None) };
    let key = store::key(sql, &device)?.ok_or_else(|| {
        Error::forbidden((
            "This session belongs to a device, which signs for itself. Sign in without a device key.",
            "Этот сеанс принадлежит устройству, которое подписывает само. Войдите без ключа устройства.",
        ))
    })?;
    Ok(Some(Guest { role, key: SigningKey::from_bytes(&key.seed) }))
}

/// Gives a session the person's key, which is made if there is none that is good.
///
/// # Errors
/// As [`find`].
pub fn give_key(ctx: &mut Ctx<'_>, claims: &Claims, space: SpaceId, address: &str) -> Result<()> {
    // Another connection of the same session may have been faster.
    if find(ctx.sql, claims, space)?.is_some() {
        return Ok(());
    }
    let good = match store::newest(ctx.sql, claims.sub)? {
        Some(key) => people::device(ctx.sql, &key.device)?.is_some_and(|(_, revoked)| !revoked).then_some(key),
        None => None,
    };
    let key = match good {
        Some(key) => key,
        None => {
            let seed: [u8; 32] = ctx.random.bytes();
            let key = Key { device: SigningKey::from_bytes(&seed).verifying_key().to_bytes(), seed };
            store::insert(ctx.sql, &key, claims.sub, ctx.now)?;
            key
        }
    };
    // As it stands in the list of the person's devices.
    let name = if ctx.language == Language::Ru { "Браузер (подписывает сервер)" } else { "Browser (signed by the server)" };
    adopt_device(ctx, &claims.sid, claims.sub, &Device { key: key.device, name: Name::parse("device_name", name)? }, address)
}

/// The role now.
///
/// # Errors
/// Those of the database.
pub fn role(sql: &mut dyn Sql, space: SpaceId, person: PersonId) -> Result<Option<Role>> {
    people::space_role(sql, space, person)
}

/// The id of a document as automerge-repo writes it: the same wherever and whenever it is asked for, with the marks of a
/// UUID of version 4, and checked against mistyping.
#[must_use]
pub fn document_id(space: SpaceId, doc: &str) -> String {
    let mut bytes = [0; 16];
    let mut hasher = blake3::Hasher::new_derive_key(DOCUMENT);
    hasher.update(&space.bytes()).update(doc.as_bytes()).finalize_xof().fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bs58::encode(bytes).with_check().into_string()
}

/// The document of a space that bears an id.
///
/// # Errors
/// Those of the database.
pub fn document(sql: &mut dyn Sql, space: SpaceId, id: &str) -> Result<Option<String>> {
    let mut after = String::new();
    loop {
        let page = sync::store::documents_after(sql, space, &after, PAGE)?;
        if let Some(doc) = page.iter().find(|doc| document_id(space, doc) == id) {
            return Ok(Some(doc.clone()));
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after.clone_from(last),
            _ => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_documents_never_change() {
        let space = SpaceId::from_bytes([9; 16]);
        // Clients keep them for years.
        assert_eq!(document_id(space, "doc_a"), "ydJho5ArZATWNd4JTHE4kocLB8G");
        assert_ne!(document_id(SpaceId::from_bytes([8; 16]), "doc_a"), document_id(space, "doc_a"));
        let bytes = bs58::decode(document_id(space, "doc_b")).with_check(None).into_vec().unwrap();
        assert_eq!((bytes.len(), bytes[6] >> 4, bytes[8] >> 6), (16, 4, 2));
    }
}

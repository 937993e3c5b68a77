//! Sealing and packs. In the background the documents of a log are put together, up to a place that only grows; a pack
//! is what stands there, and brings a new device to that place without the way that led to it.
//!
//! Nothing that a device waits for reads a document: an entry is accepted, ordered and relayed as bytes.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use automerge::{Automerge, Change};
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use kernel::entry::{Entry, Kind};
use kernel::pack::{self, Piece};
use kernel::{Error, Result, SpaceId, Sql};
use serde::Deserialize;

use super::store::{self, Sealed};
use crate::routes::{Answer, Asked, Caller};
use crate::server::App;
use crate::storage::Storage;

/// A log is sealed when it has grown by so many entries.
const GROWN: u64 = 1_024;
/// How often the logs are looked at.
const EVERY: Duration = Duration::from_secs(5);
/// About how many bytes of documents are written at once.
const WRITTEN: usize = 4 * 1024 * 1024;

/// Seals what has grown, for as long as the server runs.
pub(crate) async fn keep(storage: Storage) {
    loop {
        match step(&storage, GROWN).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(EVERY).await,
            Err(error) => {
                tracing::warn!(%error, "sealing is held up");
                tokio::time::sleep(EVERY).await;
            }
        }
    }
}

/// Seals a part of one log that has grown by at least so much; answers whether there was one.
///
/// # Errors
/// Those of the database.
pub(crate) async fn step(storage: &Storage, grown: u64) -> Result<bool> {
    let Some(part) = storage.read(move |sql| store::unsealed(sql, grown)).await? else { return Ok(false) };
    let (space, from, to) = (part.space, part.from, part.to);
    let mut documents: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for bytes in part.entries {
        let entry = Entry::trusted(&bytes)?;
        if entry.kind == Kind::Change {
            documents.entry(entry.subject).or_default().push(entry.payload);
        }
    }
    let mut made = Vec::new();
    let mut size = 0;
    for (doc, changes) in documents {
        let name = doc.clone();
        let before = storage.read(move |sql| store::snapshot(sql, space, &name)).await?;
        let merging = before.clone();
        let bytes = tokio::task::spawn_blocking(move || merged(merging, &changes)).await.map_err(Error::internal)?;
        size += bytes.len();
        made.push(Made { doc, before, bytes });
        if size > WRITTEN {
            let some = std::mem::take(&mut made);
            if !storage.write(move |sql| write(sql, space, from, &some)).await? {
                return Ok(true);
            }
            size = 0;
        }
    }
    // Documents that are ahead of the place are right, for a pack's reader can take a change twice. So the place may be
    // written last.
    storage
        .write(move |sql| {
            if write(sql, space, from, &made)? {
                store::set_sealed(sql, space, from, to)?;
            }
            Ok(())
        })
        .await?;
    Ok(true)
}

/// A document with what has grown: how it was, and how it is.
struct Made {
    doc: String,
    before: Option<Vec<u8>>,
    bytes: Vec<u8>,
}

/// Writes documents, unless another node was faster with any of this: what it wrote may hold more. So a document only
/// ever grows, and what is sealed is in it.
fn write(sql: &mut dyn Sql, space: SpaceId, from: u64, made: &[Made]) -> Result<bool> {
    if store::sealed(sql, space)?.is_none_or(|sealed| sealed.seq != from) {
        return Ok(false);
    }
    for made in made {
        if store::snapshot(sql, space, &made.doc)? != made.before {
            return Ok(false);
        }
        store::set_snapshot(sql, space, &made.doc, &made.bytes)?;
    }
    Ok(true)
}

/// A saved document with these changes. What Automerge can't take is left out: no device can show it either.
fn merged(before: Option<Vec<u8>>, changes: &[Vec<u8>]) -> Vec<u8> {
    let apply = |before: &Option<Vec<u8>>, changes: &[Vec<u8>]| {
        let work = || {
            let mut document = match before {
                Some(bytes) => Automerge::load(bytes).ok()?,
                None => Automerge::new(),
            };
            let changes: Vec<Change> = changes.iter().map(|bytes| Change::from_bytes(bytes.clone()).ok()).collect::<Option<_>>()?;
            document.apply_changes(changes).ok()?;
            Some(document.save())
        };
        catch_unwind(AssertUnwindSafe(work)).ok().flatten()
    };
    apply(&before, changes).unwrap_or_else(|| {
        let whole = changes.iter().fold(before, |before, change| match apply(&before, std::slice::from_ref(change)) {
            Some(after) => Some(after),
            None => {
                tracing::warn!("a change that can't be read is left out of a pack");
                before
            }
        });
        whole.unwrap_or_else(|| Automerge::new().save())
    })
}

/// Where the device goes on that has fetched a part before.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    epoch: Option<String>,
    doc: Option<String>,
    #[serde(default)]
    record: u64,
}

/// A pack as it is streamed: a page at a time, each read when the one before it is on its way.
struct Pages {
    app: App,
    caller: Caller,
    space: SpaceId,
    sealed: Sealed,
    doc: String,
    record: u64,
    next: Next,
}

enum Next {
    Begin,
    Documents,
    Records,
    Nothing,
}

/// `GET /v1/spaces/{space}/pack`.
pub(crate) async fn stream(State(app): State<App>, asked: Asked, caller: Caller, Path(space): Path<SpaceId>, Query(place): Query<Place>) -> Answer<Response> {
    asked
        .answer(async {
            let sealed = app.storage.read(move |sql| store::sealed(sql, space)).await?;
            let Some(sealed) = sealed.filter(|sealed| sealed.seq > 0) else { return Ok(StatusCode::NO_CONTENT.into_response()) };
            // A place in another life of the log is none.
            let place = if place.epoch.as_ref().is_none_or(|epoch| *epoch == crate::secret::hex(&sealed.epoch)) { place } else { Place { epoch: None, doc: None, record: 0 } };
            let pages = Pages { app, caller, space, sealed, doc: place.doc.unwrap_or_default(), record: place.record, next: Next::Begin };
            let stream = stream::try_unfold(pages, |mut pages| async move {
                let page = pages.read().await.map_err(io::Error::other)?;
                Ok::<_, io::Error>(page.map(|page| (Bytes::from(page), pages)))
            });
            Ok(([(header::CONTENT_TYPE, "application/vnd.scantling.pack")], Body::from_stream(stream)).into_response())
        })
        .await
}

impl Pages {
    async fn read(&mut self) -> Result<Option<Vec<u8>>> {
        let (space, person, end) = (self.space, self.caller.person.id, self.sealed.seq);
        let mut bytes = Vec::new();
        match self.next {
            Next::Begin => {
                let (doc, record) = (self.doc.clone(), self.record);
                let total = self.app.storage.read(move |sql| store::count(sql, space, &doc, record, end)).await?;
                pack::write(&mut bytes, &Piece::Begin { space, epoch: self.sealed.epoch, seq: end, chain: self.sealed.chain, total });
                self.next = Next::Documents;
            }
            Next::Documents => {
                let after = self.doc.clone();
                let documents = self.app.storage.read(move |sql| member(sql, space, person).and_then(|()| store::documents(sql, space, &after))).await?;
                match documents.last() {
                    Some((doc, _, _)) => self.doc = doc.clone(),
                    None => self.next = Next::Records,
                }
                for (doc, saved, authors) in documents {
                    for piece in pack::document(&doc, &saved, authors) {
                        pack::write(&mut bytes, &piece);
                    }
                }
            }
            Next::Records => {
                let after = self.record;
                let records = self.app.storage.read(move |sql| member(sql, space, person).and_then(|()| store::records(sql, space, after, end))).await?;
                match records.last() {
                    Some((seq, _)) => self.record = *seq,
                    None => {
                        pack::write(&mut bytes, &Piece::End);
                        self.next = Next::Nothing;
                    }
                }
                for (seq, entry) in records {
                    pack::write(&mut bytes, &Piece::Record { seq, entry: entry.into() });
                }
            }
            Next::Nothing => return Ok(None),
        }
        Ok(Some(bytes))
    }
}

/// Refuses whoever is a member no longer: a long stream ends with the role.
fn member(sql: &mut dyn Sql, space: SpaceId, person: kernel::PersonId) -> Result<()> {
    crate::identity::store::space_role(sql, space, person)?.map(|_| ()).ok_or_else(identity::rules::no_such_project)
}

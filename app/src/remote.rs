//! Every HTTP call of the device: one client with timeouts, and the server's problems turned into errors.

use std::time::Duration;

use kernel::pack::{Piece, Place, Reader};
use kernel::{Code, Error, Language, Result, SpaceId};
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::host::{Host, hex};

/// The largest answer that is read.
const MAX_ANSWER: usize = 1024 * 1024;
/// How long a part of a pack may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer than any pack takes.
const FOREVER: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// About how many bytes of a pack are taken over at once.
const PACKED: usize = 4 * 1024 * 1024;

pub(crate) fn client() -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(30))
        // A server that sends a device elsewhere would make it show its token there.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("scantling/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(Error::internal)
}

/// A pasted address or link, understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Link {
    /// Scheme, host and port, without a slash at the end.
    pub server: String,
    pub kind: LinkKind,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum LinkKind {
    Plain,
    Setup(String),
    Invitation(String),
}

impl Link {
    /// Reads an address as people paste it: with or without a scheme, with the path of the set-up or the invitation.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("link", ("This is not the address of a server or an invitation. It looks like https://scantling.example.org.", "Это не адрес сервера и не приглашение. Адрес выглядит так: https://scantling.example.org."));
        let text = text.trim();
        if text.is_empty() || text.len() > 2_000 {
            return Err(wrong());
        }
        let with_scheme = if text.contains("://") { text.to_owned() } else if local(text) { format!("http://{text}") } else { format!("https://{text}") };
        let url = Url::parse(&with_scheme).map_err(|_| wrong())?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong());
        }
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        let server = format!("{}://{host}{port}", url.scheme());
        let route = url.fragment().unwrap_or_default().trim_matches('/');
        let kind = match route.split_once('/') {
            Some(("setup", token)) if !token.is_empty() => LinkKind::Setup(token.to_owned()),
            Some(("join", token)) if !token.is_empty() => LinkKind::Invitation(token.to_owned()),
            _ => LinkKind::Plain,
        };
        Ok(Self { server, kind })
    }
}

fn local(address: &str) -> bool {
    let host = address.split(['/', '#']).next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name.ends_with(".local") || name.parse::<std::net::IpAddr>().is_ok()
}

/// A problem as servers send it (RFC 9457).
#[derive(serde::Deserialize)]
struct Told {
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    field: Option<String>,
}

/// Calls a server and reads its answer.
pub(crate) async fn call<O: DeserializeOwned>(host: &Host, server: &str, method: Method, path: &str, token: Option<&str>, body: Option<&impl Serialize>) -> Result<O> {
    let url = format!("{server}{path}");
    let mut request = host.http()?.request(method, &url).header("accept-language", if host.language() == Language::Ru { "ru" } else { "en" });
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.map_err(|source| offline(server).because(source))?;
    let status = answer.status();
    let bytes = read(answer).await.map_err(|source| offline(server).because(source))?;
    if status.is_success() {
        let bytes = if bytes.is_empty() { b"{}".to_vec() } else { bytes };
        return serde_json::from_slice(&bytes).map_err(|source| not_ours(server).because(source));
    }
    Err(refused(server, status, &bytes))
}

/// A pack that arrives.
pub(crate) struct Pack {
    server: String,
    answer: reqwest::Response,
    reader: Reader,
}

/// Asks for the pack of a space from a place on; none when the server has none.
pub(crate) async fn pack(host: &Host, server: &str, token: &str, space: SpaceId, place: &Place) -> Result<Option<Pack>> {
    let mut url = Url::parse(&format!("{server}/v1/spaces/{space}/pack")).map_err(|_| not_ours(server))?;
    if let Some(epoch) = place.epoch {
        url.query_pairs_mut().append_pair("epoch", &hex(&epoch));
    }
    if let Some(doc) = &place.doc {
        url.query_pairs_mut().append_pair("doc", doc);
    }
    url.query_pairs_mut().append_pair("record", &place.record.to_string());
    let language = if host.language() == Language::Ru { "ru" } else { "en" };
    // As long as something arrives it may take as long as it takes.
    let request = host.http()?.get(url).header("accept-language", language).bearer_auth(token).timeout(FOREVER);
    let answer = timeout(PATIENCE, request.send()).await.map_err(|_| offline(server))?.map_err(|source| offline(server).because(source))?;
    match answer.status() {
        StatusCode::OK => Ok(Some(Pack { server: server.to_owned(), answer, reader: Reader::default() })),
        StatusCode::NO_CONTENT => Ok(None),
        status => {
            let bytes = read(answer).await.map_err(|source| offline(server).because(source))?;
            Err(refused(server, status, &bytes))
        }
    }
}

impl Pack {
    /// The next pieces, enough for one transaction; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Piece>>> {
        let mut pieces = Vec::new();
        let mut held = 0;
        while held < PACKED {
            let chunk = timeout(PATIENCE, self.answer.chunk()).await.map_err(|_| offline(&self.server))?.map_err(|source| offline(&self.server).because(source))?;
            let Some(chunk) = chunk else { break };
            held += chunk.len();
            pieces.extend(self.reader.take(&chunk)?);
        }
        Ok((held > 0).then_some(pieces))
    }
}

async fn read(mut answer: reqwest::Response) -> std::result::Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_ANSWER {
            return Err("the answer is too long".into());
        }
    }
    Ok(bytes)
}

fn refused(server: &str, status: StatusCode, bytes: &[u8]) -> Error {
    let Ok(told) = serde_json::from_slice::<Told>(bytes) else { return not_ours(server).because(format!("status {status}")) };
    let code = match (told.code.as_deref(), status) {
        (Some("not_found"), _) | (_, StatusCode::NOT_FOUND) => Code::NotFound,
        (Some("invalid"), _) | (_, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) => Code::Invalid,
        (Some("conflict"), _) | (_, StatusCode::CONFLICT) => Code::Conflict,
        (Some("unauthorized"), _) | (_, StatusCode::UNAUTHORIZED) => Code::Unauthorized,
        (Some("forbidden"), _) | (_, StatusCode::FORBIDDEN) => Code::Forbidden,
        (Some("too_large"), _) | (_, StatusCode::PAYLOAD_TOO_LARGE) => Code::TooLarge,
        (_, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => Code::Offline,
        _ => Code::Internal,
    };
    // The server speaks the language that was asked for; its sentence stands in both.
    let words = told.detail.or(told.title).map(|text| text.chars().take(500).collect::<String>());
    let mut error = Error::new(code, words.unwrap_or_else(|| status.to_string()));
    error.field = told.field;
    error
}

pub(crate) fn offline(server: &str) -> Error {
    Error::new(Code::Offline, (format!("{server} can't be reached. Check the address and the connection, then try again."), format!("Нет связи с {server}. Проверьте адрес и соединение и повторите.")))
}

fn not_ours(server: &str) -> Error {
    Error::new(Code::Invalid, (format!("{server} answers, but not as a Scantling server does. Check the address."), format!("{server} отвечает, но не так, как сервер Scantling. Проверьте адрес.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_understood_as_people_paste_them() {
        let link = |server: &str, kind| Link { server: server.to_owned(), kind };
        let cases = [
            ("https://a.example/", link("https://a.example", LinkKind::Plain)),
            (" a.example ", link("https://a.example", LinkKind::Plain)),
            ("localhost:7340", link("http://localhost:7340", LinkKind::Plain)),
            ("127.0.0.1:7340/#/setup/abc", link("http://127.0.0.1:7340", LinkKind::Setup("abc".into()))),
            ("http://a.example:81/#/join/x-Y_z", link("http://a.example:81", LinkKind::Invitation("x-Y_z".into()))),
            ("https://a.example/#/join/", link("https://a.example", LinkKind::Plain)),
        ];
        for (text, expected) in cases {
            assert_eq!(Link::parse(text).unwrap(), expected, "{text}");
        }
        for text in ["", "ftp://a.example", "https://user:secret@a.example", "http://", "javascript:alert(1)", &"a".repeat(3_000)] {
            assert!(Link::parse(text).is_err(), "{text}");
        }
    }
}

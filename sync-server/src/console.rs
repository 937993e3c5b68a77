//! The console: the screens that a browser sees, inside the binary.

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "../ui/dist"]
#[allow_missing = true]
struct Screens;

const ABSENT: &str = "<!doctype html><meta charset=utf-8><title>Scantling sync server</title><p>This Scantling sync server was built without its console; open the link in the Scantling app.";

/// The first page.
pub async fn page() -> Response {
    match Screens::get("console.html") {
        Some(file) => ([(header::CACHE_CONTROL, "no-cache")], Html(file.data.into_owned())).into_response(),
        None => Html(ABSENT).into_response(),
    }
}

/// A file of the console. Their names hold a hash of what is in them, so browsers keep them for ever.
pub async fn asset(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let Some(file) = Screens::get(path).filter(|_| path.starts_with("assets/")) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = HeaderValue::from_str(file.metadata.mimetype()).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = file.data.into_owned().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}

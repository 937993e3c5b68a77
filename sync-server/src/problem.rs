//! Problems as the server tells them: RFC 9457, with a stable type, in the reader's language.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::{Code, Error, Language};
use serde::Serialize;

/// A problem on its way to a client.
pub struct Problem {
    error: Error,
    language: Language,
    status: StatusCode,
    slug: &'static str,
    retry_after: Option<u64>,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

fn of(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Code::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        Code::Conflict => (StatusCode::CONFLICT, "conflict"),
        Code::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        Code::Offline => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        Code::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Code::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Code::Damaged => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn title(slug: &str, language: Language) -> &'static str {
    let (en, ru) = match slug {
        "not_found" => ("Not found", "Не найдено"),
        "invalid" => ("Invalid input", "Неверные данные"),
        "conflict" => ("Not possible now", "Сейчас невозможно"),
        "forbidden" => ("Not allowed", "Нет прав"),
        "busy" => ("Busy", "Перегрузка"),
        "rate_limited" => ("Too often", "Слишком часто"),
        "unauthorized" => ("Not signed in", "Вход не выполнен"),
        "too_large" => ("Too large", "Слишком много данных"),
        "method_not_allowed" => ("No such method", "Нет такого метода"),
        "timeout" => ("Took too long", "Слишком долго"),
        _ => ("Unexpected failure", "Неожиданный сбой"),
    };
    if language == Language::Ru { ru } else { en }
}

impl Problem {
    /// The problem that an error is.
    #[must_use]
    pub fn new(error: Error, language: Language) -> Self {
        let (status, slug) = of(error.code);
        if matches!(error.code, Code::Internal | Code::Damaged) {
            tracing::error!(%error, "a request failed");
        }
        let retry_after = (error.code == Code::Offline).then_some(1_000);
        Self { error, language, status, slug, retry_after }
    }

    /// Someone asks too often.
    #[must_use]
    pub fn too_often(millis: u64, language: Language) -> Self {
        let seconds = millis.div_ceil(1_000);
        let error = Error::new(Code::Offline, (format!("That was too often. Try again in {seconds} s."), format!("Слишком часто. Повторите через {seconds} с.")));
        Self { error, language, status: StatusCode::TOO_MANY_REQUESTS, slug: "rate_limited", retry_after: Some(millis) }
    }

    /// The path exists, but not with this method.
    #[must_use]
    pub fn method(language: Language) -> Self {
        let error = Error::new(Code::Invalid, ("There is no such method here.", "Здесь нет такого метода."));
        Self { error, language, status: StatusCode::METHOD_NOT_ALLOWED, slug: "method_not_allowed", retry_after: None }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: format!("urn:scantling:problem:{}", self.slug),
            title: title(self.slug, self.language),
            status: self.status.as_u16(),
            detail: self.error.words.in_language(self.language),
            code: self.slug,
            field: self.error.field.as_deref(),
            retry_after: self.retry_after,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(if self.language == Language::Ru { "ru" } else { "en" }));
        if let Some(millis) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(millis.div_ceil(1_000)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The language that a client prefers among those spoken here.
#[must_use]
pub fn language(headers: &HeaderMap) -> Language {
    let Some(wish) = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else { return Language::En };
    let mut best = (0.0_f32, Language::En);
    for part in wish.split(',').take(16) {
        let (tag, quality) = part.split_once(';').map_or((part, 1.0), |(tag, rest)| (tag, rest.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(0.0)));
        let spoken = match tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "ru" => Language::Ru,
            "en" => Language::En,
            _ => continue,
        };
        if quality > best.0 {
            best = (quality, spoken);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_follows_the_header() {
        for (wish, expected) in [("ru", Language::Ru), ("ru-RU,ru;q=0.9,en;q=0.8", Language::Ru), ("en;q=0.5, ru;q=0.4", Language::En), ("de, ru;q=0.1", Language::Ru), ("de", Language::En), ("", Language::En), ("ru;q=x", Language::En)] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(wish).unwrap());
            assert_eq!(language(&headers), expected, "{wish}");
        }
    }
}

//! Every route with its permission, in one table; and the layers around them all.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, delete, get, post, put};
use axum::Router;
use identity::{Person, rules};
use kernel::{Code, Error, Language, Permission, SpaceId};
use serde::de::DeserializeOwned;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::identity::{http as people, store};
use crate::problem::{Problem, language};
use crate::server::App;
use crate::{console, door, sync};

/// The largest body of a request.
const MAX_BODY: usize = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Anyone; what the request holds (a token, a password) is judged by its operation.
    Anyone,
    /// Whoever is signed in.
    SignedIn,
    /// Members of the path's space with this permission. To others the space does not exist.
    Space(Permission),
}

/// A route.
pub struct Route {
    /// In capitals.
    pub method: &'static str,
    /// As axum writes it.
    pub path: &'static str,
    /// Who may use it.
    pub rule: Rule,
    handler: MethodRouter<App>,
}

/// All routes but the console's files.
#[must_use]
pub fn table() -> Vec<Route> {
    use Permission::{Own, Read};
    use Rule::{Anyone, SignedIn, Space};
    let route = |method, path, rule, handler| Route { method, path, rule, handler };
    vec![
        route("GET", "/v1/instance", Anyone, get(people::instance)),
        route("POST", "/v1/identity/setup", Anyone, post(people::set_up)),
        route("POST", "/v1/identity/sign-up", Anyone, post(people::sign_up)),
        route("POST", "/v1/identity/sign-in", Anyone, post(people::sign_in)),
        route("POST", "/v1/identity/refresh", Anyone, post(people::refresh)),
        route("POST", "/v1/identity/sign-out", Anyone, post(people::sign_out)),
        route("GET", "/v1/identity/me", SignedIn, get(people::me)),
        route("GET", "/v1/identity/devices", SignedIn, get(people::devices)),
        route("DELETE", "/v1/identity/devices/{key}", SignedIn, delete(people::revoke_device)),
        route("GET", "/v1/spaces", SignedIn, get(people::spaces)),
        route("POST", "/v1/spaces", SignedIn, post(people::share)),
        route("GET", "/v1/spaces/{space}/members", Space(Read), get(people::members)),
        route("PUT", "/v1/spaces/{space}/members/{person}", Space(Own), put(people::give_role)),
        // Whoever is no owner may remove themselves; the operation sees to it.
        route("DELETE", "/v1/spaces/{space}/members/{person}", Space(Read), delete(people::remove)),
        route("POST", "/v1/spaces/{space}/invitations", Space(Own), post(people::invite)),
        route("DELETE", "/v1/spaces/{space}/invitations/{invitation}", Space(Own), delete(people::withdraw)),
        route("GET", "/v1/spaces/{space}/pack", Space(Read), get(sync::pack::stream)),
        route("GET", "/v1/spaces/{space}/documents", Space(Read), get(door::http::documents)),
        // The first message of the connection holds the token.
        route("GET", "/v1/spaces/{space}/automerge", Anyone, any(door::http::upgrade)),
        route("GET", "/v1/invitations/{token}", Anyone, get(people::preview)),
        route("POST", "/v1/invitations/{token}/accept", SignedIn, post(people::accept)),
        route("GET", "/v1/organisations", SignedIn, get(people::organisations)),
        route("POST", "/v1/organisations", SignedIn, post(people::found)),
        route("POST", "/v1/organisations/{organisation}/invitations", SignedIn, post(people::invite_to_organisation)),
        // The first message of the connection holds the token.
        route("GET", "/v1/sync", Anyone, any(sync::http::upgrade)),
        route("GET", "/healthz", Anyone, get(healthz)),
        route("GET", "/readyz", Anyone, get(readyz)),
        route("GET", "/metrics", Anyone, get(metrics)),
    ]
}

/// What every request brings: who asks from where, in which language.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Of the answer.
    pub language: Language,
    /// Of the client.
    pub address: IpAddr,
}

/// What a handler can fail with.
pub enum Failure {
    /// An error of an operation.
    Error(Error),
    /// Too often; good again after so many milliseconds.
    TooOften(u64),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// What handlers answer.
pub type Answer<T> = Result<T, Problem>;

impl Asked {
    /// Runs a handler's work and words its failure for the client.
    ///
    /// # Errors
    /// The problem.
    pub async fn answer<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Answer<T> {
        work.await.map_err(|failure| self.problem(failure))
    }

    fn problem(&self, failure: Failure) -> Problem {
        match failure {
            Failure::Error(error) => Problem::new(error, self.language),
            Failure::TooOften(millis) => Problem::too_often(millis, self.language),
        }
    }
}

impl Asked {
    /// Whom limits count: a host of IPv6 has a whole network of addresses, and may take a fresh one for each request.
    #[must_use]
    pub fn network(&self) -> String {
        match self.address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => std::net::Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).to_string(),
        }
    }
}

impl FromRequestParts<App> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let direct = parts.extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        let forwarded = || parts.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok();
        let address = if app.config.behind_proxy { forwarded().unwrap_or(direct) } else { direct };
        Ok(Self { language: language(&parts.headers), address })
    }
}

/// Who is signed in; present where the route's rule asks for it.
#[derive(Clone)]
pub struct Caller {
    /// Who.
    pub person: Person,
    /// Their session.
    pub session: String,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::new(rules::signed_out(), language(&parts.headers)))
    }
}

/// The JSON of a request.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let language = language(request.headers());
        let json = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")));
        let malformed = |source: String| {
            let error = Error::new(Code::Invalid, (format!("The request can't be read: {source}."), format!("Запрос нечитаем: {source}.")));
            Problem::new(error, language)
        };
        let bytes = Bytes::from_request(request, app).await.map_err(|_| Problem::new(Error::new(Code::TooLarge, ("The request is larger than 64 KiB.", "Запрос больше 64 КиБ.")), language))?;
        if !json {
            return Err(malformed("it is not application/json".to_owned()));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| malformed(error.to_string()))
    }
}

/// Lets through whom the route's rule allows. Operations look again inside their transaction, for roles may change in between.
async fn guard(State((app, rule)): State<(App, Rule)>, path: RawPathParams, request: Request, next: Next) -> Result<Response, Problem> {
    let tongue = language(request.headers());
    let problem = |error| Problem::new(error, tongue);
    if rule == Rule::Anyone {
        return Ok(next.run(request).await);
    }
    let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(rules::signed_out).map_err(problem)?;
    let claims = app.signer.check(bearer, app.now()).map_err(problem)?;
    let space = match rule {
        Rule::Space(_) => {
            let named = path.iter().find(|(name, _)| *name == "space").map(|(_, value)| value.parse::<SpaceId>());
            Some(named.and_then(Result::ok).ok_or_else(rules::no_such_project).map_err(problem)?)
        }
        _ => None,
    };
    let sid = claims.sid.clone();
    let (session, role) = app
        .storage
        .read(move |sql| {
            let role = match space {
                Some(space) => store::space_role(sql, space, claims.sub)?,
                None => None,
            };
            Ok((store::session(sql, &sid)?, role))
        })
        .await
        .map_err(problem)?;
    let session = session.filter(|session| !session.ended && session.person.id == claims.sub).ok_or_else(rules::signed_out).map_err(problem)?;
    if session.revoked {
        return Err(problem(rules::device_revoked()));
    }
    if let Rule::Space(permission) = rule {
        let role = role.ok_or_else(rules::no_such_project).map_err(problem)?;
        if !role.may(permission) {
            return Err(problem(kernel::ctx::forbidden(role, permission)));
        }
    }
    let mut request = request;
    request.extensions_mut().insert(Caller { person: session.person, session: claims.sid });
    Ok(next.run(request).await)
}

async fn healthz() -> &'static str {
    "ok"
}

async fn readyz(State(app): State<App>) -> Result<&'static str, StatusCode> {
    // Ready is who can write: a question through the writer's queue.
    app.storage.write(|sql| sql.query("select 1", &[])).await.map(|_| "ok").map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

async fn metrics(State(app): State<App>) -> Response {
    let (counts, metrics) = (app.storage.counts(), &app.metrics);
    let mut text = String::new();
    let mut line = |name: &str, kind: &str, help: &str, values: &[(String, u64)]| {
        text.push_str(&format!("# HELP scantling_{name} {help}\n# TYPE scantling_{name} {kind}\n"));
        for (labels, value) in values {
            text.push_str(&format!("scantling_{name}{labels} {value}\n"));
        }
    };
    let one = |value: &std::sync::atomic::AtomicU64| vec![(String::new(), value.load(Ordering::Relaxed))];
    let answers: Vec<_> = (1..6).map(|class| (format!("{{class=\"{class}xx\"}}"), metrics.answers[class].load(Ordering::Relaxed))).collect();
    line("http_answers_total", "counter", "Answered requests by class of status.", &answers);
    line("sync_connections", "gauge", "Open sync connections.", &one(&metrics.connections));
    line("door_connections", "gauge", "Open connections of automerge-repo.", &one(&metrics.guests));
    line("door_documents", "gauge", "Documents in memory for them.", &[(String::new(), app.door.len() as u64)]);
    line("sync_entries_accepted_total", "counter", "Entries appended to a log.", &one(&metrics.accepted));
    line("sync_entries_refused_total", "counter", "Entries refused.", &one(&metrics.refused));
    line("storage_commits_total", "counter", "Transactions on disk.", &one(&counts.commits));
    line("storage_jobs_total", "counter", "Jobs in these transactions.", &one(&counts.jobs));
    line("storage_waiting", "gauge", "Jobs that wait for the writer.", &one(&counts.waiting));
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// Counts the answer, refuses who asks too often, and turns bare errors of the framework into problems.
async fn edge(State(app): State<App>, asked: Asked, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let probe = matches!(path, "/healthz" | "/readyz" | "/metrics");
    let allowed = if probe { Ok(()) } else { app.requests.take(&asked.network(), app.now()) };
    let mut response = match allowed {
        Err(millis) => Problem::too_often(millis, asked.language).into_response(),
        Ok(()) => next.run(request).await,
    };
    let told = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/problem+json");
    let status = response.status();
    if !told && !probe && (status.is_client_error() || status.is_server_error()) && status != StatusCode::UPGRADE_REQUIRED {
        response = match status {
            StatusCode::METHOD_NOT_ALLOWED => Problem::method(asked.language),
            StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Error::new(Code::TooLarge, ("The request is larger than 64 KiB.", "Запрос больше 64 КиБ.")), asked.language),
            StatusCode::NOT_FOUND => Problem::new(Error::not_found(("There is nothing here.", "Здесь ничего нет.")), asked.language),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => Problem::new(crate::storage::busy(), asked.language),
            status if status.is_client_error() => Problem::new(Error::new(Code::Invalid, ("The request can't be read.", "Запрос нечитаем.")), asked.language),
            _ => Problem::new(Error::internal("a handler failed"), asked.language),
        }
        .into_response();
    }
    app.metrics.answers[usize::from(response.status().as_u16() / 100).min(5)].fetch_add(1, Ordering::Relaxed);
    response
}

async fn private(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The whole service.
pub fn router(app: App) -> Router {
    let mut router: Router<App> = Router::new();
    for route in table() {
        router = router.route(route.path, route.handler.layer(from_fn_with_state((app.clone(), route.rule), guard)));
    }
    let fixed = |name: HeaderName, value: &'static str| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    let id = HeaderName::from_static("x-request-id");
    // The last layer is the outermost. A path in the log is its pattern: tokens of links stay out of it.
    let span = |request: &Request| {
        let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        tracing::info_span!("request", method = %request.method(), path, id)
    };
    router
        .layer(from_fn(private))
        .route("/", get(console::page))
        .route("/assets/{*path}", get(console::asset))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .layer(CompressionLayer::new())
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(app.clone(), edge))
        .layer(fixed(header::CONTENT_SECURITY_POLICY, POLICY))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(PropagateRequestIdLayer::new(id.clone()))
        .layer(SetRequestIdLayer::new(id, MakeRequestUuid))
        .with_state(app)
}

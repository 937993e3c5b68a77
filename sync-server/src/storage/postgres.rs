//! The engine that several nodes share.
//!
//! Writers of all nodes take one lock at the beginning of each transaction and so pass one after the other. Jobs cannot be
//! run a second time, and in this way none ever has to be: no deadlock and no failed serialization can occur.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use kernel::sql::{Row, Value};
use kernel::{Code, Error, Result, Sql, values};
use tokio::runtime::Runtime;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{Engine, Outage};

/// The lock of all writers; the number means nothing, and locks of other databases are others.
const LOCK: i64 = 0x5363_616e_746c_6e67;
/// By what nodes are known to each other and to whoever watches the database.
const NAME: &str = "scantling";
/// How long one attempt to connect may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most statements that are held back, and about the most bytes of them.
const HELD: usize = 64;
const HELD_BYTES: usize = 1024 * 1024;
/// The longest pause between attempts.
const PAUSE: Duration = Duration::from_secs(2);

/// What holds in every session. A node that froze or vanished inside a transaction must not hold up the others for long,
/// and an acknowledged commit is on disk, whatever the role is set to.
const SESSION: &str = "set client_min_messages = warning; set idle_in_transaction_session_timeout = '15s'; set lock_timeout = '20s'; set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3;
    select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';";

/// A connection to Postgres that comes back after a break.
pub(super) struct Link {
    config: Config,
    tls: MakeRustlsConnect,
    writes: bool,
    begin: String,
    client: Option<Client>,
    statements: HashMap<String, Statement>,
    spoiled: bool,
    /// Statements that are sent with the next one, and the bytes of their values.
    held: Vec<(Statement, Vec<Value>)>,
    size: usize,
    runtime: Runtime,
    /// How often in a row connecting failed, and when to try again.
    failures: u32,
    again: Instant,
}

impl Link {
    /// The connection of a node that writes.
    pub(super) fn writer(config: &Config) -> Result<Self> {
        Self::open(config, true, format!("begin isolation level read committed; select pg_advisory_xact_lock({LOCK})"))
    }

    /// One of those that read.
    pub(super) fn reader(config: &Config) -> Result<Self> {
        Self::open(config, false, "begin isolation level repeatable read read only".to_owned())
    }

    fn open(config: &Config, writes: bool, begin: String) -> Result<Self> {
        let mut config = config.clone();
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        config
            .application_name(NAME)
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3)
            .tcp_user_timeout(Duration::from_secs(20));
        // The thread is the connection's own: whatever moves it, moves while a statement is waited for.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::internal)?;
        let mut link = Self { runtime, held: Vec::new(), size: 0, config, tls: tls()?, writes, begin, client: None, statements: HashMap::new(), spoiled: false, failures: 0, again: Instant::now() };
        // At the start somebody waits who can do something about the cause.
        link.connect().map_err(|error| match error.cause().map(ToString::to_string) {
            Some(cause) => Error::new(error.code, (format!("The server can't reach its database: {cause}."), format!("Сервер не может связаться с базой данных: {cause}."))),
            None => error,
        })?;
        Ok(link)
    }

    fn connect(&mut self) -> Result<&mut Client> {
        if self.client.as_ref().is_some_and(Client::is_closed) {
            self.client = None;
        }
        if self.client.is_none() {
            if self.failures > 0 && Instant::now() < self.again {
                return Err(super::unreachable());
            }
            self.statements.clear();
            self.held.clear();
            match self.runtime.block_on(session(&self.config, &self.tls, self.writes)) {
                Ok(client) => {
                    self.failures = 0;
                    self.client = Some(client);
                }
                Err(error) => {
                    self.failures += 1;
                    self.again = Instant::now() + PAUSE.min(Duration::from_millis(100 << self.failures.min(5)));
                    return Err(error);
                }
            }
        }
        self.client.as_mut().ok_or_else(super::unreachable)
    }

    /// The statement, prepared once for each connection.
    fn prepared(&mut self, sql: &str) -> Result<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        self.flush()?;
        let client = self.client.as_ref().ok_or_else(super::unreachable)?;
        let statement = self.runtime.block_on(client.prepare(sql)).map_err(from_postgres)?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Sends what was held back and `last` after it, in one go, and waits for all of it.
    fn send<T>(&mut self, last: impl AsyncFnOnce(&Client) -> Result<T, tokio_postgres::Error>) -> Result<T> {
        let held = std::mem::take(&mut self.held);
        self.size = 0;
        let client = self.client.as_ref().ok_or_else(super::unreachable)?;
        self.runtime.block_on(async {
            let mut sent = Vec::with_capacity(held.len());
            for (statement, values) in &held {
                let mut one = Box::pin(async move {
                    let values = parameters(values);
                    client.execute(statement, &borrowed(&values)).await
                });
                // A statement is on its way after it was polled once; so they leave in their order.
                match once(&mut one).await {
                    Poll::Ready(done) => drop(done.map_err(from_postgres)?),
                    Poll::Pending => sent.push(one),
                }
            }
            let mut last = Box::pin(last(client));
            let begun = once(&mut last).await;
            for one in sent {
                one.await.map_err(from_postgres)?;
            }
            match begun {
                Poll::Ready(done) => done,
                Poll::Pending => last.await,
            }
            .map_err(from_postgres)
        })
    }

    fn flush(&mut self) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        self.send(async |_| Ok(()))
    }

    fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        self.spoiled |= result.is_err();
        result
    }
}

async fn session(config: &Config, tls: &MakeRustlsConnect, writes: bool) -> Result<Client> {
    let (client, connection) = config.connect(tls.clone()).await.map_err(|source| super::unreachable().because(chain(&source)))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to Postgres ended");
        }
    });
    client.batch_execute(SESSION).await.map_err(from_postgres)?;
    let shown = async |setting: &str| client.query_one(&format!("show {setting}"), &[]).await.map(|row| row.get::<_, String>(0)).map_err(from_postgres);
    if shown("server_encoding").await? != "UTF8" {
        return Err(Error::new(Code::Conflict, ("The database does not store Unicode. Create one with the encoding UTF8.", "База данных не хранит Юникод. Создайте её в кодировке UTF8.")));
    }
    // Said once for each start, by the one that writes.
    if writes && shown("fsync").await? == "off" {
        tracing::warn!("this Postgres runs with fsync = off: a power cut may lose what was acknowledged");
    }
    Ok(client)
}

/// Polls a future one time.
async fn once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context))).await
}

/// An error with what lies behind it.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        words = format!("{words}: {source}");
        next = source.source();
    }
    words
}

/// Verifies the certificate by what the system trusts.
fn tls() -> Result<MakeRustlsConnect> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(Error::internal)?.with_root_certificates(roots).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// A value as the parameter's type wants it.
#[derive(Debug)]
struct Parameter<'a>(&'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self.0, kind) {
            (Value::Null, _) => Ok(IsNull::Yes),
            (Value::Int(value), &Type::INT8) => value.to_sql(kind, out),
            (Value::Int(value), &Type::INT4) => i32::try_from(*value)?.to_sql(kind, out),
            (Value::Int(value), &Type::INT2) => i16::try_from(*value)?.to_sql(kind, out),
            (Value::Int(value), &Type::BOOL) => (*value != 0).to_sql(kind, out),
            #[expect(clippy::cast_precision_loss, reason = "SQLite stores it so, too")]
            (Value::Int(value), &Type::FLOAT8) => (*value as f64).to_sql(kind, out),
            (Value::Real(value), &Type::FLOAT8) => value.to_sql(kind, out),
            (Value::Text(value), kind) if <&str as ToSql>::accepts(kind) => value.to_sql(kind, out),
            (Value::Blob(value), &Type::BYTEA) => value.to_sql(kind, out),
            (value, kind) => Err(format!("{value:?} is no {kind}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column as the other engine would answer it: integers of any width and booleans are integers.
fn value(row: &tokio_postgres::Row, column: usize) -> Result<Value> {
    fn got<'r, T: FromSql<'r>>(row: &'r tokio_postgres::Row, column: usize, make: impl FnOnce(T) -> Value) -> Result<Value> {
        row.try_get::<_, Option<T>>(column).map(|value| value.map_or(Value::Null, make)).map_err(from_postgres)
    }
    match *row.columns()[column].type_() {
        Type::INT8 => got(row, column, Value::Int),
        Type::INT4 => got(row, column, |value: i32| Value::Int(value.into())),
        Type::INT2 => got(row, column, |value: i16| Value::Int(value.into())),
        Type::BOOL => got(row, column, |value: bool| Value::Int(value.into())),
        Type::FLOAT8 => got(row, column, Value::Real),
        Type::TEXT | Type::VARCHAR | Type::NAME | Type::BPCHAR => got(row, column, Value::Text),
        Type::BYTEA => got(row, column, Value::Blob),
        ref other => Err(Error::internal(format!("a column of the type {other} is not read here"))),
    }
}

fn parameters(values: &[Value]) -> Vec<Parameter<'_>> {
    values.iter().map(Parameter).collect()
}

fn borrowed<'a>(parameters: &'a [Parameter<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    parameters.iter().map(|parameter| parameter as &(dyn ToSql + Sync)).collect()
}

impl Sql for Link {
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        super::storable(values)?;
        let values = parameters(values);
        let done = self.prepared(sql).and_then(|statement| self.send(async |client| client.execute(&statement, &borrowed(&values)).await));
        self.note(done)
    }

    fn put(&mut self, sql: &str, values: &[Value]) -> Result<()> {
        // Whoever only reads is refused at once.
        if !self.writes {
            return self.execute(sql, values).map(|_| ());
        }
        super::storable(values)?;
        let held = self.prepared(sql).and_then(|statement| {
            self.size += values.iter().map(|value| if let Value::Blob(bytes) = value { bytes.len() } else { 0 }).sum::<usize>();
            self.held.push((statement, values.to_vec()));
            if self.held.len() >= HELD || self.size >= HELD_BYTES { self.flush() } else { Ok(()) }
        });
        self.note(held)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        super::storable(values)?;
        let values = parameters(values);
        let found = self.prepared(sql).and_then(|statement| self.send(async |client| client.query(&statement, &borrowed(&values)).await));
        let rows = self.note(found)?;
        rows.iter().map(|row| (0..row.len()).map(|column| value(row, column)).collect::<Result<_>>().map(Row)).collect()
    }

    fn script(&mut self, sql: &str) -> Result<()> {
        let sql = dialect(sql);
        let done = self.send(async |client| client.batch_execute(&sql).await);
        self.note(done)
    }
}

impl Engine for Link {
    fn begin(&mut self) -> Result<()> {
        self.spoiled = false;
        let begin = self.begin.clone();
        let was_open = self.client.is_some();
        self.connect()?;
        match self.script(&begin) {
            // The connection had broken unnoticed, while nothing was to be done.
            Err(_) if was_open && self.client.as_ref().is_none_or(Client::is_closed) => {
                self.connect()?;
                self.spoiled = false;
                self.script(&begin)
            }
            Err(error) => {
                let _ = self.script("rollback");
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    fn is_spoiled(&mut self) -> bool {
        std::mem::take(&mut self.spoiled)
    }

    fn commit(&mut self) -> Result<(), Outage> {
        // Nothing is held back here: the release of the last savepoint has sent it.
        if !self.held.is_empty() {
            return Err(Outage::Failed);
        }
        let Some(client) = self.client.as_ref() else { return Err(Outage::Unreachable) };
        self.runtime.block_on(client.batch_execute("commit")).map_err(|source| {
            let refused = source.as_db_error().is_some_and(|error| error.parsed_severity() == Some(Severity::Error));
            tracing::error!(error = chain(&source), "a transaction was not written");
            if refused { Outage::Failed } else { Outage::Unknown }
        })
    }

    fn sql(&mut self) -> &mut dyn Sql {
        self
    }

    fn others(&mut self) -> Result<u64> {
        let counted = "select count(*) from pg_stat_activity where datname = current_database() and application_name = $1 and pid <> pg_backend_pid()";
        self.find(counted, values![NAME])?.map_or(Ok(0), |mut row| row.take(0))
    }

    fn close(&mut self) {
        self.client = None;
    }
}

/// Migrations are written as SQLite reads them. Postgres knows bytes by another name, and would sort texts by the habits
/// of a country, which differ from machine to machine and from year to year; here they are sorted by their bytes.
fn dialect(sql: &str) -> String {
    let mut translated = String::with_capacity(sql.len() + 16);
    for line in sql.split_inclusive('\n') {
        let (code, comment) = line.split_at(line.find("--").unwrap_or(line.len()));
        let mut word = String::new();
        for letter in code.chars().chain(std::iter::once('\0')) {
            if letter.is_alphanumeric() || letter == '_' {
                word.push(letter);
                continue;
            }
            translated.push_str(match word.as_str() {
                "blob" => "bytea",
                "text" => "text collate \"C\"",
                other => other,
            });
            word.clear();
            if letter != '\0' {
                translated.push(letter);
            }
        }
        translated.push_str(comment);
    }
    translated
}

/// Says what an error of Postgres means to a person.
fn from_postgres(error: tokio_postgres::Error) -> Error {
    let Some(state) = error.code().cloned() else {
        // Not an answer of Postgres: the connection broke, or a value had the wrong type.
        return if error.is_closed() || std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>) { super::unreachable().because(chain(&error)) } else { Error::internal(chain(&error)) };
    };
    let refused = |code, en: &str, ru: &str| Error::new(code, (en, ru));
    match state.code().get(..2) {
        _ if state == SqlState::DISK_FULL => refused(Code::Internal, "The disk of the database is full. Nothing was changed.", "Диск базы данных заполнен. Ничего не изменено."),
        Some("23") => refused(Code::Conflict, "Something with this name or key exists already.", "Такое имя или ключ уже есть."),
        // Shutting down, out of connections, waited for too long, read-only after a failover.
        Some("08" | "53" | "55" | "57") => super::unreachable(),
        _ if state == SqlState::READ_ONLY_SQL_TRANSACTION => super::unreachable(),
        _ => return Error::internal(chain(&error)),
    }
    .because(chain(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_of_types_are_translated() {
        for (from, to) in [
            ("create table a (device blob primary key, blobs text not null)", "create table a (device bytea primary key, blobs text collate \"C\" not null)"),
            ("-- a blob\ncreate table a (x blob);\n", "-- a blob\ncreate table a (x bytea);\n"),
            ("x blob", "x bytea"),
        ] {
            assert_eq!(dialect(from), to);
        }
    }
}

//! The person's accounts on servers: where a link leads, signing up, in and out, and fresh access tokens.

use ::identity::{Instance, Preview, RefreshToken, SetUp, Tokens};
use kernel::sql::Row;
use kernel::{Code, Ctx, Error, Result, Timestamp, Words, values};
use reqwest::Method;
use serde_json::{Value, json};
use wiring::device::{Account, Probe, ProbeKind, ProbeLink, ServerRef, SignIn, SignUp};

use crate::host::{Host, hex, now};
use crate::remote::{self, Link, LinkKind};
use crate::sync;

/// An access token is renewed when it ends within so many milliseconds.
const MARGIN: i64 = 60_000;

/// The tables of accounts on a device.
pub const MIGRATIONS: &[kernel::migrate::Migration] = &[kernel::migrate::Migration { context: "identity", number: 1, sql: include_str!("../../migrations/local/identity/0001_create.sql") }];

pub(crate) async fn call(host: &Host, name: &str, payload: Value) -> Result<Value> {
    match name {
        "identity.probe" => {
            let input: ProbeLink = wiring::input(payload)?;
            Ok(serde_json::to_value(probe(host, &Link::parse(&input.link)?).await?)?)
        }
        "identity.sign_in" => {
            let input: SignIn = wiring::input(payload)?;
            Ok(serde_json::to_value(sign_in(host, input).await?)?)
        }
        "identity.sign_up" => {
            let input: SignUp = wiring::input(payload)?;
            Ok(serde_json::to_value(sign_up(host, input).await?)?)
        }
        "identity.sign_out" => {
            let input: ServerRef = wiring::input(payload)?;
            sign_out(host, input.server).await?;
            Ok(json!({}))
        }
        _ => Err(Error::internal(format!("{name} has no home"))),
    }
}

async fn probe(host: &Host, link: &Link) -> Result<Probe> {
    let instance: Instance = remote::call(host, &link.server, Method::GET, "/v1/instance", None, None::<&()>).await?;
    let preview: Option<Preview> = match &link.kind {
        LinkKind::Invitation(token) => Some(remote::call(host, &link.server, Method::GET, &format!("/v1/invitations/{token}"), None, None::<&()>).await?),
        _ => None,
    };
    let server = link.server.clone();
    let signed_in_as = host.run(move |ctx| Ok(accounts(ctx)?.into_iter().find(|account| account.server == server && account.signed_in).map(|account| account.name))).await?;
    Ok(Probe {
        server: link.server.clone(),
        kind: match link.kind {
            LinkKind::Plain => ProbeKind::Plain,
            LinkKind::Setup(_) => ProbeKind::Setup,
            LinkKind::Invitation(_) => ProbeKind::Invitation,
        },
        server_name: instance.name,
        project_name: preview.as_ref().map(|preview| preview.project_name.clone()),
        role: preview.map(|preview| preview.role),
        signed_in_as,
    })
}

/// The public key of this device, and what it is called.
async fn device(host: &Host) -> Result<(String, String)> {
    host.on_store(|store, _| {
        let device = store.device().ok_or_else(|| Error::internal("a store without a device"))?;
        Ok((hex(device.key.verifying_key().as_bytes()), device.name.clone()))
    })
    .await
}

async fn sign_in(host: &Host, input: SignIn) -> Result<Account> {
    let link = Link::parse(&input.link)?;
    let (device_key, device_name) = device(host).await?;
    let body = ::identity::SignIn { email: input.email, password: input.password, device_key: Some(device_key), device_name: Some(device_name) };
    let tokens: Tokens = remote::call(host, &link.server, Method::POST, "/v1/identity/sign-in", None, Some(&body)).await?;
    keep(host, link.server, tokens).await
}

async fn sign_up(host: &Host, input: SignUp) -> Result<Account> {
    let link = Link::parse(&input.link)?;
    let (device_key, device_name) = device(host).await?;
    let (device_key, device_name) = (Some(device_key), Some(device_name));
    let SignUp { name, email, password, .. } = input;
    let tokens: Tokens = match link.kind {
        LinkKind::Setup(token) => {
            let body = SetUp { token, name, email, password, device_key, device_name };
            remote::call(host, &link.server, Method::POST, "/v1/identity/setup", None, Some(&body)).await?
        }
        LinkKind::Invitation(invitation) => {
            let body = ::identity::SignUp { invitation, name, email, password, device_key, device_name };
            remote::call(host, &link.server, Method::POST, "/v1/identity/sign-up", None, Some(&body)).await?
        }
        LinkKind::Plain => {
            return Err(Error::invalid("link", ("An account is made with an invitation. Ask someone on this server for a link.", "Учётная запись создаётся по приглашению. Попросите ссылку у того, кто уже на этом сервере.")));
        }
    };
    keep(host, link.server, tokens).await
}

async fn keep(host: &Host, server: String, tokens: Tokens) -> Result<Account> {
    let expires = now().plus_millis(i64::from(tokens.expires_in) * 1_000);
    let account = host
        .run(move |ctx| {
            ctx.sql.execute(
                "insert into identity_account (server, person, name, email, refresh, access, access_expires) values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict (server) do update set person = $2, name = $3, email = $4, refresh = $5, access = $6, access_expires = $7, reason_en = null, reason_ru = null",
                values![&server, tokens.person.id, &tokens.person.name, &tokens.person.email, &tokens.refresh_token, &tokens.access_token, expires],
            )?;
            if kernel::store::setting(ctx.sql, "person_name")?.is_none_or(|name| name.is_empty()) {
                kernel::store::set_setting(ctx.sql, "person_name", &tokens.person.name)?;
            }
            ctx.emit("identity", "SignedIn", server.as_str());
            ctx.emit("workspace", "AccountsChanged", "");
            Ok(Account { server, person: tokens.person.id.to_string(), name: tokens.person.name, email: tokens.person.email, signed_in: true })
        })
        .await?;
    sync::refollow(host);
    Ok(account)
}

async fn sign_out(host: &Host, server: String) -> Result<()> {
    let place = server.clone();
    let refresh = host.run(move |ctx| ctx.sql.find("select refresh from identity_account where server = $1", values![&place])?.map_or(Ok(None), |mut row| row.take::<Option<String>>(0))).await?;
    if let Some(refresh) = refresh {
        // Offline the token is forgotten here all the same; on the server it ends by its age.
        let told: Result<Value> = remote::call(host, &server, Method::POST, "/v1/identity/sign-out", None, Some(&RefreshToken { refresh_token: refresh })).await;
        if let Err(error) = told {
            tracing::info!(%server, %error, "the server was not told of the sign-out");
        }
    }
    forget(host, server, ("You are signed out.", "Вы вышли из учётной записи.").into()).await
}

async fn forget(host: &Host, server: String, reason: Words) -> Result<()> {
    host.run(move |ctx| {
        ctx.sql.execute("update identity_account set refresh = null, access = null, access_expires = null, reason_en = $2, reason_ru = $3 where server = $1", values![&server, reason.en, reason.ru])?;
        ctx.emit("identity", "SignedOut", server);
        ctx.emit("workspace", "AccountsChanged", "");
        Ok(())
    })
    .await?;
    sync::refollow(host);
    Ok(())
}

/// The server did not take the token. Answers whether another try makes sense: an access token may have been revoked
/// while its refresh token is good.
pub(crate) async fn turned_away(host: &Host, server: &str, code: &str, reason: &Words) -> bool {
    if code == "device_revoked" {
        // What was signed out can be signed in again; what is on this device stays readable until an admin's wipe is built.
        if let Err(error) = forget(host, server.to_owned(), reason.clone()).await {
            tracing::error!(%error, "the account could not be signed out");
        }
        return false;
    }
    let place = server.to_owned();
    host.run(move |ctx| ctx.sql.execute("update identity_account set access = null where server = $1 and refresh is not null", values![place])).await.is_ok_and(|rows| rows > 0)
}

/// A token that is good for at least a minute, renewed if need be. Renewals queue, because a refresh token is good once.
pub(crate) async fn access_token(host: &Host, server: &str) -> Result<String> {
    let _one_at_a_time = host.0.renewing.lock().await;
    let place = server.to_owned();
    let row = host.run(move |ctx| ctx.sql.find("select access, access_expires, refresh, reason_en, reason_ru from identity_account where server = $1", values![place])).await?;
    let Some(mut row) = row else { return Err(signed_out(server, None)) };
    let (access, expires, refresh): (Option<String>, Option<Timestamp>, Option<String>) = (row.take(0)?, row.take(1)?, row.take(2)?);
    if let (Some(access), Some(expires)) = (access, expires)
        && expires > now().plus_millis(MARGIN)
    {
        return Ok(access);
    }
    let Some(refresh) = refresh else { return Err(signed_out(server, reason(&mut row)?)) };
    match remote::call::<Tokens>(host, server, Method::POST, "/v1/identity/refresh", None, Some(&RefreshToken { refresh_token: refresh })).await {
        Ok(tokens) => {
            let access = tokens.access_token.clone();
            let (server, expires) = (server.to_owned(), now().plus_millis(i64::from(tokens.expires_in) * 1_000));
            host.run(move |ctx| {
                ctx.sql.execute("update identity_account set refresh = $2, access = $3, access_expires = $4 where server = $1", values![server, tokens.refresh_token, tokens.access_token, expires])
            })
            .await?;
            Ok(access)
        }
        Err(error) if error.code == Code::Unauthorized || error.code == Code::Forbidden => {
            let words = signed_out(server, None).words;
            forget(host, server.to_owned(), words.clone()).await?;
            Err(Error::new(Code::Unauthorized, words))
        }
        Err(error) => Err(error),
    }
}

fn reason(row: &mut Row) -> Result<Option<Words>> {
    Ok(row.take::<Option<String>>(3)?.zip(row.take::<Option<String>>(4)?).map(Words::from))
}

fn signed_out(server: &str, reason: Option<Words>) -> Error {
    let words = reason.unwrap_or_else(|| (format!("You are not signed in on {server}. Sign in to go on sharing; your work is safe on this device."), format!("Вы не вошли на {server}. Войдите, чтобы продолжить совместную работу; всё сохранено на этом устройстве.")).into());
    Error::new(Code::Unauthorized, words)
}

/// The person's accounts.
pub(crate) fn accounts(ctx: &mut Ctx<'_>) -> Result<Vec<Account>> {
    ctx.sql
        .query("select server, person, name, email, refresh is not null from identity_account order by server", &[])?
        .into_iter()
        .map(|mut row| Ok(Account { server: row.take(0)?, person: row.take(1)?, name: row.take(2)?, email: row.take(3)?, signed_in: row.take(4)? }))
        .collect()
}

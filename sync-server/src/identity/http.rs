//! The requests about people, spaces and invitations.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use identity::rules::{self, ACCESS_SECONDS};
use identity::{
    Accepted, Devices, Email, Found, GiveRole, Instance, Invite, Invited, Members, Name, Nothing, OrganisationInfo, Organisations, Password, Person, Preview, RefreshToken, SetUp, ShareSpace, SignIn, SignUp,
    SpaceInfo, Spaces, Tokens,
};
use kernel::{OrganisationId, PersonId, Result, SpaceId};

use super::ops::{self, Account, Device, Opened, Place, Renewed};
use super::store;
use crate::routes::{Answer, Asked, Body, Caller, Failure};
use crate::secret::{self, Claims};
use crate::server::App;

fn device(key: Option<&String>, name: Option<&String>) -> Result<Option<Device>> {
    let Some(key) = key else { return Ok(None) };
    Ok(Some(Device { key: secret::device_key(key)?, name: Name::parse("device_name", name.map_or("Device", String::as_str))? }))
}

fn tokens(app: &App, opened: Opened) -> Result<Json<Tokens>> {
    let now = app.now().millis() / 1_000;
    let claims = Claims { sub: opened.person.id, sid: opened.session, device: opened.device.map(|key| secret::hex(&key)), iat: now, exp: now + i64::from(ACCESS_SECONDS) };
    Ok(Json(Tokens { access_token: app.signer.sign(&claims)?, refresh_token: opened.refresh_token, expires_in: ACCESS_SECONDS, person: opened.person }))
}

pub(crate) async fn instance(State(app): State<App>, asked: Asked) -> Answer<Json<Instance>> {
    asked
        .answer(async {
            let needs_setup = app.storage.read(|sql| Ok(!store::anyone(sql)?)).await?;
            Ok(Json(Instance { name: app.config.name.clone(), version: env!("CARGO_PKG_VERSION").to_owned(), needs_setup }))
        })
        .await
}

pub(crate) async fn set_up(State(app): State<App>, asked: Asked, Body(input): Body<SetUp>) -> Answer<(StatusCode, Json<Tokens>)> {
    asked
        .answer(async {
            let taken = app.sign_in_throttle(&asked, "setup")?;
            let token = input.token.clone();
            app.look(move |ctx| ops::check_setup(ctx, &token)).await?;
            taken.give_back(&app);
            let (account, device) = (account(&app, &input.name, &input.email, input.password.clone()).await?, device(input.device_key.as_ref(), input.device_name.as_ref())?);
            let address = asked.address.to_string();
            let opened = app.operate(&asked, None, move |ctx| ops::set_up(ctx, &input.token, account, device, &address)).await?;
            Ok((StatusCode::CREATED, tokens(&app, opened)?))
        })
        .await
}

async fn account(app: &App, name: &str, email: &str, password: String) -> Result<Account> {
    let (name, email) = (Name::parse("name", name)?, Email::parse(email)?);
    let password = Password::parse(password, &email, &name)?;
    Ok(Account { name, email, password: app.passwords.hash(password).await? })
}

pub(crate) async fn sign_up(State(app): State<App>, asked: Asked, Body(input): Body<SignUp>) -> Answer<(StatusCode, Json<Tokens>)> {
    asked
        .answer(async {
            let taken = app.sign_in_throttle(&asked, "sign-up")?;
            let token = input.invitation.clone();
            app.look(move |ctx| ops::preview(ctx, &token, String::new())).await?;
            // Only guessing costs: many colleagues may join from one office within a minute.
            taken.give_back(&app);
            let (account, device) = (account(&app, &input.name, &input.email, input.password.clone()).await?, device(input.device_key.as_ref(), input.device_name.as_ref())?);
            let address = asked.address.to_string();
            let opened = app.operate(&asked, None, move |ctx| ops::sign_up(ctx, &input.invitation, account, device, &address)).await?;
            Ok((StatusCode::CREATED, tokens(&app, opened)?))
        })
        .await
}

pub(crate) async fn sign_in(State(app): State<App>, asked: Asked, Body(input): Body<SignIn>) -> Answer<Json<Tokens>> {
    asked
        .answer(async {
            let device = device(input.device_key.as_ref(), input.device_name.as_ref())?;
            // An address that no account can have takes the same way, and as long.
            let email = Email::parse(&input.email).ok();
            let key = email.as_ref().map_or_else(String::new, |email| email.as_str().to_owned());
            let taken = app.sign_in_throttle(&asked, &key)?;
            let known = match email {
                Some(email) => app.look(move |ctx| ops::credentials(ctx, &email)).await?,
                None => None,
            };
            let (person, hash) = known.unzip();
            let fits = app.passwords.check(input.password.chars().take(1_025).collect(), hash).await?;
            let Some(person) = person.filter(|_| fits) else { return Err(rules::wrong_credentials().into()) };
            taken.give_back(&app);
            let address = asked.address.to_string();
            let opened = app.operate(&asked, None, move |ctx| ops::sign_in(ctx, person, device, &address)).await?;
            Ok(tokens(&app, opened)?)
        })
        .await
}

pub(crate) async fn refresh(State(app): State<App>, asked: Asked, Body(input): Body<RefreshToken>) -> Answer<Json<Tokens>> {
    asked
        .answer(async {
            let address = asked.address.to_string();
            match app.operate(&asked, None, move |ctx| ops::refresh(ctx, &input.refresh_token, &address)).await? {
                Renewed::Opened(opened) => Ok(tokens(&app, *opened)?),
                Renewed::Stolen => Err(rules::signed_out().into()),
            }
        })
        .await
}

pub(crate) async fn sign_out(State(app): State<App>, asked: Asked, Body(input): Body<RefreshToken>) -> Answer<Json<Nothing>> {
    asked
        .answer(async {
            let address = asked.address.to_string();
            app.operate(&asked, None, move |ctx| ops::sign_out(ctx, &input.refresh_token, &address)).await?;
            Ok(Json(Nothing {}))
        })
        .await
}

pub(crate) async fn me(caller: Caller) -> Json<Person> {
    Json(caller.person)
}

pub(crate) async fn devices(State(app): State<App>, asked: Asked, caller: Caller) -> Answer<Json<Devices>> {
    asked.answer(async { Ok(Json(Devices { devices: app.storage.read(move |sql| store::devices(sql, caller.person.id)).await? })) }).await
}

pub(crate) async fn revoke_device(State(app): State<App>, asked: Asked, caller: Caller, Path(key): Path<String>) -> Answer<Json<Nothing>> {
    asked
        .answer(async {
            let (key, address) = (secret::device_key(&key)?, asked.address.to_string());
            app.operate(&asked, Some(&caller), move |ctx| ops::revoke_device(ctx, &key, &address)).await?;
            Ok(Json(Nothing {}))
        })
        .await
}

pub(crate) async fn share(State(app): State<App>, asked: Asked, caller: Caller, Body(input): Body<ShareSpace>) -> Answer<(StatusCode, Json<SpaceInfo>)> {
    asked
        .answer(async {
            let (space, address, person) = (input.space, asked.address.to_string(), caller.person.id);
            let (_, new) = app
                .operate(&asked, Some(&caller), move |ctx| {
                    let shared = ops::share(ctx, &input, &address)?;
                    // The log begins in the same transaction, so a space without a log is never seen.
                    crate::sync::ops::open(ctx, input.space)?;
                    Ok(shared)
                })
                .await?;
            let info = app.storage.read(move |sql| Ok(store::spaces(sql, person)?.into_iter().find(|info| info.space == space))).await?.ok_or_else(rules::no_such_project)?;
            Ok((if new { StatusCode::CREATED } else { StatusCode::OK }, Json(info)))
        })
        .await
}

pub(crate) async fn spaces(State(app): State<App>, asked: Asked, caller: Caller) -> Answer<Json<Spaces>> {
    asked.answer(async { Ok(Json(Spaces { spaces: app.storage.read(move |sql| store::spaces(sql, caller.person.id)).await? })) }).await
}

pub(crate) async fn members(State(app): State<App>, asked: Asked, Path(space): Path<SpaceId>) -> Answer<Json<Members>> {
    asked.answer(async { Ok(Json(Members { members: app.storage.read(move |sql| store::members(sql, space)).await? })) }).await
}

pub(crate) async fn give_role(State(app): State<App>, asked: Asked, caller: Caller, Path((space, person)): Path<(SpaceId, PersonId)>, Body(input): Body<GiveRole>) -> Answer<Json<Nothing>> {
    asked
        .answer(async {
            let address = asked.address.to_string();
            app.operate(&asked, Some(&caller), move |ctx| ops::give_role(ctx, space, person, &input, &address)).await?;
            Ok(Json(Nothing {}))
        })
        .await
}

pub(crate) async fn remove(State(app): State<App>, asked: Asked, caller: Caller, Path((space, person)): Path<(SpaceId, PersonId)>) -> Answer<Json<Nothing>> {
    asked
        .answer(async {
            let address = asked.address.to_string();
            app.operate(&asked, Some(&caller), move |ctx| ops::change_role(ctx, space, person, None, &address)).await?;
            Ok(Json(Nothing {}))
        })
        .await
}

async fn invite_to(app: &App, asked: &Asked, caller: &Caller, place: Place, input: Invite) -> Result<(StatusCode, Json<Invited>), Failure> {
    let address = asked.address.to_string();
    let (id, token, expires_at) = app.operate(asked, Some(caller), move |ctx| ops::invite(ctx, place, &input, &address)).await?;
    Ok((StatusCode::CREATED, Json(Invited { link: format!("{}/#/join/{token}", app.public_url), id, expires_at })))
}

pub(crate) async fn invite(State(app): State<App>, asked: Asked, caller: Caller, Path(space): Path<SpaceId>, Body(input): Body<Invite>) -> Answer<(StatusCode, Json<Invited>)> {
    asked.answer(invite_to(&app, &asked, &caller, Place::Space(space), input)).await
}

pub(crate) async fn withdraw(State(app): State<App>, asked: Asked, caller: Caller, Path((space, id)): Path<(SpaceId, String)>) -> Answer<Json<Nothing>> {
    asked
        .answer(async {
            let address = asked.address.to_string();
            app.operate(&asked, Some(&caller), move |ctx| ops::withdraw(ctx, space, &id, &address)).await?;
            Ok(Json(Nothing {}))
        })
        .await
}

pub(crate) async fn preview(State(app): State<App>, asked: Asked, Path(token): Path<String>) -> Answer<Json<Preview>> {
    asked
        .answer(async {
            let name = app.config.name.clone();
            Ok(Json(app.look(move |ctx| ops::preview(ctx, &token, name)).await?))
        })
        .await
}

pub(crate) async fn accept(State(app): State<App>, asked: Asked, caller: Caller, Path(token): Path<String>, Body(_): Body<Nothing>) -> Answer<Json<Accepted>> {
    asked
        .answer(async {
            let address = asked.address.to_string();
            Ok(Json(app.operate(&asked, Some(&caller), move |ctx| ops::accept(ctx, &token, &address)).await?))
        })
        .await
}

pub(crate) async fn found(State(app): State<App>, asked: Asked, caller: Caller, Body(input): Body<Found>) -> Answer<(StatusCode, Json<OrganisationInfo>)> {
    asked
        .answer(async {
            let address = asked.address.to_string();
            Ok((StatusCode::CREATED, Json(app.operate(&asked, Some(&caller), move |ctx| ops::found(ctx, &input.name, &address)).await?)))
        })
        .await
}

pub(crate) async fn organisations(State(app): State<App>, asked: Asked, caller: Caller) -> Answer<Json<Organisations>> {
    asked.answer(async { Ok(Json(Organisations { organisations: app.storage.read(move |sql| store::organisations(sql, caller.person.id)).await? })) }).await
}

pub(crate) async fn invite_to_organisation(
    State(app): State<App>,
    asked: Asked,
    caller: Caller,
    Path(organisation): Path<OrganisationId>,
    Body(input): Body<Invite>,
) -> Answer<(StatusCode, Json<Invited>)> {
    asked.answer(invite_to(&app, &asked, &caller, Place::Organisation(organisation), input)).await
}

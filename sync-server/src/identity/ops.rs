//! What can be done with accounts, spaces and invitations. Every change leaves an audit record.

use identity::rules::{self, Standing};
use identity::{Accepted, Email, GiveRole, Invite, Name, OrganisationInfo, Person, Preview, ShareSpace};
use kernel::{Ctx, Error, OrganisationId, Permission, PersonId, Result, Role, SpaceId};
use subtle::ConstantTimeEq;

use super::store;
use crate::secret;

/// A device that signs in.
pub struct Device {
    /// Its public key.
    pub key: [u8; 32],
    /// What it is called.
    pub name: Name,
}

/// A fresh session: the shell signs its access token.
pub struct Opened {
    /// Whose.
    pub person: Person,
    /// Which.
    pub session: String,
    /// On which device.
    pub device: Option<[u8; 32]>,
    /// Told to the device alone.
    pub refresh_token: String,
}

/// A new account: judged, and its password hashed.
pub struct Account {
    /// Of the person.
    pub name: Name,
    /// Of the person.
    pub email: Email,
    /// PHC form.
    pub password: String,
}

/// What renewing brought.
pub enum Renewed {
    /// Another pair of tokens.
    Opened(Box<Opened>),
    /// The token had been used before: someone else holds a copy, so the whole session was ended.
    Stolen,
}

fn audit(ctx: &mut Ctx<'_>, person: Option<PersonId>, action: &str, subject: &str, address: &str) -> Result<()> {
    let id = ctx.id("aud");
    store::audit(ctx.sql, &id, ctx.now, person, action, subject, address)
}

fn caller(ctx: &Ctx<'_>) -> Result<PersonId> {
    ctx.person.ok_or_else(rules::signed_out)
}

/// The setup token and the signing key, made at the first start.
///
/// # Errors
/// Those of the database.
pub fn prepare(ctx: &mut Ctx<'_>) -> Result<([u8; 32], Option<String>)> {
    let key = match store::key(ctx.sql, "access")? {
        Some(key) => key,
        None => {
            let key = ctx.random.bytes();
            store::insert_key(ctx.sql, "access", &key)?;
            key
        }
    };
    if store::anyone(ctx.sql)? {
        return Ok((key, None));
    }
    let token = match store::setup_token(ctx.sql)? {
        Some(token) => token,
        None => {
            let token = secret::token(ctx.random);
            store::insert_setup_token(ctx.sql, &token, ctx.now)?;
            token
        }
    };
    Ok((key, Some(token)))
}

/// Makes the first account, an admin's; the link works no more.
///
/// # Errors
/// `Conflict` once it is done, `Forbidden` for another token.
pub fn set_up(ctx: &mut Ctx<'_>, token: &str, account: Account, device: Option<Device>, address: &str) -> Result<Opened> {
    check_setup(ctx, token)?;
    let person = create(ctx, account, true)?;
    store::forget_setup_token(ctx.sql)?;
    audit(ctx, Some(person.id), "set_up", &person.id.to_string(), address)?;
    open(ctx, person, device, address)
}

/// Whether the setup link is good, before a password is hashed for it.
///
/// # Errors
/// As [`set_up`].
pub fn check_setup(ctx: &mut Ctx<'_>, token: &str) -> Result<()> {
    if store::anyone(ctx.sql)? {
        return Err(rules::set_up_already());
    }
    let expected = store::setup_token(ctx.sql)?.ok_or_else(rules::set_up_already)?;
    if bool::from(secret::hash(&expected).ct_eq(&secret::hash(token))) { Ok(()) } else { Err(rules::wrong_setup_link()) }
}

/// Makes an account with an invitation, and counts as one of its uses.
///
/// # Errors
/// `NotFound` or `Conflict` for the invitation, `Conflict` for the address.
pub fn sign_up(ctx: &mut Ctx<'_>, invitation: &str, account: Account, device: Option<Device>, address: &str) -> Result<Opened> {
    let hash = secret::hash(invitation);
    good_invitation(ctx, &hash, None)?;
    let person = create(ctx, account, false)?;
    store::use_invitation(ctx.sql, &hash, person.id, ctx.now)?;
    audit(ctx, Some(person.id), "sign_up", &person.id.to_string(), address)?;
    open(ctx, person, device, address)
}

fn create(ctx: &mut Ctx<'_>, account: Account, admin: bool) -> Result<Person> {
    if store::credentials(ctx.sql, account.email.as_str())?.is_some() {
        return Err(rules::email_taken());
    }
    let person = Person { id: PersonId::new(ctx.now, ctx.random), name: account.name.as_str().to_owned(), email: account.email.as_str().to_owned(), admin };
    store::insert_person(ctx.sql, &person, &account.password, ctx.now)?;
    Ok(person)
}

/// Begins a session of a person whose password was checked.
///
/// # Errors
/// `Forbidden` for a device that was shut out, `Conflict` for another person's.
pub fn sign_in(ctx: &mut Ctx<'_>, person: PersonId, device: Option<Device>, address: &str) -> Result<Opened> {
    let person = store::find_person(ctx.sql, person)?.ok_or_else(rules::wrong_credentials)?;
    audit(ctx, Some(person.id), "sign_in", &person.id.to_string(), address)?;
    open(ctx, person, device, address)
}

fn open(ctx: &mut Ctx<'_>, person: Person, device: Option<Device>, address: &str) -> Result<Opened> {
    if let Some(device) = &device {
        add_device(ctx, person.id, device, address)?;
    }
    let session = ctx.id("ses");
    let device = device.map(|device| device.key);
    store::insert_session(ctx.sql, &session, person.id, device.as_ref(), ctx.now)?;
    let refresh_token = issue(ctx, &session)?;
    Ok(Opened { person, session, device, refresh_token })
}

fn add_device(ctx: &mut Ctx<'_>, person: PersonId, device: &Device, address: &str) -> Result<()> {
    let known = store::device(ctx.sql, &device.key)?;
    match known {
        Some((_, true)) => return Err(rules::device_revoked()),
        Some((owner, _)) if owner != person => return Err(rules::device_of_another()),
        _ => store::save_device(ctx.sql, &device.key, person, device.name.as_str(), ctx.now)?,
    }
    if known.is_none() {
        audit(ctx, Some(person), "device_added", &secret::hex(&device.key), address)?;
        // Others learn the key, so that what the device writes has a name.
        for space in store::spaces(ctx.sql, person)? {
            ctx.emit("identity", "MembersChanged", space.space.to_string());
        }
    }
    Ok(())
}

/// Gives a session that has no device this one, for good: shutting the device out ends the session.
///
/// # Errors
/// As [`sign_in`].
pub fn adopt_device(ctx: &mut Ctx<'_>, session: &str, person: PersonId, device: &Device, address: &str) -> Result<()> {
    add_device(ctx, person, device, address)?;
    store::set_session_device(ctx.sql, session, &device.key)
}

fn issue(ctx: &mut Ctx<'_>, session: &str) -> Result<String> {
    let token = secret::token(ctx.random);
    store::insert_refresh(ctx.sql, &secret::hash(&token), session, ctx.now.plus_millis(rules::SESSION_MILLIS))?;
    Ok(token)
}

/// Renews a session. A token is good once; its second use ends the session, whoever brought it.
///
/// # Errors
/// `Unauthorized` for an unknown or ended token.
pub fn refresh(ctx: &mut Ctx<'_>, token: &str, address: &str) -> Result<Renewed> {
    let hash = secret::hash(token);
    let known = store::refresh(ctx.sql, &hash)?.ok_or_else(rules::signed_out)?;
    if known.ended || known.expires <= ctx.now {
        return Err(rules::signed_out());
    }
    if known.used {
        store::end_session(ctx.sql, &known.session, "reuse", ctx.now)?;
        audit(ctx, Some(known.person), "refresh_reused", &known.session, address)?;
        ctx.emit("identity", "SessionEnded", known.session);
        return Ok(Renewed::Stolen);
    }
    store::use_refresh(ctx.sql, &hash, ctx.now)?;
    let refresh_token = issue(ctx, &known.session)?;
    let person = store::find_person(ctx.sql, known.person)?.ok_or_else(rules::signed_out)?;
    Ok(Renewed::Opened(Box::new(Opened { person, session: known.session, device: known.device, refresh_token })))
}

/// Ends the session of a refresh token. An unknown token is no error: the session is over, which is what was asked for.
///
/// # Errors
/// Those of the database.
pub fn sign_out(ctx: &mut Ctx<'_>, token: &str, address: &str) -> Result<()> {
    if let Some(known) = store::refresh(ctx.sql, &secret::hash(token))? {
        store::end_session(ctx.sql, &known.session, "sign_out", ctx.now)?;
        audit(ctx, Some(known.person), "sign_out", &known.session, address)?;
        ctx.emit("identity", "SessionEnded", known.session);
    }
    Ok(())
}

/// Shuts out one of the person's devices for good.
///
/// # Errors
/// `NotFound` when it is not theirs.
pub fn revoke_device(ctx: &mut Ctx<'_>, key: &[u8; 32], address: &str) -> Result<()> {
    let me = caller(ctx)?;
    if !store::revoke_device(ctx.sql, key, me, ctx.now)? {
        return Err(Error::not_found(("You have no such device.", "У вас нет такого устройства.")));
    }
    audit(ctx, Some(me), "device_revoked", &secret::hex(key), address)?;
    ctx.emit("identity", "DeviceRevoked", secret::hex(key));
    Ok(())
}

/// Takes a space in and makes the caller its owner; for its owner a second time only renames it.
///
/// # Errors
/// `NotFound` when someone else shared a space of that id, which the caller may not learn.
pub fn share(ctx: &mut Ctx<'_>, input: &ShareSpace, address: &str) -> Result<(Role, bool)> {
    let me = caller(ctx)?;
    let name = Name::parse("name", &input.name)?;
    if store::space_exists(ctx.sql, input.space)? {
        let role = store::space_role(ctx.sql, input.space, me)?.ok_or_else(rules::no_such_project)?;
        if role.may(Permission::Own) {
            store::rename_space(ctx.sql, input.space, name.as_str())?;
        }
        return Ok((role, false));
    }
    if let Some(organisation) = input.organisation {
        let role = store::organisation_role(ctx.sql, organisation, me)?.ok_or_else(no_such_organisation)?;
        if !role.may(Permission::Edit) {
            return Err(kernel::ctx::forbidden(role, Permission::Edit));
        }
    }
    store::insert_space(ctx.sql, input.space, name.as_str(), input.organisation, ctx.now)?;
    store::set_space_role(ctx.sql, input.space, me, Some(Role::Owner), ctx.now)?;
    audit(ctx, Some(me), "space_shared", &input.space.to_string(), address)?;
    ctx.emit("identity", "SpaceShared", input.space.to_string());
    Ok((Role::Owner, true))
}

/// Gives a member a role, or takes it away.
///
/// # Errors
/// Those of [`rules::change_role`].
pub fn change_role(ctx: &mut Ctx<'_>, space: SpaceId, person: PersonId, role: Option<Role>, address: &str) -> Result<()> {
    let me = caller(ctx)?;
    let members: Vec<_> = store::members(ctx.sql, space)?.into_iter().map(|member| (member.person, member.role)).collect();
    if rules::change_role(&members, me, person, role)? {
        store::set_space_role(ctx.sql, space, person, role, ctx.now)?;
        audit(ctx, Some(me), role.map_or("member_removed", |_| "role_changed"), &format!("{space} {person} {}", role.map_or("-", Role::word)), address)?;
        ctx.emit("identity", "MembersChanged", space.to_string());
    }
    Ok(())
}

/// [`change_role`] with the body of a request.
///
/// # Errors
/// As there.
pub fn give_role(ctx: &mut Ctx<'_>, space: SpaceId, person: PersonId, input: &GiveRole, address: &str) -> Result<()> {
    change_role(ctx, space, person, Some(input.role), address)
}

/// What an invitation leads into.
#[derive(Clone, Copy)]
pub enum Place {
    /// A space.
    Space(SpaceId),
    /// An organisation.
    Organisation(OrganisationId),
}

/// Makes an invitation; answers its id, its token and its end.
///
/// # Errors
/// Those of [`rules::invite`], and `NotFound` for strangers.
pub fn invite(ctx: &mut Ctx<'_>, place: Place, input: &Invite, address: &str) -> Result<(String, String, kernel::Timestamp)> {
    let me = caller(ctx)?;
    let (role, space, organisation, subject) = match place {
        Place::Space(space) => (store::space_role(ctx.sql, space, me)?.ok_or_else(rules::no_such_project)?, Some(space), None, space.to_string()),
        Place::Organisation(organisation) => (store::organisation_role(ctx.sql, organisation, me)?.ok_or_else(no_such_organisation)?, None, Some(organisation), organisation.to_string()),
    };
    let (uses, expires) = rules::invite(role, input, ctx.now)?;
    let (id, token) = (ctx.id("inv"), secret::token(ctx.random));
    store::insert_invitation(ctx.sql, &store::NewInvitation { hash: secret::hash(&token), id: &id, space, organisation, role: input.role, maker: me, expires, uses }, ctx.now)?;
    audit(ctx, Some(me), "invited", &format!("{subject} {id} {}", input.role.word()), address)?;
    Ok((id, token, expires))
}

/// Withdraws an invitation to a space.
///
/// # Errors
/// `Forbidden` for those who are no owners, `NotFound`.
pub fn withdraw(ctx: &mut Ctx<'_>, space: SpaceId, id: &str, address: &str) -> Result<()> {
    let me = caller(ctx)?;
    let role = store::space_role(ctx.sql, space, me)?.ok_or_else(rules::no_such_project)?;
    if !role.may(Permission::Own) {
        return Err(kernel::ctx::forbidden(role, Permission::Own));
    }
    if !store::revoke_invitation(ctx.sql, space, id, ctx.now)? {
        return Err(rules::no_invitation());
    }
    audit(ctx, Some(me), "invitation_withdrawn", id, address)
}

fn good_invitation(ctx: &mut Ctx<'_>, hash: &[u8; 32], person: Option<PersonId>) -> Result<store::Invitation> {
    let invitation = store::invitation(ctx.sql, hash)?.ok_or_else(rules::no_invitation)?;
    let mine = match person {
        Some(person) => store::has_used(ctx.sql, hash, person)?,
        None => false,
    };
    rules::good(&Standing { expires: invitation.expires, uses: invitation.uses, used: invitation.used, revoked: invitation.revoked, mine }, ctx.now)?;
    Ok(invitation)
}

/// What an invitation leads to.
///
/// # Errors
/// `NotFound`, and `Conflict` when it is no longer good.
pub fn preview(ctx: &mut Ctx<'_>, token: &str, server_name: String) -> Result<Preview> {
    let invitation = good_invitation(ctx, &secret::hash(token), None)?;
    Ok(Preview { server_name, project_name: invitation.name, role: invitation.role, expires_at: invitation.expires })
}

/// Joins what an invitation leads to. Accepting twice is harmless; a greater role stays.
///
/// # Errors
/// As [`preview`].
pub fn accept(ctx: &mut Ctx<'_>, token: &str, address: &str) -> Result<Accepted> {
    let me = caller(ctx)?;
    let hash = secret::hash(token);
    let invitation = good_invitation(ctx, &hash, Some(me))?;
    store::use_invitation(ctx.sql, &hash, me, ctx.now)?;
    let role = if let Some(space) = invitation.space {
        let members = store::members(ctx.sql, space)?;
        let before = members.iter().find(|member| member.person == me).map(|member| member.role);
        if before.is_none() && members.len() >= rules::MAX_MEMBERS {
            return Err(Error::conflict(("This project has as many members as it can have.", "В проекте уже предельное число участников.")));
        }
        let role = rules::joined(before, invitation.role);
        if before != Some(role) {
            store::set_space_role(ctx.sql, space, me, Some(role), ctx.now)?;
            audit(ctx, Some(me), "joined", &format!("{space} {}", role.word()), address)?;
            ctx.emit("identity", "MembersChanged", space.to_string());
        }
        role
    } else if let Some(organisation) = invitation.organisation {
        let role = rules::joined(store::organisation_role(ctx.sql, organisation, me)?, invitation.role);
        store::set_organisation_role(ctx.sql, organisation, me, role, ctx.now)?;
        audit(ctx, Some(me), "joined", &format!("{organisation} {}", role.word()), address)?;
        role
    } else {
        return Err(rules::no_invitation());
    };
    Ok(Accepted { space: invitation.space, organisation: invitation.organisation, role })
}

fn no_such_organisation() -> Error {
    Error::not_found(("There is no such organisation, or you are not one of its people.", "Такой организации нет, или вы не участник."))
}

/// Founds an organisation, owned by the caller.
///
/// # Errors
/// `Invalid` for its name.
pub fn found(ctx: &mut Ctx<'_>, name: &str, address: &str) -> Result<OrganisationInfo> {
    let me = caller(ctx)?;
    let name = Name::parse("name", name)?;
    let organisation = OrganisationId::new(ctx.now, ctx.random);
    store::insert_organisation(ctx.sql, organisation, name.as_str(), ctx.now)?;
    store::set_organisation_role(ctx.sql, organisation, me, Role::Owner, ctx.now)?;
    audit(ctx, Some(me), "organisation_founded", &organisation.to_string(), address)?;
    Ok(OrganisationInfo { organisation, name: name.as_str().to_owned(), role: Role::Owner })
}

/// The stored hash of an account's password, and whose it is.
///
/// # Errors
/// Those of the database.
pub fn credentials(ctx: &mut Ctx<'_>, email: &Email) -> Result<Option<(PersonId, String)>> {
    store::credentials(ctx.sql, email.as_str())
}

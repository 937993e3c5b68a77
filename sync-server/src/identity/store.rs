//! Every statement about people and what they may do.

use identity::{DeviceInfo, Member, OrganisationInfo, Person, SpaceInfo};
use kernel::sql::Row;
use kernel::{OrganisationId, PersonId, Result, Role, SpaceId, Sql, Timestamp, values};

use crate::secret::hex;

/// A session as a request shows it.
pub struct Session {
    /// Whose.
    pub person: Person,
    /// The device that it belongs to, if it belongs to one.
    pub device: Option<[u8; 32]>,
    /// Whether it was ended.
    pub ended: bool,
    /// Whether its device was shut out.
    pub revoked: bool,
}

/// A refresh token as it is stored.
pub struct Refresh {
    /// Its family.
    pub session: String,
    /// Whose.
    pub person: PersonId,
    /// On which device.
    pub device: Option<[u8; 32]>,
    /// When it ends.
    pub expires: Timestamp,
    /// Whether it was used.
    pub used: bool,
    /// Whether its family was ended.
    pub ended: bool,
}

/// An invitation as it is stored.
pub struct Invitation {
    /// To a space.
    pub space: Option<SpaceId>,
    /// Or to an organisation.
    pub organisation: Option<OrganisationId>,
    /// What it gives.
    pub role: Role,
    /// What it leads to is called.
    pub name: String,
    /// When it ends.
    pub expires: Timestamp,
    /// For how many people it is.
    pub uses: u32,
    /// How many have used it.
    pub used: u32,
    /// Whether it was withdrawn.
    pub revoked: bool,
}

fn role(row: &mut Row, column: usize) -> Result<Role> {
    Role::parse(&row.take::<String>(column)?)
}

fn person(mut row: Row) -> Result<Person> {
    Ok(Person { id: row.take(0)?, name: row.take(1)?, email: row.take(2)?, admin: row.take(3)? })
}

pub(super) fn anyone(sql: &mut dyn Sql) -> Result<bool> {
    Ok(sql.find("select 1 from identity_person limit 1", &[])?.is_some())
}

pub(super) fn find_person(sql: &mut dyn Sql, who: PersonId) -> Result<Option<Person>> {
    sql.find("select person, name, email, admin from identity_person where person = $1", values![who])?.map(person).transpose()
}

pub(super) fn credentials(sql: &mut dyn Sql, email: &str) -> Result<Option<(PersonId, String)>> {
    sql.find("select person, password from identity_person where email = $1", values![email])?.map(|mut row| Ok((row.take(0)?, row.take(1)?))).transpose()
}

pub(super) fn insert_person(sql: &mut dyn Sql, person: &Person, password: &str, now: Timestamp) -> Result<()> {
    sql.execute(
        "insert into identity_person (person, name, email, password, admin, created) values ($1, $2, $3, $4, $5, $6)",
        values![person.id, &person.name, &person.email, password, person.admin, now],
    )?;
    Ok(())
}

/// The person behind a device's key, and whether the device was shut out.
///
/// # Errors
/// Those of the database.
pub fn device(sql: &mut dyn Sql, key: &[u8; 32]) -> Result<Option<(PersonId, bool)>> {
    sql.find("select person, revoked is not null from identity_device where device = $1", values![key])?.map(|mut row| Ok((row.take(0)?, row.take(1)?))).transpose()
}

/// The person behind a device's key, whether the device was shut out, and what the person may do in a space.
///
/// # Errors
/// Those of the database.
pub fn device_in(sql: &mut dyn Sql, space: SpaceId, key: &[u8; 32]) -> Result<Option<(PersonId, bool, Option<Role>)>> {
    sql.find(
        "select d.person, d.revoked is not null, m.role from identity_device d left join identity_space_member m on m.person = d.person and m.space = $1 where d.device = $2",
        values![space, key],
    )?
    .map(|mut row| Ok((row.take(0)?, row.take(1)?, row.take::<Option<String>>(2)?.as_deref().map(Role::parse).transpose()?)))
    .transpose()
}

pub(super) fn save_device(sql: &mut dyn Sql, key: &[u8; 32], person: PersonId, name: &str, now: Timestamp) -> Result<()> {
    sql.execute(
        "insert into identity_device (device, person, name, created) values ($1, $2, $3, $4) on conflict (device) do update set name = $3",
        values![key, person, name, now],
    )?;
    Ok(())
}

pub(super) fn devices(sql: &mut dyn Sql, person: PersonId) -> Result<Vec<DeviceInfo>> {
    sql.query("select device, name, created, revoked from identity_device where person = $1 order by created limit 1000", values![person])?
        .into_iter()
        .map(|mut row| Ok(DeviceInfo { key: hex(&row.take::<[u8; 32]>(0)?), name: row.take(1)?, created_at: row.take(2)?, revoked_at: row.take(3)? }))
        .collect()
}

pub(super) fn revoke_device(sql: &mut dyn Sql, key: &[u8; 32], person: PersonId, now: Timestamp) -> Result<bool> {
    let found = sql.execute("update identity_device set revoked = coalesce(revoked, $3) where device = $1 and person = $2", values![key, person, now])? > 0;
    sql.execute("update identity_session set ended = $2, reason = 'device' where device = $1 and ended is null", values![key, now])?;
    Ok(found)
}

pub(super) fn insert_session(sql: &mut dyn Sql, session: &str, person: PersonId, device: Option<&[u8; 32]>, now: Timestamp) -> Result<()> {
    sql.execute("insert into identity_session (session, person, device, created) values ($1, $2, $3, $4)", values![session, person, device, now])?;
    Ok(())
}

pub(super) fn set_session_device(sql: &mut dyn Sql, session: &str, device: &[u8; 32]) -> Result<()> {
    sql.execute("update identity_session set device = $2 where session = $1 and device is null", values![session, device])?;
    Ok(())
}

pub(super) fn end_session(sql: &mut dyn Sql, session: &str, reason: &str, now: Timestamp) -> Result<()> {
    sql.execute("update identity_session set ended = $2, reason = $3 where session = $1 and ended is null", values![session, now, reason])?;
    sql.execute("delete from identity_refresh where session = $1 and used is not null and expires < $2", values![session, now])?;
    Ok(())
}

/// The session of an access token.
///
/// # Errors
/// Those of the database.
pub fn session(sql: &mut dyn Sql, session: &str) -> Result<Option<Session>> {
    sql.find(
        "select p.person, p.name, p.email, p.admin, s.ended is not null, d.revoked is not null, s.device from identity_session s join identity_person p on p.person = s.person
         left join identity_device d on d.device = s.device where s.session = $1",
        values![session],
    )?
    .map(|mut row| Ok(Session { ended: row.take(4)?, revoked: row.take(5)?, device: row.take(6)?, person: person(row)? }))
    .transpose()
}

pub(super) fn insert_refresh(sql: &mut dyn Sql, hash: &[u8; 32], session: &str, expires: Timestamp) -> Result<()> {
    sql.execute("insert into identity_refresh (hash, session, expires) values ($1, $2, $3)", values![hash, session, expires])?;
    Ok(())
}

pub(super) fn refresh(sql: &mut dyn Sql, hash: &[u8; 32]) -> Result<Option<Refresh>> {
    sql.find(
        "select r.session, s.person, s.device, r.expires, r.used is not null, s.ended is not null from identity_refresh r join identity_session s on s.session = r.session where r.hash = $1",
        values![hash],
    )?
    .map(|mut row| Ok(Refresh { session: row.take(0)?, person: row.take(1)?, device: row.take(2)?, expires: row.take(3)?, used: row.take(4)?, ended: row.take(5)? }))
    .transpose()
}

pub(super) fn use_refresh(sql: &mut dyn Sql, hash: &[u8; 32], now: Timestamp) -> Result<()> {
    sql.execute("update identity_refresh set used = $2 where hash = $1", values![hash, now])?;
    Ok(())
}

/// The setup token, while nobody has an account.
///
/// # Errors
/// Those of the database.
pub fn setup_token(sql: &mut dyn Sql) -> Result<Option<String>> {
    sql.find("select token from identity_setup", &[])?.map(|mut row| row.take(0)).transpose()
}

pub(super) fn insert_setup_token(sql: &mut dyn Sql, token: &str, now: Timestamp) -> Result<()> {
    sql.execute("insert into identity_setup (token, created) values ($1, $2)", values![token, now])?;
    Ok(())
}

pub(super) fn forget_setup_token(sql: &mut dyn Sql) -> Result<()> {
    sql.execute("delete from identity_setup", &[])?;
    Ok(())
}

pub(super) fn key(sql: &mut dyn Sql, name: &str) -> Result<Option<[u8; 32]>> {
    sql.find("select bytes from identity_key where name = $1", values![name])?.map(|mut row| row.take(0)).transpose()
}

pub(super) fn insert_key(sql: &mut dyn Sql, name: &str, bytes: &[u8; 32]) -> Result<()> {
    sql.execute("insert into identity_key (name, bytes) values ($1, $2)", values![name, bytes])?;
    Ok(())
}

pub(super) fn space_exists(sql: &mut dyn Sql, space: SpaceId) -> Result<bool> {
    Ok(sql.find("select 1 from identity_space where space = $1", values![space])?.is_some())
}

pub(super) fn insert_space(sql: &mut dyn Sql, space: SpaceId, name: &str, organisation: Option<OrganisationId>, now: Timestamp) -> Result<()> {
    sql.execute("insert into identity_space (space, name, organisation, created) values ($1, $2, $3, $4)", values![space, name, organisation, now])?;
    Ok(())
}

pub(super) fn rename_space(sql: &mut dyn Sql, space: SpaceId, name: &str) -> Result<()> {
    sql.execute("update identity_space set name = $2 where space = $1", values![space, name])?;
    Ok(())
}

pub(super) fn spaces(sql: &mut dyn Sql, person: PersonId) -> Result<Vec<SpaceInfo>> {
    sql.query(
        "select s.space, s.name, m.role, s.created from identity_space_member m join identity_space s on s.space = m.space where m.person = $1 order by s.name, s.space limit 5000",
        values![person],
    )?
    .into_iter()
    .map(|mut row| Ok(SpaceInfo { space: row.take(0)?, name: row.take(1)?, role: role(&mut row, 2)?, created_at: row.take(3)? }))
    .collect()
}

/// What a person may do in a space.
///
/// # Errors
/// Those of the database.
pub fn space_role(sql: &mut dyn Sql, space: SpaceId, person: PersonId) -> Result<Option<Role>> {
    sql.find("select role from identity_space_member where space = $1 and person = $2", values![space, person])?.map(|mut row| role(&mut row, 0)).transpose()
}

/// The members of a space.
///
/// # Errors
/// Those of the database.
pub fn members(sql: &mut dyn Sql, space: SpaceId) -> Result<Vec<Member>> {
    sql.query(
        "select p.person, p.name, p.email, m.role from identity_space_member m join identity_person p on p.person = m.person where m.space = $1 order by p.name, p.person limit 5000",
        values![space],
    )?
    .into_iter()
    .map(|mut row| Ok(Member { person: row.take(0)?, name: row.take(1)?, email: row.take(2)?, role: role(&mut row, 3)? }))
    .collect()
}

/// A person's name and the keys of all their devices.
///
/// # Errors
/// Those of the database.
pub fn keys(sql: &mut dyn Sql, person: PersonId) -> Result<Vec<[u8; 32]>> {
    sql.query("select device from identity_device where person = $1 order by created limit 1000", values![person])?.into_iter().map(|mut row| row.take(0)).collect()
}

/// A person's name.
///
/// # Errors
/// Those of the database.
pub fn name(sql: &mut dyn Sql, person: PersonId) -> Result<Option<String>> {
    Ok(find_person(sql, person)?.map(|person| person.name))
}

pub(super) fn set_space_role(sql: &mut dyn Sql, space: SpaceId, person: PersonId, role: Option<Role>, now: Timestamp) -> Result<()> {
    match role {
        None => sql.execute("delete from identity_space_member where space = $1 and person = $2", values![space, person])?,
        Some(role) => sql.execute(
            "insert into identity_space_member (space, person, role, since) values ($1, $2, $3, $4) on conflict (space, person) do update set role = $3",
            values![space, person, role.word(), now],
        )?,
    };
    Ok(())
}

pub(super) fn insert_organisation(sql: &mut dyn Sql, organisation: OrganisationId, name: &str, now: Timestamp) -> Result<()> {
    sql.execute("insert into identity_organisation (organisation, name, created) values ($1, $2, $3)", values![organisation, name, now])?;
    Ok(())
}

pub(super) fn organisations(sql: &mut dyn Sql, person: PersonId) -> Result<Vec<OrganisationInfo>> {
    sql.query(
        "select o.organisation, o.name, m.role from identity_organisation_member m join identity_organisation o on o.organisation = m.organisation where m.person = $1 order by o.name limit 1000",
        values![person],
    )?
    .into_iter()
    .map(|mut row| Ok(OrganisationInfo { organisation: row.take(0)?, name: row.take(1)?, role: role(&mut row, 2)? }))
    .collect()
}

pub(super) fn organisation_role(sql: &mut dyn Sql, organisation: OrganisationId, person: PersonId) -> Result<Option<Role>> {
    sql.find("select role from identity_organisation_member where organisation = $1 and person = $2", values![organisation, person])?
        .map(|mut row| role(&mut row, 0))
        .transpose()
}

pub(super) fn set_organisation_role(sql: &mut dyn Sql, organisation: OrganisationId, person: PersonId, role: Role, now: Timestamp) -> Result<()> {
    sql.execute(
        "insert into identity_organisation_member (organisation, person, role, since) values ($1, $2, $3, $4) on conflict (organisation, person) do update set role = $3",
        values![organisation, person, role.word(), now],
    )?;
    Ok(())
}

/// A new invitation's row.
pub(super) struct NewInvitation<'a> {
    pub hash: [u8; 32],
    pub id: &'a str,
    pub space: Option<SpaceId>,
    pub organisation: Option<OrganisationId>,
    pub role: Role,
    pub maker: PersonId,
    pub expires: Timestamp,
    pub uses: u32,
}

pub(super) fn insert_invitation(sql: &mut dyn Sql, new: &NewInvitation<'_>, now: Timestamp) -> Result<()> {
    sql.execute(
        "insert into identity_invitation (hash, id, space, organisation, role, maker, created, expires, uses) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values![new.hash, new.id, new.space, new.organisation, new.role.word(), new.maker, now, new.expires, new.uses],
    )?;
    Ok(())
}

pub(super) fn invitation(sql: &mut dyn Sql, hash: &[u8; 32]) -> Result<Option<Invitation>> {
    sql.find(
        "select i.space, i.organisation, i.role, coalesce(s.name, o.name, ''), i.expires, i.uses, (select count(*) from identity_invitation_use u where u.hash = i.hash), i.revoked is not null
         from identity_invitation i left join identity_space s on s.space = i.space left join identity_organisation o on o.organisation = i.organisation where i.hash = $1",
        values![hash],
    )?
    .map(|mut row| {
        let count = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        Ok(Invitation {
            space: row.take(0)?,
            organisation: row.take(1)?,
            role: role(&mut row, 2)?,
            name: row.take(3)?,
            expires: row.take(4)?,
            uses: count(row.take(5)?),
            used: count(row.take(6)?),
            revoked: row.take(7)?,
        })
    })
    .transpose()
}

pub(super) fn has_used(sql: &mut dyn Sql, hash: &[u8; 32], person: PersonId) -> Result<bool> {
    Ok(sql.find("select 1 from identity_invitation_use where hash = $1 and person = $2", values![hash, person])?.is_some())
}

pub(super) fn use_invitation(sql: &mut dyn Sql, hash: &[u8; 32], person: PersonId, now: Timestamp) -> Result<()> {
    sql.execute("insert into identity_invitation_use (hash, person, at) values ($1, $2, $3) on conflict (hash, person) do nothing", values![hash, person, now])?;
    Ok(())
}

pub(super) fn revoke_invitation(sql: &mut dyn Sql, space: SpaceId, id: &str, now: Timestamp) -> Result<bool> {
    Ok(sql.execute("update identity_invitation set revoked = coalesce(revoked, $3) where space = $1 and id = $2", values![space, id, now])? > 0)
}

pub(super) fn audit(sql: &mut dyn Sql, id: &str, at: Timestamp, person: Option<PersonId>, action: &str, subject: &str, address: &str) -> Result<()> {
    sql.execute(
        "insert into identity_audit (id, at, person, action, subject, address) values ($1, $2, $3, $4, $5, $6)",
        values![id, at, person, action, subject, address],
    )?;
    Ok(())
}

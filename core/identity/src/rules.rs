//! Who may give which role, and how long an invitation is good.

use kernel::{Code, Error, Permission, PersonId, Result, Role, Timestamp};

use crate::model::Invite;

/// How long an access token lives, in seconds.
pub const ACCESS_SECONDS: u32 = 15 * 60;
/// How long a session lives without being renewed, in milliseconds.
pub const SESSION_MILLIS: i64 = 60 * 24 * 60 * 60 * 1_000;
/// The most people in one space.
pub const MAX_MEMBERS: usize = 500;

/// Decides whether `actor` may give `person` a role (`None` takes it away), and says what the rows should hold.
/// `Ok(false)` means that it is so already.
///
/// # Errors
/// `Forbidden` for those who are no owners, `NotFound` for someone without a role, `Conflict` for the last owner.
pub fn change_role(members: &[(PersonId, Role)], actor: PersonId, person: PersonId, role: Option<Role>) -> Result<bool> {
    let role_of = |who: PersonId| members.iter().find(|(member, _)| *member == who).map(|(_, role)| *role);
    let mine = role_of(actor).ok_or_else(no_such_project)?;
    let leaves = actor == person && role.is_none();
    if !leaves && !mine.may(Permission::Own) {
        return Err(kernel::ctx::forbidden(mine, Permission::Own));
    }
    let before = role_of(person).ok_or_else(no_member)?;
    if Some(before) == role {
        return Ok(false);
    }
    let owners = members.iter().filter(|(_, role)| *role == Role::Owner).count();
    if before == Role::Owner && owners == 1 {
        return Err(last_owner());
    }
    Ok(true)
}

/// The bounds of a new invitation: how many may use it, and when it ends.
///
/// # Errors
/// `Forbidden` when the role is above that of who invites, `Invalid` for other bounds.
pub fn invite(mine: Role, input: &Invite, now: Timestamp) -> Result<(u32, Timestamp)> {
    if !mine.may(Permission::Own) || input.role > mine {
        return Err(kernel::ctx::forbidden(mine, Permission::Own));
    }
    let (uses, days) = (input.uses.unwrap_or(1), input.days.unwrap_or(7));
    if !(1..=100).contains(&uses) {
        return Err(Error::invalid("uses", ("An invitation is for 1 to 100 people.", "Приглашение — на 1–100 человек.")));
    }
    if !(1..=90).contains(&days) {
        return Err(Error::invalid("days", ("An invitation is good for 1 to 90 days.", "Приглашение действует от 1 до 90 дней.")));
    }
    Ok((uses, now.plus_millis(i64::from(days) * 86_400_000)))
}

/// An invitation as it stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// When it ends.
    pub expires: Timestamp,
    /// For how many people it is.
    pub uses: u32,
    /// How many have used it.
    pub used: u32,
    /// Whether it was withdrawn.
    pub revoked: bool,
    /// Whether the one who asks is among those who have used it.
    pub mine: bool,
}

/// Whether an invitation can be used now. Whoever has used it may do so again, for an answer may get lost.
///
/// # Errors
/// `Conflict`, with what to do about it.
pub fn good(standing: &Standing, now: Timestamp) -> Result<()> {
    if standing.revoked {
        return Err(Error::new(Code::Conflict, ("This invitation was withdrawn. Ask for another.", "Приглашение отозвано. Попросите другое.")));
    }
    if standing.mine {
        return Ok(());
    }
    if standing.expires <= now {
        return Err(Error::new(Code::Conflict, ("This invitation has ended. Ask for another.", "Срок приглашения истёк. Попросите другое.")));
    }
    if standing.used >= standing.uses {
        return Err(Error::new(Code::Conflict, ("This invitation has been used already. Ask for another.", "Приглашение уже использовано. Попросите другое.")));
    }
    Ok(())
}

/// The role after accepting: an invitation never takes anything away.
#[must_use]
pub fn joined(before: Option<Role>, given: Role) -> Role {
    before.map_or(given, |before| before.max(given))
}

/// The space does not exist, or not for this person; the two look alike.
#[must_use]
pub fn no_such_project() -> Error {
    Error::not_found(("There is no such project here, or you are not one of its people.", "Такого проекта здесь нет, или вы не участник."))
}

/// Someone who has no role in the space.
#[must_use]
pub fn no_member() -> Error {
    Error::not_found(("This person is not a member.", "Этого человека нет среди участников."))
}

fn last_owner() -> Error {
    Error::conflict(("This is the last owner. Make someone else an owner first.", "Это последний владелец. Сначала назначьте владельцем кого-то ещё."))
}

/// What the setup link says once it has done its work.
#[must_use]
pub fn set_up_already() -> Error {
    Error::conflict(("This server is set up already. Sign in instead.", "Сервер уже настроен. Войдите."))
}

/// A wrong or used setup link.
#[must_use]
pub fn wrong_setup_link() -> Error {
    Error::forbidden(("This setup link is not the one that the server printed. Look for the newest \"Set up:\" line in its output.", "Это не та ссылка, которую напечатал сервер. Найдите последнюю строку «Set up:» в его выводе."))
}

/// A link that leads nowhere.
#[must_use]
pub fn no_invitation() -> Error {
    Error::not_found(("There is no such invitation. Check that the link is whole.", "Такого приглашения нет. Проверьте, что ссылка скопирована целиком."))
}

/// One answer to every failed sign-in, so that nobody learns who has an account.
#[must_use]
pub fn wrong_credentials() -> Error {
    Error::new(Code::Unauthorized, ("The address or the password is wrong.", "Неверный адрес или пароль."))
}

/// The session has ended.
#[must_use]
pub fn signed_out() -> Error {
    Error::new(Code::Unauthorized, ("You are signed out. Sign in again; your work is safe on your device.", "Вы вышли. Войдите снова; работа сохранена на вашем устройстве."))
}

/// The device was shut out.
#[must_use]
pub fn device_revoked() -> Error {
    Error::forbidden(("This device was shut out of the server. Ask an admin if that is a mistake.", "Это устройство отключено от сервера. Если это ошибка, обратитесь к администратору."))
}

/// Another person has signed in with this device's key before.
#[must_use]
pub fn device_of_another() -> Error {
    Error::conflict(("Another person of this server uses this workspace. Make a workspace of your own.", "Этим рабочим местом пользуется другой человек с этого сервера. Создайте своё."))
}

/// The address has an account.
#[must_use]
pub fn email_taken() -> Error {
    let mut error = Error::conflict(("There is an account with this address. If it is yours, sign in.", "Учётная запись с этим адресом уже есть. Если она ваша, войдите."));
    error.field = Some("email".to_owned());
    error
}

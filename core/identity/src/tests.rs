use kernel::{Code, PersonId, Role, Timestamp};
use proptest::prelude::*;

use crate::rules::{self, Standing};
use crate::{Email, Invite, Name, Password};

fn person(number: u8) -> PersonId {
    PersonId::from_bytes([number; 16])
}

#[test]
fn roles_are_given_by_owners_and_the_last_owner_stays() {
    use Role::{Commenter, Editor, Owner, Viewer};
    let two = [(person(1), Owner), (person(2), Editor), (person(3), Viewer)];
    let both = [(person(1), Owner), (person(2), Owner)];
    type Case<'a> = (&'a [(PersonId, Role)], u8, u8, Option<Role>, Result<bool, Code>);
    let cases: &[Case<'_>] = &[
        (&two, 1, 2, Some(Owner), Ok(true)),
        (&two, 1, 2, Some(Editor), Ok(false)),
        (&two, 1, 2, None, Ok(true)),
        (&two, 1, 1, Some(Commenter), Err(Code::Conflict)),
        (&two, 1, 1, None, Err(Code::Conflict)),
        (&two, 2, 2, None, Ok(true)),
        (&two, 2, 2, Some(Owner), Err(Code::Forbidden)),
        (&two, 2, 3, None, Err(Code::Forbidden)),
        (&two, 3, 1, None, Err(Code::Forbidden)),
        (&two, 9, 2, None, Err(Code::NotFound)),
        (&two, 1, 9, Some(Viewer), Err(Code::NotFound)),
        (&both, 1, 1, None, Ok(true)),
        (&both, 1, 2, Some(Viewer), Ok(true)),
        (&[], 1, 1, None, Err(Code::NotFound)),
    ];
    for (members, actor, who, role, expected) in cases {
        let answer = rules::change_role(members, person(*actor), person(*who), *role).map_err(|error| error.code);
        assert_eq!(answer, *expected, "{actor} gives {who} {role:?} among {members:?}");
    }
}

proptest! {
    #[test]
    fn a_space_with_members_keeps_an_owner(steps: Vec<(u8, u8, Option<u8>)>) {
        let roles = [Role::Viewer, Role::Commenter, Role::Editor, Role::Owner];
        let mut members: Vec<_> = (0..4).map(|n| (person(n), roles[usize::from(n)])).collect();
        for (actor, who, role) in steps {
            let (actor, who, role) = (person(actor % 4), person(who % 4), role.map(|role| roles[usize::from(role % 4)]));
            if let Ok(true) = rules::change_role(&members, actor, who, role) {
                members.retain(|(member, _)| *member != who || role.is_some());
                members.iter_mut().filter(|(member, _)| *member == who).for_each(|(_, have)| *have = role.unwrap_or(*have));
            }
            prop_assert!(members.iter().any(|(_, role)| *role == Role::Owner));
        }
    }

    #[test]
    fn any_text_is_judged_without_panic(text: String) {
        let _ = Name::parse("name", &text);
        if let Ok(email) = Email::parse(&text) {
            prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email);
        }
    }
}

#[test]
fn invitations_end_run_out_and_are_withdrawn() {
    let now = Timestamp::from_millis(1_000);
    let fresh = Standing { expires: now.plus_millis(1), uses: 1, used: 0, revoked: false, mine: false };
    let cases = [
        (fresh, true),
        (Standing { expires: now, ..fresh }, false),
        (Standing { used: 1, ..fresh }, false),
        (Standing { used: 1, mine: true, ..fresh }, true),
        (Standing { used: 1, mine: true, expires: now, ..fresh }, true),
        (Standing { revoked: true, mine: true, ..fresh }, false),
        (Standing { uses: 2, used: 1, ..fresh }, true),
    ];
    for (standing, expected) in cases {
        assert_eq!(rules::good(&standing, now).is_ok(), expected, "{standing:?}");
    }
}

#[test]
fn nobody_invites_above_or_without_their_right() {
    let now = Timestamp::from_millis(0);
    let invite = |role, uses, days| Invite { role, uses, days };
    assert_eq!(rules::invite(Role::Owner, &invite(Role::Owner, None, None), now).unwrap(), (1, Timestamp::from_millis(7 * 86_400_000)));
    assert!(rules::invite(Role::Owner, &invite(Role::Viewer, Some(0), None), now).is_err());
    assert!(rules::invite(Role::Owner, &invite(Role::Viewer, Some(101), None), now).is_err());
    assert!(rules::invite(Role::Owner, &invite(Role::Viewer, None, Some(91)), now).is_err());
    for role in [Role::Viewer, Role::Commenter, Role::Editor] {
        assert_eq!(rules::invite(role, &invite(Role::Viewer, None, None), now).unwrap_err().code, Code::Forbidden);
    }
    assert_eq!(rules::joined(Some(Role::Owner), Role::Viewer), Role::Owner);
    assert_eq!(rules::joined(None, Role::Editor), Role::Editor);
}

#[test]
fn names_addresses_and_passwords_have_bounds() {
    for (text, sound) in [("Ada", true), ("  Ada  ", true), ("", false), (" ", false), ("a\nb", false), ("a\u{202e}b", false)] {
        assert_eq!(Name::parse("name", text).is_ok(), sound, "{text:?}");
    }
    assert!(Name::parse("name", &"ж".repeat(80)).is_ok() && Name::parse("name", &"ж".repeat(81)).is_err());
    for (text, sound) in [("Ada@Example.ORG", true), ("a@localhost", true), ("почта@пример.рф", true), ("ada", false), ("@x", false), ("a@", false), ("a@b@c", false), ("a b@c", false), ("a@.b", false), ("a@b..c", false)] {
        assert_eq!(Email::parse(text).is_ok(), sound, "{text:?}");
    }
    assert_eq!(Email::parse(" Ada@Example.ORG ").unwrap().as_str(), "ada@example.org");
    let (email, name) = (Email::parse("ada.lovelace@example.org").unwrap(), Name::parse("name", "Augusta Ada King").unwrap());
    for (text, sound) in [("correct horse", true), ("short", false), ("aaaaaaaaaaaaaa", false), ("Ada.Lovelace@example.org", false), ("augusta ada king", false), ("password1234", false), ("двенадцать б", true)] {
        assert_eq!(Password::parse(text.to_owned(), &email, &name).is_ok(), sound, "{text:?}");
    }
}

#[test]
fn unknown_fields_of_a_command_are_refused() {
    assert!(serde_json::from_str::<crate::GiveRole>(r#"{"role":"editor"}"#).is_ok());
    assert!(serde_json::from_str::<crate::GiveRole>(r#"{"role":"editor","admin":true}"#).is_err());
    assert!(serde_json::from_str::<crate::GiveRole>(r#"{"role":"admin"}"#).is_err());
}

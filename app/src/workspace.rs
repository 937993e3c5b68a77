//! The workspace of this device: its status, the person's preferences, its proof.

use kernel::store::{set_setting, setting};
use kernel::{Error, Language, Result};
use serde_json::Value;
use wiring::device::{KeyHome, SetPreferences, Theme, WorkspaceStatus};

use crate::host::Host;
use crate::identity;
use crate::key::Home;

pub(crate) async fn call(host: &Host, name: &str, payload: Value) -> Result<Value> {
    match name {
        "workspace.status" => Ok(serde_json::to_value(status(host).await?)?),
        "workspace.set_preferences" => {
            let input: SetPreferences = wiring::input(payload)?;
            Ok(serde_json::to_value(set_preferences(host, input).await?)?)
        }
        _ => Err(Error::internal(format!("{name} has no home"))),
    }
}

async fn status(host: &Host) -> Result<WorkspaceStatus> {
    let key_home = match host.0.key_home {
        Home::Keyring => KeyHome::Keyring,
        Home::Passphrase => KeyHome::Passphrase,
        Home::File => KeyHome::File,
    };
    host.run(move |ctx| {
        let text = |ctx: &mut kernel::Ctx<'_>, name: &str| setting(ctx.sql, name);
        Ok(WorkspaceStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            device_name: text(ctx, "device_name")?.unwrap_or_default(),
            person_name: text(ctx, "person_name")?.unwrap_or_default(),
            key_home,
            language: match text(ctx, "language")?.as_deref() {
                Some("en") => Some(Language::En),
                Some("ru") => Some(Language::Ru),
                _ => None,
            },
            theme: match text(ctx, "theme")?.as_deref() {
                Some("light") => Theme::Light,
                Some("dark") => Theme::Dark,
                _ => Theme::System,
            },
            accounts: identity::accounts(ctx)?,
        })
    })
    .await
}

async fn set_preferences(host: &Host, input: SetPreferences) -> Result<WorkspaceStatus> {
    let language = input.language;
    host.run(move |ctx| {
        for (name, value) in [("person_name", input.person_name), ("device_name", input.device_name)] {
            if let Some(value) = value {
                set_setting(ctx.sql, name, &short_name(name, &value)?)?;
            }
        }
        if let Some(language) = input.language {
            set_setting(ctx.sql, "language", if language == Language::Ru { "ru" } else { "en" })?;
        }
        if let Some(theme) = input.theme {
            let word = match theme {
                Theme::Light => "light",
                Theme::Dark => "dark",
                Theme::System => "system",
            };
            set_setting(ctx.sql, "theme", word)?;
        }
        ctx.emit("workspace", "PreferencesChanged", "");
        Ok(())
    })
    .await?;
    if let Some(language) = language {
        host.set_language(language).await?;
    }
    status(host).await
}

fn short_name(field: &str, value: &str) -> Result<String> {
    let name = value.trim();
    if name.chars().count() > 120 || name.chars().any(char::is_control) {
        return Err(Error::invalid(field, ("A name is at most 120 characters in one line.", "Имя — не длиннее 120 знаков в одной строке.")));
    }
    Ok(name.to_owned())
}

/// The name of the machine, which others see beside the person's.
pub(crate) fn host_name() -> String {
    std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).or_else(|| std::env::var("COMPUTERNAME").ok()).unwrap_or_else(|| "desktop".to_owned())
}

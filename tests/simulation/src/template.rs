//! The databases that every world begins with, made once and copied: applying migrations would cost more than a world.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use kernel::doc::Docs;
use kernel::entry::DeviceKey;
use kernel::{Ctx, Language, PersonId, ProjectId, Random, Role, SpaceId, Store, Timestamp, space, values};
use rusqlite::Connection;
use scantling_server::identity as people;
use scantling_server::sync::ops;
use serde_json::json;

use crate::device::{BEGIN, author, migrations};
use crate::node::session_name;
use crate::plan::{DEVICES, Level, SPACES};

/// What every world begins with.
pub struct Template {
    pub devices: Vec<Vec<u8>>,
    pub server: Vec<u8>,
    pub spaces: Vec<SpaceId>,
}

/// The person of a device: the second and the fourth have one person.
pub fn person(device: usize) -> PersonId {
    PersonId::from_bytes([0xa0 + [0, 1, 2, 1, 3][device]; 16])
}

/// The number of a person; the first one is the owner.
pub fn nth_person(number: usize) -> PersonId {
    PersonId::from_bytes([0xa0 + number as u8; 16])
}

/// What a person may do at first.
pub fn role(person: PersonId) -> Role {
    if person == nth_person(0) { Role::Owner } else { Role::Editor }
}

/// The address of a server.
pub fn address(node: usize) -> String {
    format!("https://node{node}.test")
}

/// Whose the devices are.
pub fn owners() -> BTreeMap<DeviceKey, PersonId> {
    (0..DEVICES).map(|n| (author(n).key.verifying_key().to_bytes(), person(n))).collect()
}

/// The databases of a level.
pub fn of(level: Level) -> &'static Template {
    static KERNEL: OnceLock<Template> = OnceLock::new();
    static COMMANDS: OnceLock<Template> = OnceLock::new();
    match level {
        Level::Kernel => KERNEL.get_or_init(|| make(level).expect("the first databases can be made")),
        Level::Commands => COMMANDS.get_or_init(|| make(level).expect("the first databases can be made")),
    }
}

fn make(level: Level) -> kernel::Result<Template> {
    let now = Timestamp::from_millis(BEGIN - 60_000);
    let mut spaces: Vec<SpaceId> = (0..SPACES).map(|n| SpaceId::from_bytes([0x51 + n as u8; 16])).collect();
    let mut devices = Vec::new();
    for n in 0..DEVICES {
        let mut store = Store::open(Connection::open_in_memory().map_err(kernel::sql::from_rusqlite)?, &migrations(level), Random::seeded(n as u64))?;
        store.set_device(author(n));
        store.run(now, |ctx| {
            if level == Level::Commands && n == 0 {
                let made = wiring::call(ctx, "project.create", json!({ "name": "Bikes" }))?;
                let project: ProjectId = made["id"].as_str().unwrap_or_default().parse()?;
                spaces = vec![project.space()];
            }
            for &id in &spaces {
                if space::find(ctx.sql, id)?.is_none() {
                    space::create(ctx.sql, id)?;
                }
                let mut known = space::get(ctx.sql, id)?;
                known.server = Some(address(0));
                known.role = role(person(n));
                space::save(ctx.sql, &known)?;
            }
            Ok(())
        })?;
        devices.push(copy(store.kill()));
    }
    let server = Connection::open_in_memory().map_err(kernel::sql::from_rusqlite)?;
    let server = scantling_server::storage::Bench::open(server, &scantling_server::server::migrations())?.close();
    let mut sql = kernel::sql::Sqlite(&server);
    let (mut docs, mut random) = (Docs::new(0), Random::seeded(1));
    let mut ctx = Ctx::new(&mut sql, &mut docs, &mut random, now, Language::En);
    for n in 0..DEVICES {
        let (who, key) = (person(n), author(n).key.verifying_key().to_bytes());
        ctx.sql.execute(
            "insert into identity_person (person, name, email, password, admin, created) values ($1, $2, $3, '', 0, $4) on conflict (person) do nothing",
            values![who, who.to_string(), who.to_string(), now],
        )?;
        ctx.sql.execute("insert into identity_device (device, person, name, created) values ($1, $2, 'device', $3)", values![key, who, now])?;
        ctx.sql.execute(
            "insert into identity_session (session, person, device, created) values ($1, $2, $3, $4)",
            values![session_name(n), who, key, now],
        )?;
    }
    ctx.person = Some(nth_person(0));
    for &space in &spaces {
        people::ops::share(&mut ctx, &identity::ShareSpace { space, name: "Space".into(), organisation: None }, "here")?;
        ops::open(&mut ctx, space)?;
        for number in 1..4 {
            let who = nth_person(number);
            ctx.sql.execute(
                "insert into identity_space_member (space, person, role, since) values ($1, $2, $3, $4)",
                values![space, who, role(who).word(), now],
            )?;
        }
    }
    Ok(Template { devices, server: copy(server), spaces })
}

fn copy(mut connection: Connection) -> Vec<u8> {
    connection.serialize("main").expect("a database can be copied").to_vec()
}

//! What a seed says: the shape of a world, and the list of what happens in it.
//!
//! Every action carries all that it needs, so a list stays meaningful when others are taken out of it.

use kernel::Random;

/// The most devices of a world; the third and the second belong to one person.
pub const DEVICES: usize = 5;
/// The most spaces.
pub const SPACES: usize = 2;
/// The most servers.
pub const NODES: usize = 2;

/// What the devices do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// Edits of the kernel's documents, whose outcome a plain set foretells.
    Kernel,
    /// The command table of the product.
    Commands,
}

/// The shape of a world.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Of what it is a world.
    pub seed: u64,
    /// What the devices do.
    pub level: Level,
    /// How many devices there are.
    pub devices: usize,
    /// How many spaces.
    pub spaces: usize,
    /// How many servers; space `n` lives on server `n` modulo this.
    pub nodes: usize,
}

/// One thing that happens. Numbers that name something are taken modulo how many there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// A person does something.
    Edit { device: usize, salt: u64 },
    /// A device that is not connected calls a server.
    Connect { device: usize, node: usize },
    /// A connection breaks; what is on its way to the server may still arrive.
    Cut { device: usize, node: usize },
    /// So many events of the network, the servers and the devices, in an order of the salt's choice.
    Flow { count: u64, salt: u64 },
    /// Time passes.
    Time { millis: i64 },
    /// A device's program is killed and starts again.
    Crash { device: usize },
    /// A device's store reports an error in the midst of a transaction, after so many steps of SQLite; then the program may die.
    DeviceFails { device: usize, steps: i64, dies: bool },
    /// A device's program dies after its next commit, before anybody hears of it.
    DeviceDiesAfterCommit { device: usize },
    /// A device's disk has room for so many pages more.
    DeviceFull { device: usize, pages: u64 },
    /// A device's disk has room again.
    DeviceRoom { device: usize },
    /// A device's clock is set, so far from the true time.
    DeviceClock { device: usize, millis: i64 },
    /// A server's program is killed and starts again.
    ServerCrash { node: usize },
    /// A server's disk reports an error in the midst of a transaction; then the program may die.
    ServerFails { node: usize, steps: i64, dies: bool },
    /// A server's power fails when its next transaction is about to be synced: what was not synced is lost.
    ServerLosesUnsynced { node: usize },
    /// A server dies after its next commit, before anybody hears of it.
    ServerDiesAfterCommit { node: usize },
    /// A server's disk has room for so many pages more.
    ServerFull { node: usize, pages: u64 },
    /// A server's disk has room again.
    ServerRoom { node: usize },
    /// A server's clock is set.
    ServerClock { node: usize, millis: i64 },
    /// An owner gives a person a role, or takes it away.
    Role { space: usize, person: usize, role: usize },
    /// A person shuts out a device of theirs.
    Revoke { device: usize, node: usize },
    /// The devices of these bits reach no server.
    Partition { mask: u64 },
    /// The person rests or resumes the sync of a space.
    Pause { device: usize, space: usize, paused: bool },
    /// The person sends a refused entry again.
    Retry { device: usize, salt: u64 },
    /// The person gives a refused entry up.
    Discard { device: usize, salt: u64 },
    /// An admin leaves a space so much room, or takes the limit away.
    Quota { space: usize, more: Option<u64> },
    /// An admin copies the database of a server.
    Backup { node: usize },
    /// The server starts from that copy; its log may get a new epoch.
    Restore { node: usize, epoch: bool },
}

/// Faults of one kind, and what people do to each other and to themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Crashes,
    Errors,
    Full,
    Clocks,
    People,
    Partitions,
    Persons,
    Copies,
}

impl Family {
    const ALL: [Self; 8] = [Self::Crashes, Self::Errors, Self::Full, Self::Clocks, Self::People, Self::Partitions, Self::Persons, Self::Copies];
}

/// The world of a seed.
pub fn plan(seed: u64) -> (Shape, Vec<Action>) {
    let mut random = Random::seeded(seed ^ 0x5ca7_1e55);
    let mut pick = |bound: u64| random.below(bound);
    // One world in sixteen runs the command table, which costs about ten times as much.
    let level = if pick(16) == 0 { Level::Commands } else { Level::Kernel };
    let devices = if level == Level::Commands { 2 + pick(2) } else { 2 + pick(4).min(pick(4)) };
    let spaces = if level == Level::Commands { 1 } else { 1 + pick(4) / 3 };
    let nodes = if spaces > 1 { 1 + pick(2) } else { 1 };
    // Faults come in families: a world knows some of them, so that each is also seen alone.
    let mut families: Vec<Family> = Family::ALL.into_iter().filter(|_| pick(4) == 0).collect();
    // Who had to leave, or was mistaken about the time, can't push again what a restored server has lost.
    if families.contains(&Family::Copies) {
        families.retain(|family| !matches!(family, Family::People | Family::Clocks));
    }
    // Whatever is refused is there to be sent again and given up.
    if families.iter().any(|family| matches!(family, Family::People | Family::Clocks)) && !families.contains(&Family::Persons) && pick(2) == 0 {
        families.push(Family::Persons);
    }
    let length = if level == Level::Commands { 12 + pick(14) } else { 16 + pick(26) };
    let mut actions = Vec::new();
    for device in 0..devices {
        if pick(4) > 0 {
            (0..nodes).for_each(|node| actions.push(Action::Connect { device: device as usize, node: node as usize }));
        }
    }
    actions.push(Action::Flow { count: 10 + pick(40), salt: pick(u64::MAX) });
    while (actions.len() as u64) < length {
        let device = pick(devices) as usize;
        let node = pick(nodes) as usize;
        let space = pick(spaces) as usize;
        let salt = pick(u64::MAX);
        let action = match pick(24) {
            0..7 => Action::Edit { device, salt },
            7..11 => Action::Flow { count: 1 + pick(24), salt },
            11..13 => Action::Connect { device, node },
            13 => Action::Cut { device, node },
            14 => Action::Time { millis: pick(10_000) as i64 },
            15..18 => Action::Flow { count: 1 + pick(16), salt },
            _ => match families.get(pick(families.len() as u64) as usize) {
                None => Action::Edit { device, salt },
                Some(Family::Crashes) => match pick(5) {
                    0 => Action::Crash { device },
                    1 => Action::DeviceDiesAfterCommit { device },
                    2 => Action::ServerCrash { node },
                    3 => Action::ServerDiesAfterCommit { node },
                    _ => Action::ServerLosesUnsynced { node },
                },
                Some(Family::Errors) => match pick(2) {
                    0 => Action::DeviceFails { device, steps: pick(120) as i64, dies: pick(2) == 0 },
                    _ => Action::ServerFails { node, steps: pick(60) as i64, dies: pick(2) == 0 },
                },
                Some(Family::Full) => match pick(4) {
                    0 => Action::DeviceFull { device, pages: pick(3) },
                    1 => Action::DeviceRoom { device },
                    2 => Action::ServerFull { node, pages: pick(3) },
                    _ => Action::ServerRoom { node },
                },
                Some(Family::Clocks) => {
                    let millis = pick(3 * 86_400_000) as i64 - 86_400_000;
                    if pick(4) == 0 { Action::ServerClock { node, millis } } else { Action::DeviceClock { device, millis } }
                }
                Some(Family::People) => match pick(8) {
                    0 => Action::Revoke { device, node },
                    1 => Action::Quota { space, more: if pick(2) == 0 { None } else { Some(pick(2_000)) } },
                    _ => Action::Role { space, person: pick(4) as usize, role: pick(5) as usize },
                },
                Some(Family::Partitions) => Action::Partition { mask: if pick(2) == 0 { 0 } else { pick(1 << devices) } },
                Some(Family::Persons) => match pick(4) {
                    0 => Action::Pause { device, space, paused: pick(2) == 0 },
                    1 => Action::Retry { device, salt },
                    _ => Action::Discard { device, salt },
                },
                Some(Family::Copies) => {
                    if pick(2) == 0 {
                        Action::Backup { node }
                    } else {
                        Action::Restore { node, epoch: pick(2) == 0 }
                    }
                }
            },
        };
        actions.push(action);
    }
    (Shape { seed, level, devices: devices as usize, spaces: spaces as usize, nodes: nodes as usize }, actions)
}

//! Devices and servers in one process, on a network and disks that fail as a seed says: `cargo xtask simulate`.
//!
//! A seed makes a list of actions ([`plan`]); the world ([`world`]) carries them out with the device's core and the
//! server's log, sessions and group commit; a naive model ([`model`]) judges what comes out. The same list always
//! gives the same run, so a list that fails is shortened until every action in it is needed, and printed.

mod device;
mod fault;
mod model;
mod node;
mod plain;
mod plan;
mod product;
mod template;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use model::Broken;
use plan::{Action, Level, Shape, plan};
use world::{Tally, World};

/// How long a failing list is shortened.
const SHORTENING: Duration = Duration::from_secs(30);

fn run(shape: &Shape, actions: &[Action]) -> Result<(Tally, String), Broken> {
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(shape.clone())?;
        for action in actions {
            world.act(*action)?;
        }
        world.end()?;
        Ok((world.tally, world.trace()))
    }));
    ran.unwrap_or_else(|cause| {
        let said = cause.downcast_ref::<String>().cloned().or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(Broken { promise: "nothing panics", seen: said.unwrap_or_default() })
    })
}

/// Leaves out what is not needed for the same promise to break: halves first, then ever smaller pieces.
fn shorten(shape: &Shape, actions: &[Action], broken: &Broken) -> Vec<usize> {
    let began = Instant::now();
    let fails = |kept: &[usize]| {
        let list: Vec<Action> = kept.iter().map(|&at| actions[at]).collect();
        matches!(run(shape, &list), Err(other) if other.promise == broken.promise)
    };
    let mut kept: Vec<usize> = (0..actions.len()).collect();
    let mut piece = kept.len().div_ceil(2);
    while piece > 0 && began.elapsed() < SHORTENING {
        let mut at = 0;
        let mut shorter = false;
        while at < kept.len() && began.elapsed() < SHORTENING {
            let rest: Vec<usize> = kept.iter().enumerate().filter(|(n, _)| !(at..at + piece).contains(n)).map(|(_, &index)| index).collect();
            if fails(&rest) {
                kept = rest;
                shorter = true;
            } else {
                at += piece;
            }
        }
        piece = if piece == 1 && shorter { 1 } else { piece / 2 };
    }
    kept
}

struct Arguments {
    seeds: u64,
    first: u64,
    threads: u64,
    keep: Option<Vec<usize>>,
    level: Option<Level>,
    twice: bool,
}

fn arguments() -> Result<Arguments, String> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let mut parsed = Arguments { seeds: 10_000, first: 0, threads: cores, keep: None, level: None, twice: false };
    let mut list = std::env::args().skip(1);
    let number = |text: Option<String>, name: &str| text.and_then(|text| text.parse().ok()).ok_or(format!("`{name}` is followed by a number."));
    let mut counted = false;
    while let Some(argument) = list.next() {
        match argument.as_str() {
            "--seeds" => (parsed.seeds, counted) = (number(list.next(), "--seeds")?, true),
            "--seed" => {
                parsed.first = number(list.next(), "--seed")?;
                parsed.seeds = if counted { parsed.seeds } else { 1 };
            }
            "--threads" => parsed.threads = number(list.next(), "--threads")?.max(1),
            "--keep" => {
                let text = list.next().unwrap_or_default();
                let numbers: Result<Vec<usize>, _> = text.split(',').filter(|part| !part.is_empty()).map(str::parse).collect();
                parsed.keep = Some(numbers.map_err(|_| "`--keep` is followed by numbers of actions: 0,4,9.")?);
            }
            "--level" => {
                parsed.level = Some(match list.next().as_deref() {
                    Some("kernel") => Level::Kernel,
                    Some("commands") => Level::Commands,
                    _ => return Err("`--level` is kernel or commands.".into()),
                });
            }
            "--twice" => parsed.twice = true,
            other => {
                return Err(format!(
                    "`{other}` is not understood. Known: --seeds N, --seed S, --threads N, --keep 0,4,9, --level kernel|commands, --twice."
                ));
            }
        }
    }
    Ok(parsed)
}

fn main() -> ExitCode {
    let arguments = match arguments() {
        Ok(arguments) => arguments,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(2);
        }
    };
    // What panics is told with its seed, in one piece.
    std::panic::set_hook(Box::new(|_| {}));
    let began = Instant::now();
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let found: Mutex<Option<(u64, Broken)>> = Mutex::new(None);
    let figures: Mutex<[(u64, Duration, Tally); 2]> = Mutex::default();
    let worlds = |seed: u64| {
        let (shape, actions) = plan(seed);
        let actions = match &arguments.keep {
            Some(keep) => keep.iter().filter_map(|&at| actions.get(at).copied()).collect(),
            None => actions,
        };
        (shape, actions)
    };
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.min(arguments.seeds) {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= arguments.seeds {
                        return;
                    }
                    let seed = arguments.first + seed;
                    let (shape, actions) = worlds(seed);
                    if arguments.level.is_some_and(|level| level != shape.level) {
                        continue;
                    }
                    let started = Instant::now();
                    let mut ran = run(&shape, &actions);
                    if arguments.twice
                        && let Ok((_, trace)) = &ran
                    {
                        let again = run(&shape, &actions).map(|(_, trace)| trace);
                        if again.as_ref().ok() != Some(trace) {
                            ran = Err(Broken { promise: "a seed replays exactly", seen: format!("{trace} and then {again:?}") });
                        }
                    }
                    match ran {
                        Ok((tally, _)) => {
                            let mut figures = figures.lock().expect("nobody panics with the figures");
                            let row = &mut figures[usize::from(shape.level == Level::Commands)];
                            row.0 += 1;
                            row.1 += started.elapsed();
                            row.2.entries += tally.entries;
                            row.2.refused += tally.refused;
                            row.2.events += tally.events;
                            row.2.crashes += tally.crashes;
                        }
                        Err(broken) => {
                            failed.store(true, Ordering::Relaxed);
                            let mut found = found.lock().expect("nobody panics with what was found");
                            if found.as_ref().is_none_or(|(other, _)| seed < *other) {
                                *found = Some((seed, broken));
                            }
                        }
                    }
                }
            });
        }
    });
    for (name, (worlds, time, tally)) in ["kernel", "commands"].iter().zip(figures.into_inner().expect("nobody panics with the figures")) {
        if worlds > 0 {
            println!(
                "{name}: {worlds} worlds of {:.1} ms: {} events, {} entries accepted, {} refused, {} crashes",
                time.as_secs_f64() * 1_000.0 / worlds as f64,
                tally.events,
                tally.entries,
                tally.refused,
                tally.crashes
            );
        }
    }
    let Some((seed, broken)) = found.into_inner().expect("nobody panics with what was found") else {
        println!("Every promise held in {:.1} s.", began.elapsed().as_secs_f64());
        return ExitCode::SUCCESS;
    };
    let (shape, actions) = worlds(seed);
    println!("Seed {seed} breaks a promise: {}.\n  {}\n{shape:?}", broken.promise, broken.seen);
    let kept = shorten(&shape, &actions, &broken);
    println!("{} of its {} actions are enough:", kept.len(), actions.len());
    for &at in &kept {
        println!("  {at:3} {:?}", actions[at]);
    }
    let list: Vec<Action> = kept.iter().map(|&at| actions[at]).collect();
    if let Err(broken) = run(&shape, &list) {
        println!("They end so: {}", broken.seen);
    }
    if arguments.keep.is_none() {
        let kept: Vec<String> = kept.iter().map(usize::to_string).collect();
        println!("Again: cargo xtask simulate --seed {seed} --keep {}", kept.join(","));
    }
    ExitCode::FAILURE
}

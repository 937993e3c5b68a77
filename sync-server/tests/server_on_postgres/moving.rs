//! `scantling-server move`: from a folder into Postgres and back, with everything that people hold still good.

use std::path::Path;
use std::process::{Command, Output};

use kernel::protocol::ToClient;
use scantling_server::{Config, Server};
use serde_json::json;

use crate::nodes::{Log, records};
use crate::server::support::postgres::shared;
use crate::server::{World, access, change, changes, connect, hear, key, push, share};

fn config(folder: &Path, database: Option<&str>) -> Config {
    Config { database: database.map(Into::into), rate: 100_000, ..Config::in_folder(folder) }
}

async fn moved(from: &str, to: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scantling-server"));
    command.args(["move", "--from", from, "--to", to]);
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_moves_to_postgres_and_back_and_nobody_notices() {
    let (folder, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = shared().database("moved");
    let file = |folder: &Path| format!("sqlite:{}", folder.join("scantling.db").display());
    let mut made: Vec<_> = changes(7, "doc_a", 40).iter().map(|made| change(&key(1), "doc_a", made)).collect();
    made.extend(records(&key(1), 0..300));

    // A life in a folder.
    let server = Server::start(config(folder.path(), None)).await.unwrap();
    let world = World::at(server.address);
    let mut ada = world.set_up(server.setup_link.as_ref().unwrap(), &key(1)).await;
    share(&world, access(&ada)).await;
    let mut log = Log::new(&made);
    let mut socket = connect(&world, access(&ada), &key(1)).await;
    hear(&mut socket).await;
    push(&mut socket, &made[..200]).await;
    log.read(&mut socket, 200).await;
    server.seal().await.unwrap();
    let running = moved(&file(folder.path()), &database).await;
    assert!(!running.status.success() && said(&running).contains("Stop it first"), "{}", said(&running));
    drop(socket);
    server.stop().await;

    // The same life in Postgres.
    let there = moved(&file(folder.path()), &database).await;
    assert!(there.status.success() && said(&there).contains("200 entries in 1 logs"), "{}", said(&there));
    let again = moved(&file(folder.path()), &database).await;
    assert!(!again.status.success() && said(&again).contains("not empty"), "{}", said(&again));
    let server = Server::start(config(folder.path(), Some(&database))).await.unwrap();
    assert!(server.setup_link.is_none());
    let world = World::at(server.address);
    let used = moved(&database, &file(back.path())).await;
    assert!(!used.status.success() && said(&used).contains("Stop it first"), "{}", said(&used));
    let mut socket = connect(&world, access(&ada), &key(1)).await;
    let ToClient::Welcome { spaces, .. } = hear(&mut socket).await else { panic!("welcome: the access token is still good") };
    assert_eq!((spaces[0].head, spaces[0].chain), (200, log.chain));
    let mut again = Log::new(&made);
    again.read(&mut socket, 200).await;
    push(&mut socket, &made[200..]).await;
    again.read(&mut socket, 340).await;
    let (status, renewed) = world.post("/v1/identity/refresh", None, json!({ "refresh_token": ada["refresh_token"] })).await;
    assert_eq!(status, 200, "{renewed}");
    ada = renewed;
    drop(socket);
    server.stop().await;

    // And in a folder again.
    let home = moved(&database, &file(back.path())).await;
    assert!(home.status.success() && said(&home).contains("340 entries in 1 logs"), "{}", said(&home));
    let server = Server::start(config(back.path(), None)).await.unwrap();
    let world = World::at(server.address);
    let mut socket = connect(&world, access(&ada), &key(1)).await;
    let ToClient::Welcome { spaces, .. } = hear(&mut socket).await else { panic!("welcome") };
    assert_eq!((spaces[0].head, spaces[0].chain), (340, again.chain));
    let mut whole = Log::new(&[]);
    whole.read(&mut socket, 340).await;
    assert_eq!(whole.chain, again.chain);
    drop(socket);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_on_the_command_line_is_refused_and_one_in_a_file_is_taken() {
    let (folder, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(config(folder.path(), None)).await.unwrap();
    server.stop().await;
    let from = format!("sqlite:{}", folder.path().join("scantling.db").display());
    let database = shared().database("secret").replacen("scantling@", "scantling:not-needed@", 1);
    let open = moved(&from, &database).await;
    assert!(!open.status.success() && said(&open).contains("every user of the machine"), "{}", said(&open));
    let secret = target.path().join("database");
    std::fs::write(&secret, format!("{database}\n")).unwrap();
    let hidden = moved(&from, &format!("file:{}", secret.display())).await;
    assert!(hidden.status.success() && !said(&hidden).contains("not-needed"), "{}", said(&hidden));
    let nowhere = moved(&from, "postgres://nobody@127.0.0.1:1/none?sslmode=disable").await;
    assert!(!nowhere.status.success() && said(&nowhere).contains("can't reach its database"), "{}", said(&nowhere));
}

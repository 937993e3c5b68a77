//! The door to the database: what holds on either engine.

use std::sync::{Arc, Mutex};

use kernel::sql::{Row, Value};
use kernel::{Code, Error, Sql, values};
use scantling_server::config::Address;
use scantling_server::server::migrations;
use scantling_server::storage::{Place, Storage, Threads};

use super::*;

fn open(folder: &Path) -> (Storage, Threads) {
    let place = database(folder).map_or_else(|| Place::File(folder.join("scantling.db")), |url| Address::from(url.as_str()).place().unwrap());
    std::thread::spawn(move || Storage::open(&place, &migrations()).unwrap()).join().unwrap()
}

fn invite(sql: &mut dyn Sql, id: &str) -> kernel::Result<()> {
    sql.put("insert into identity_organisation (organisation, name, created) values ($1, 'x', 0)", values![id])
}

async fn kept(storage: &Storage) -> Vec<String> {
    let read = |sql: &mut dyn Sql| sql.query("select organisation from identity_organisation order by organisation", &[])?.into_iter().map(|mut row| row.take(0)).collect();
    storage.read(read).await.unwrap()
}

#[tokio::test]
async fn a_job_stands_or_falls_alone_whatever_the_others_of_its_group_do() {
    let folder = tempfile::tempdir().unwrap();
    let (storage, threads) = open(folder.path());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut jobs = Vec::new();
    for number in 0..60 {
        let told = heard.clone();
        let job = storage
            .queue(
                move |sql: &mut dyn Sql| {
                    invite(sql, &format!("org_{number:02}"))?;
                    match number % 6 {
                        // A name that is taken, where it shows at once and where it shows at the end.
                        1 => sql.execute("insert into identity_organisation (organisation, name, created) values ('org_00', 'x', 0)", &[]).map(|_| ())?,
                        2 => invite(sql, "org_00")?,
                        3 => return Err(Error::not_found("no")),
                        4 => panic!("a defect"),
                        5 => drop(sql.query("select nothing from nowhere", &[])),
                        _ => {}
                    }
                    Ok(number)
                },
                move |number| told.lock().unwrap().push(*number),
            )
            .await
            .unwrap();
        jobs.push(job);
    }
    let mut good = Vec::new();
    for (number, job) in jobs.into_iter().enumerate() {
        match (number % 6, job.answer().await) {
            (0, Ok(_)) => good.push(number),
            // SQLite goes on after a failed statement; Postgres does not, and the job is taken back.
            (5, Ok(_)) if !on_postgres() => good.push(number),
            (5, Err(_)) if on_postgres() => {}
            (1 | 2, Err(error)) => assert!(matches!(error.code, Code::Conflict | Code::Internal), "{number}: {error}"),
            (3, Err(error)) => assert_eq!(error.code, Code::NotFound),
            (4, Err(error)) => assert_eq!(error.code, Code::Internal),
            (_, other) => panic!("{number}: {other:?}"),
        }
    }
    assert_eq!(kept(&storage).await, good.iter().map(|number| format!("org_{number:02}")).collect::<Vec<_>>());
    assert_eq!(*heard.lock().unwrap(), good, "told in order, and of what is kept alone");
    drop(storage);
    threads.join();
}

#[tokio::test]
async fn values_come_back_as_they_went() {
    let folder = tempfile::tempdir().unwrap();
    let (storage, threads) = open(folder.path());
    let texts = ["", "a'b\"c", "Журнал 日本 \u{1f600}", "\u{1}\u{7f}"];
    let numbers = [0, 1, -1, i64::MAX, i64::MIN];
    let blobs: [Vec<u8>; 4] = [vec![], vec![0], (0..=255).collect(), vec![7; 3_000_000]];
    let rows: Vec<[Value; 3]> = (0..10_usize).map(|at| [Value::from(format!("{at}{}", texts[at % 4])), Value::from(numbers[at % 5]), Value::from(blobs[at % 4].clone())]).collect();
    let wanted: Vec<Row> = rows.iter().map(|row| Row([&row[..], &[Value::Null, Value::Int(1), Value::Int(0)]].concat())).collect();
    storage
        .write(move |sql| {
            for [key, number, blob] in rows {
                sql.put("insert into sync_space (space, epoch, head, chain, bytes) values ($1, $3, $2, $3, $2)", &[key, number, blob])?;
            }
            Ok(())
        })
        .await
        .unwrap();
    let found = storage.read(|sql| sql.query("select space, head, epoch, quota, quota is null, chain is null from sync_space order by space", &[])).await.unwrap();
    assert!(found == wanted, "values differ");
    // A question that writes is refused, and the next one is answered.
    assert!(storage.read(|sql| sql.execute("delete from sync_space", &[])).await.is_err());
    assert!(storage.read(|sql| sql.put("delete from sync_space", &[])).await.is_err());
    assert_eq!(storage.read(|sql| sql.query("select count(*) from sync_space", &[])).await.unwrap(), [Row(vec![Value::Int(10)])]);
    assert_eq!(storage.write(|sql| sql.execute("delete from sync_space where head > $1", values![0_i64])).await.unwrap(), 4);
    assert_eq!(storage.write(|sql| sql.query("select $1", values!["a\0b"])).await.unwrap_err().code, Code::Invalid);
    drop(storage);
    threads.join();
}

#[tokio::test]
async fn texts_are_sorted_by_their_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (storage, threads) = open(folder.path());
    let mut names = ["b", "B", "a", "_", "Z", "\u{e9}", "z", "a-b", "ab", "\u{416}"];
    storage.write(move |sql| names.iter().try_for_each(|name| invite(sql, name))).await.unwrap();
    names.sort_unstable();
    assert_eq!(kept(&storage).await, names);
    let after = storage.read(|sql| sql.query("select count(*) from identity_organisation where organisation > $1", values!["Z"])).await.unwrap();
    assert_eq!(after, [Row(vec![Value::Int(8)])]);
    drop(storage);
    threads.join();
}

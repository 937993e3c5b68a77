//! Moves everything from one database into another, of whichever engine, and proves that it is the same.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use kernel::entry::Chain;
use kernel::migrate::{Migration, migrate};
use kernel::sql::{Row, Sqlite, Value, from_rusqlite};
use kernel::{Code, Error, Result, SpaceId, Sql, values};

use super::Place;

/// How many rows are read and written at once; fewer where a row can be large.
const ROWS: usize = 64;
const LARGE_ROWS: usize = 16;

/// What was moved.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Tables.
    pub tables: usize,
    /// Rows in them.
    pub rows: u64,
    /// Spaces whose chain was computed anew.
    pub spaces: u64,
    /// Entries in their logs.
    pub entries: u64,
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tables, rows, spaces, entries } = self;
        write!(f, "{rows} rows in {tables} tables, each counted and compared; {entries} entries in {spaces} logs, each chain computed anew and equal")
    }
}

/// A table as the migrations make it.
struct Table {
    name: String,
    columns: Vec<String>,
    key: Vec<String>,
}

/// How many rows a table has, and a digest of them that does not depend on their order: engines sort texts differently.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Sum {
    rows: u64,
    digest: [u64; 4],
}

impl Sum {
    fn add(&mut self, row: &Row) {
        let mut hasher = blake3::Hasher::new();
        for value in &row.0 {
            let (kind, bytes): (u8, &[u8]) = match value {
                Value::Null => (0, &[]),
                Value::Int(value) => (1, &value.to_be_bytes()),
                Value::Real(value) => (2, &value.to_bits().to_be_bytes()),
                Value::Text(value) => (3, value.as_bytes()),
                Value::Blob(value) => (4, value),
            };
            hasher.update(&[kind]).update(&(bytes.len() as u64).to_be_bytes()).update(bytes);
        }
        self.rows += 1;
        for (sum, part) in self.digest.iter_mut().zip(hasher.finalize().as_bytes().as_chunks::<8>().0) {
            *sum = sum.wrapping_add(u64::from_be_bytes(*part));
        }
    }
}

/// Copies every table in one consistent read into one transaction, and then compares what the other database holds.
/// `say` hears what is done.
///
/// # Errors
/// `Conflict` when the target is not empty or a server uses one of the two, `Damaged` when what arrived is not the same or
/// a chain does not hold, and those of the databases. Nothing is changed in `from`, and nothing is left in `to` unless the
/// whole copy is there.
pub fn transfer(from: &Place, to: &Place, migrations: &[Migration], say: &mut dyn FnMut(&str)) -> Result<Moved> {
    let tables = shape(migrations)?;
    if let Place::File(path) = from
        && !path.is_file()
    {
        return Err(Error::not_found((format!("There is no {}.", path.display()), format!("Нет файла {}.", path.display()))));
    }
    let new_file = if let Place::File(path) = to { (!path.exists()).then(|| path.clone()) } else { None };
    let _locks = [hold(from)?, hold(to)?];
    say(&format!("From {from} to {to}."));
    let copied = copy(from, to, migrations, &tables, say);
    if copied.is_err()
        && let Some(path) = new_file
    {
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
        }
    }
    let sums = copied?;
    say("Comparing.");
    let mut there = to.reader()?;
    there.begin()?;
    let mut moved = Moved { tables: tables.len(), ..Moved::default() };
    for table in &tables {
        let mut sum = Sum::default();
        pages(there.sql(), table, |rows| {
            rows.iter().for_each(|row| sum.add(row));
            Ok(())
        })?;
        if sums.get(&table.name) != Some(&sum) {
            return Err(different(&format!("{} has {} rows there, and not the same", table.name, sum.rows)));
        }
        moved.rows += sum.rows;
    }
    (moved.spaces, moved.entries) = chains(there.sql())?;
    there.script("rollback")?;
    Ok(moved)
}

fn copy(from: &Place, to: &Place, migrations: &[Migration], tables: &[Table], say: &mut dyn FnMut(&str)) -> Result<BTreeMap<String, Sum>> {
    let (mut source, mut target) = (from.reader()?, to.writer()?);
    for (place, engine) in [(from, &mut source), (to, &mut target)] {
        // The connections of a server that has just ended go within a moment.
        let until = Instant::now() + Duration::from_secs(3);
        while engine.others()? > 0 {
            if Instant::now() > until {
                return Err(in_use(place));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    source.begin()?;
    target.begin()?;
    is_current(source.sql(), migrations)?;
    migrate(target.sql(), migrations)?;
    for table in tables {
        if target.find(&format!("select 1 from {} limit 1", table.name), &[])?.is_some() {
            return Err(Error::conflict((
                format!("{to} is not empty: {} has rows. Choose an empty database; nothing was changed.", table.name),
                format!("{to} не пуста: в {} есть строки. Выберите пустую базу; ничего не изменено.", table.name),
            )));
        }
    }
    let mut sums = BTreeMap::new();
    for table in tables {
        let mut sum = Sum::default();
        pages(source.sql(), table, |rows| {
            rows.iter().for_each(|row| sum.add(row));
            insert(target.sql(), table, rows)
        })?;
        say(&format!("{}: {} rows", table.name, sum.rows));
        sums.insert(table.name.clone(), sum);
    }
    source.script("rollback")?;
    target.commit().map_err(|outage| outage.error())?;
    source.close();
    target.close();
    Ok(sums)
}

/// The tables that the migrations make, read off an empty database, so that none can be forgotten here.
fn shape(migrations: &[Migration]) -> Result<Vec<Table>> {
    let connection = rusqlite::Connection::open_in_memory().map_err(from_rusqlite)?;
    let mut sql = Sqlite(&connection);
    migrate(&mut sql, migrations)?;
    let mut tables = Vec::new();
    for mut row in sql.query("select name from sqlite_master where type = 'table' and name <> 'kernel_migration' order by name", &[])? {
        let name: String = row.take(0)?;
        let (mut columns, mut key) = (Vec::new(), Vec::new());
        for mut row in sql.query("select name, pk from pragma_table_info($1) order by cid", values![&name])? {
            let (column, place): (String, u64) = (row.take(0)?, row.take(1)?);
            if place > 0 {
                key.push((place, column.clone()));
            }
            columns.push(column);
        }
        key.sort();
        if key.is_empty() {
            return Err(Error::internal(format!("the table {name} has no primary key")));
        }
        tables.push(Table { name, columns, key: key.into_iter().map(|(_, column)| column).collect() });
    }
    Ok(tables)
}

/// Refuses a source whose tables are older or newer than this program makes them.
fn is_current(sql: &mut dyn Sql, migrations: &[Migration]) -> Result<()> {
    let refused = || Error::conflict(("The database was written by another version of Scantling. Start this version's server on it once, stop it, and repeat.", "База записана другой версией Scantling. Один раз запустите на ней сервер этой версии, остановите его и повторите."));
    let mut found = Vec::new();
    for mut row in sql.query("select context, number from kernel_migration", &[]).map_err(|error| refused().because(error))? {
        found.push((row.take::<String>(0)?, row.take::<u64>(1)?));
    }
    let mut wanted: Vec<_> = migrations.iter().map(|step| (step.context.to_owned(), u64::from(step.number))).collect();
    found.sort();
    wanted.sort();
    if found == wanted { Ok(()) } else { Err(refused()) }
}

/// Reads a table in the order of its key.
fn pages(sql: &mut dyn Sql, table: &Table, mut page: impl FnMut(Vec<Row>) -> Result<()>) -> Result<()> {
    let at_once = if table.columns.iter().any(|column| column == "bytes") { LARGE_ROWS } else { ROWS };
    let (columns, key) = (table.columns.join(", "), table.key.join(", "));
    let places: Vec<usize> = table.key.iter().filter_map(|part| table.columns.iter().position(|column| column == part)).collect();
    let numbers = (1..=places.len()).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ");
    let first = format!("select {columns} from {} order by {key} limit {at_once}", table.name);
    let next = format!("select {columns} from {} where ({key}) > ({numbers}) order by {key} limit {at_once}", table.name);
    let mut rows = sql.query(&first, &[])?;
    while let Some(last) = rows.last() {
        let after: Vec<Value> = places.iter().map(|place| last.0[*place].clone()).collect();
        let full = rows.len() == at_once;
        page(rows)?;
        if !full {
            break;
        }
        rows = sql.query(&next, &after)?;
    }
    Ok(())
}

fn insert(sql: &mut dyn Sql, table: &Table, rows: Vec<Row>) -> Result<()> {
    let width = table.columns.len();
    let row = |number: usize| format!("({})", (1..=width).map(|column| format!("${}", number * width + column)).collect::<Vec<_>>().join(", "));
    let text = format!("insert into {} ({}) values {}", table.name, table.columns.join(", "), (0..rows.len()).map(row).collect::<Vec<_>>().join(", "));
    let values: Vec<Value> = rows.into_iter().flat_map(|row| row.0).collect();
    sql.execute(&text, &values)?;
    Ok(())
}

/// Computes every chain from its beginning; answers how many logs and entries there are.
fn chains(sql: &mut dyn Sql) -> Result<(u64, u64)> {
    let mut entries = 0;
    let spaces = sql.query("select space, head, chain from sync_space", &[])?;
    let count = spaces.len() as u64;
    for mut row in spaces {
        let (space, head, proof): (SpaceId, u64, [u8; 32]) = (row.take(0)?, row.take(1)?, row.take(2)?);
        let (mut chain, mut seq) = (Chain::empty(space), 0);
        loop {
            let rows = sql.query("select seq, bytes, chain from sync_entry where space = $1 and seq > $2 order by seq limit $3", values![space, seq, LARGE_ROWS])?;
            if rows.is_empty() {
                break;
            }
            for mut row in rows {
                let (next, bytes, stored): (u64, Vec<u8>, [u8; 32]) = (row.take(0)?, row.take(1)?, row.take(2)?);
                chain = chain.then(&bytes);
                seq += 1;
                if next != seq || stored != chain.0 {
                    return Err(different(&format!("the chain of {space} breaks at entry {seq}")));
                }
            }
        }
        if seq != head || chain.0 != proof {
            return Err(different(&format!("the chain of {space} ends at {seq}, and not as it should at {head}")));
        }
        entries += seq;
    }
    Ok((count, entries))
}

fn different(what: &str) -> Error {
    Error::damaged((
        format!("What arrived can't be trusted: {what}. Do not use the new database; the old one is as it was."),
        format!("Скопированному нельзя доверять: {what}. Не используйте новую базу; старая осталась прежней."),
    ))
}

fn in_use(place: &Place) -> Error {
    Error::conflict((format!("A server uses {place}. Stop it first, every node of it; nothing was changed."), format!("{place} используется сервером. Сначала остановите его, все узлы; ничего не изменено.")))
}

/// Holds the folder of a file as a server does, so that none runs on it.
fn hold(place: &Place) -> Result<Option<std::fs::File>> {
    let Place::File(path) = place else { return Ok(None) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unusable = |source: std::io::Error| Error::new(Code::Conflict, (format!("{} can't be used: {source}.", folder.display()), format!("{} нельзя использовать: {source}.", folder.display())));
    let lock = std::fs::File::create(folder.join("lock")).map_err(unusable)?;
    lock.try_lock().map_err(|_| in_use(place))?;
    Ok(Some(lock))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(folder: &Path, name: &str) -> Place {
        Place::File(folder.join(name))
    }

    fn fill(place: &Place, migrations: &[Migration]) -> SpaceId {
        let space = SpaceId::from_bytes([7; 16]);
        let mut writer = place.writer().unwrap();
        writer.begin().unwrap();
        migrate(writer.sql(), migrations).unwrap();
        let mut chain = Chain::empty(space);
        for seq in 1_u64..=200 {
            let bytes = vec![u8::try_from(seq).unwrap(); 50];
            chain = chain.then(&bytes);
            let id = seq.to_be_bytes();
            writer
                .execute(
                    "insert into sync_entry (space, seq, id, kind, subject, bytes, chain, device, at) values ($1, $2, $3, 2, 'rooms.comment', $4, $5, $6, 0)",
                    values![space, seq, id, bytes, chain.0, [1_u8; 32]],
                )
                .unwrap();
        }
        writer.execute("insert into sync_space (space, epoch, head, chain, bytes) values ($1, $2, 200, $3, 0)", values![space, [2_u8; 16], chain.0]).unwrap();
        writer.commit().map_err(|outage| outage.error()).unwrap();
        space
    }

    #[test]
    fn what_is_moved_is_the_same_and_a_broken_chain_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let migrations = crate::server::migrations();
        let (one, two, three) = (database(folder.path(), "one"), database(folder.path(), "two"), database(folder.path(), "three"));
        fill(&one, &migrations);
        // Both lie in one folder, which one of them holds.
        let other = tempfile::tempdir().unwrap();
        let away = database(other.path(), "away");
        let moved = transfer(&one, &away, &migrations, &mut |_| ()).unwrap();
        assert_eq!((moved.rows, moved.spaces, moved.entries), (201, 1, 200));
        assert_eq!(transfer(&one, &away, &migrations, &mut |_| ()).unwrap_err().code, Code::Conflict, "it is not empty");
        assert_eq!(transfer(&two, &three, &migrations, &mut |_| ()).unwrap_err().code, Code::NotFound);
        let mut writer = one.writer().unwrap();
        writer.begin().unwrap();
        writer.execute("update sync_entry set bytes = $1 where seq = 77", values![vec![0_u8]]).unwrap();
        writer.script("commit").unwrap();
        drop(writer);
        let last = tempfile::tempdir().unwrap();
        let error = transfer(&one, &database(last.path(), "last"), &migrations, &mut |_| ()).unwrap_err();
        assert!(error.code == Code::Damaged && error.words.en.contains("entry 77"), "{error}");
    }

    #[test]
    fn an_older_database_is_refused_and_leaves_nothing_behind() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let migrations = crate::server::migrations();
        let old = database(folder.path(), "old");
        let mut writer = old.writer().unwrap();
        writer.begin().unwrap();
        migrate(writer.sql(), &migrations[..1]).unwrap();
        writer.script("commit").unwrap();
        drop(writer);
        let target = other.path().join("new");
        assert_eq!(transfer(&old, &Place::File(target.clone()), &migrations, &mut |_| ()).unwrap_err().code, Code::Conflict);
        assert!(!target.exists());
    }
}

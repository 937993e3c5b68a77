//! The one door to a database: statements with `$n` parameters, the same text for every engine.

use crate::{Code, Error, Result};

/// A value that a database stores.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// A 64-bit integer; booleans are 0 and 1.
    Int(i64),
    /// A 64-bit float.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// A row of a result.
#[derive(Clone, PartialEq, Debug)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// Takes the value of a column, counted from 0. A column can be taken once.
    ///
    /// # Errors
    /// `Damaged` when the stored value has another type.
    pub fn take<T: FromValue>(&mut self, column: usize) -> Result<T> {
        let value = self.0.get_mut(column).map_or(Value::Null, |value| std::mem::replace(value, Value::Null));
        T::from_value(value)
    }
}

/// Statements inside one transaction.
pub trait Sql {
    /// Runs a statement; answers how many rows it changed.
    ///
    /// # Errors
    /// `Conflict` when a unique key exists already, `Damaged` for a damaged file, else `Internal`.
    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64>;

    /// Runs a statement whose number of rows nobody needs. An engine may send it together with the next one, so that its
    /// failure shows there, or at the end of the job at the latest.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn put(&mut self, sql: &str, parameters: &[Value]) -> Result<()> {
        self.execute(sql, parameters).map(|_| ())
    }

    /// Runs a query and reads all its rows; callers bound them with `limit`.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>>;

    /// Runs several statements without parameters, as migrations are.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn script(&mut self, sql: &str) -> Result<()>;

    /// The first row, if there is one.
    ///
    /// # Errors
    /// As [`Sql::execute`].
    fn find(&mut self, sql: &str, parameters: &[Value]) -> Result<Option<Row>> {
        Ok(self.query(sql, parameters)?.into_iter().next())
    }
}

/// Parameters of a statement: `values![id, name]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::sql::Value::from($value)),*] };
}

/// What a column can be read as.
pub trait FromValue: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// `Damaged` when it has another type.
    fn from_value(value: Value) -> Result<Self>;
}

fn mismatch<T>(wanted: &str) -> Result<T> {
    Err(Error::damaged(("The store holds a value of an unexpected type. Run `scantling verify`.", "В хранилище лежит значение неожиданного типа. Запустите `scantling verify`.")).because(format!("expected {wanted}")))
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Int(value) => Ok(value),
            _ => mismatch("an integer"),
        }
    }
}

impl FromValue for u64 {
    fn from_value(value: Value) -> Result<Self> {
        Self::try_from(i64::from_value(value)?).or_else(|_| mismatch("a number that is not negative"))
    }
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Real(value) => Ok(value),
            #[expect(clippy::cast_precision_loss, reason = "an engine may store a whole float as an integer")]
            Value::Int(value) => Ok(value as Self),
            _ => mismatch("a number"),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self> {
        Ok(i64::from_value(value)? != 0)
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Text(value) => Ok(value),
            _ => mismatch("a text"),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Blob(value) => Ok(value),
            _ => mismatch("bytes"),
        }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: Value) -> Result<Self> {
        Vec::from_value(value)?.try_into().or_else(|_| mismatch("bytes of a fixed length"))
    }
}

impl FromValue for crate::Timestamp {
    fn from_value(value: Value) -> Result<Self> {
        i64::from_value(value).map(Self::from_millis)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

macro_rules! into_value {
    ($($source:ty => |$value:ident| $body:expr;)*) => {$(
        impl From<$source> for Value {
            fn from($value: $source) -> Self {
                $body
            }
        }
    )*};
}
into_value! {
    i64 => |value| Self::Int(value);
    u32 => |value| Self::Int(i64::from(value));
    u64 => |value| Self::Int(i64::try_from(value).unwrap_or(i64::MAX));
    usize => |value| Self::Int(i64::try_from(value).unwrap_or(i64::MAX));
    bool => |value| Self::Int(i64::from(value));
    f64 => |value| Self::Real(value);
    &str => |value| Self::Text(value.to_owned());
    String => |value| Self::Text(value);
    &String => |value| Self::Text(value.clone());
    Vec<u8> => |value| Self::Blob(value);
    &Vec<u8> => |value| Self::Blob(value.clone());
    &[u8] => |value| Self::Blob(value.to_vec());
    crate::Timestamp => |value| Self::Int(value.millis());
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(value: [u8; N]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl<const N: usize> From<&[u8; N]> for Value {
    fn from(value: &[u8; N]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// SQLite through rusqlite. The caller begins and ends the transaction.
pub struct Sqlite<'c>(pub &'c rusqlite::Connection);

impl Sqlite<'_> {
    /// SQLite numbers `$2` by first appearance, so values are bound by the parameter's name.
    fn bind(statement: &mut rusqlite::Statement<'_>, parameters: &[Value]) -> Result<()> {
        for index in 1..=statement.parameter_count() {
            let number: usize = statement.parameter_name(index).and_then(|name| name.strip_prefix('$')).and_then(|number| number.parse().ok()).ok_or_else(|| Error::internal("a statement has a parameter that is not $n"))?;
            let value = number.checked_sub(1).and_then(|at| parameters.get(at)).ok_or_else(|| Error::internal(format!("a statement lacks a value for ${number}")))?;
            statement.raw_bind_parameter(index, value).map_err(from_rusqlite)?;
        }
        Ok(())
    }
}

impl Sql for Sqlite<'_> {
    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64> {
        let mut statement = self.0.prepare_cached(sql).map_err(from_rusqlite)?;
        Self::bind(&mut statement, parameters)?;
        Ok(statement.raw_execute().map_err(from_rusqlite)? as u64)
    }

    fn script(&mut self, sql: &str) -> Result<()> {
        self.0.execute_batch(sql).map_err(from_rusqlite)
    }

    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>> {
        let mut statement = self.0.prepare_cached(sql).map_err(from_rusqlite)?;
        Self::bind(&mut statement, parameters)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(from_rusqlite)? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(match row.get_ref(column).map_err(from_rusqlite)? {
                    rusqlite::types::ValueRef::Null => Value::Null,
                    rusqlite::types::ValueRef::Integer(value) => Value::Int(value),
                    rusqlite::types::ValueRef::Real(value) => Value::Real(value),
                    rusqlite::types::ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
                    rusqlite::types::ValueRef::Blob(value) => Value::Blob(value.to_vec()),
                });
            }
            found.push(Row(values));
        }
        Ok(found)
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, Value as Owned, ValueRef};
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Owned::Null),
            Self::Int(value) => ToSqlOutput::Owned(Owned::Integer(*value)),
            Self::Real(value) => ToSqlOutput::Owned(Owned::Real(*value)),
            Self::Text(value) => ToSqlOutput::Borrowed(ValueRef::Text(value.as_bytes())),
            Self::Blob(value) => ToSqlOutput::Borrowed(ValueRef::Blob(value)),
        })
    }
}

/// Says what an error of SQLite means to a person.
#[must_use]
pub fn from_rusqlite(error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let refused = |code, en: &str, ru: &str| Error::new(code, (en, ru));
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => refused(Code::Conflict, "Something with this name or key exists already.", "Такое имя или ключ уже есть."),
        Some(ErrorCode::DiskFull) => refused(Code::Internal, "The disk is full. Free some space and try again; nothing was changed.", "Диск заполнен. Освободите место и повторите; ничего не изменено."),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => refused(Code::Internal, "The store can't be written. Check the permissions of its folder; nothing was changed.", "Хранилище недоступно для записи. Проверьте права на его папку; ничего не изменено."),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => refused(Code::Damaged, "The store can't be read: it is damaged, or the key belongs to another store. Restore it from a backup.", "Хранилище не читается: оно повреждено или ключ от другого хранилища. Восстановите его из резервной копии."),
        // SQLCipher answers so, too, for a page whose seal does not match.
        Some(ErrorCode::OutOfMemory) => refused(Code::Damaged, "A part of the store can't be read: it is damaged, or the memory ran out. Start again; if that does not help, restore the store from a backup.", "Часть хранилища не читается: она повреждена или не хватило памяти. Запустите программу снова; если не поможет, восстановите хранилище из резервной копии."),
        Some(ErrorCode::SystemIoFailure) => refused(Code::Internal, "The disk reported an error. Nothing was changed; check the disk and its free space.", "Диск сообщил об ошибке. Ничего не изменено; проверьте диск и свободное место на нём."),
        _ => Error::new(Code::Internal, ("Something failed unexpectedly. Nothing was changed; the program's log has the details.", "Произошёл неожиданный сбой. Ничего не изменено; подробности в журнале программы.")),
    }
    .because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_bind_by_their_number_whatever_their_order() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let mut row = Sqlite(&connection).find("select $2, $1, $2", values!["a", "b"]).unwrap().unwrap();
        assert_eq!((row.take::<String>(0).unwrap(), row.take::<String>(1).unwrap(), row.take::<String>(2).unwrap()), ("b".into(), "a".into(), "b".into()));
    }

    #[test]
    fn a_missing_value_is_refused_rather_than_null() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        assert!(Sqlite(&connection).query("select $1, $3", values!["a", "b"]).is_err());
    }
}

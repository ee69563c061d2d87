//! A database in memory: tables, rows, streams.

use std::collections::BTreeMap;

use crate::schema;

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number.
    Int(i32),
    /// A text.
    Text(String),
    /// The content of a stream.
    Stream(Vec<u8>),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        if text.is_empty() { Cell::Null } else { Cell::Text(text.to_owned()) }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::from(text.as_str())
    }
}

impl From<i32> for Cell {
    fn from(number: i32) -> Cell {
        Cell::Int(number)
    }
}

impl From<Option<i32>> for Cell {
    fn from(number: Option<i32>) -> Cell {
        number.map_or(Cell::Null, Cell::Int)
    }
}

impl Cell {
    /// As text; numbers and nothing become what a condition sees.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Cell::Null | Cell::Stream(_) => String::new(),
            Cell::Int(number) => number.to_string(),
            Cell::Text(text) => text.clone(),
        }
    }

    /// As a number, where it is one.
    #[must_use]
    pub fn int(&self) -> Option<i32> {
        match self {
            Cell::Int(number) => Some(*number),
            _ => None,
        }
    }
}

/// Tables by name, and what is in the package beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Database {
    /// Rows by table.
    pub tables: BTreeMap<String, Vec<Vec<Cell>>>,
    /// Streams that belong to no row: cabinets.
    pub streams: BTreeMap<String, Vec<u8>>,
    /// Summary information: package code, version and the like.
    pub summary: Summary,
}

/// The summary information stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Product name.
    pub subject: String,
    /// Manufacturer.
    pub author: String,
    /// What Explorer shows.
    pub comments: String,
    /// GUID of this very file.
    pub package_code: String,
    /// Seconds since 1970 for all dates.
    pub time: u64,
}

impl Database {
    /// Adds a row.
    ///
    /// # Panics
    /// If the table is unknown or the row has the wrong number of values.
    pub fn add(&mut self, table: &str, row: Vec<Cell>) {
        let columns = schema::columns(table).unwrap_or_else(|| panic!("no table {table}"));
        assert_eq!(columns.len(), row.len(), "{table}: {row:?}");
        self.tables.entry(table.to_owned()).or_default().push(row);
    }

    /// Rows of a table.
    #[must_use]
    pub fn rows(&self, table: &str) -> &[Vec<Cell>] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }

    /// The value of a property.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<String> {
        self.rows("Property").iter().find(|row| row[0].text() == name).map(|row| row[1].text())
    }
}

/// A row from values of several kinds.
macro_rules! row {
    ($($cell:expr),* $(,)?) => { vec![$($crate::Cell::from($cell)),*] };
}
pub(crate) use row;

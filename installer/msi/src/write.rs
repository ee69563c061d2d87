//! From tables to the file, and back.

use std::{
    io::{Cursor, Read as _, Write as _},
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail, ensure};
use msi::{CodePage, Insert, LanguageId, Package, PackageType, Select, Value};
use time::{OffsetDateTime, PrimitiveDateTime};
use uuid::Uuid;

use crate::{
    File,
    database::{Cell, Database},
    schema,
};

/// Makes the file: tables, the cabinet of `files`, in a compound file of version 3, which is what signing tools
/// read. The same input gives the same bytes.
///
/// # Errors
/// A value that does not fit its column, a file without a row.
pub fn write(database: &Database, files: &[File]) -> Result<Vec<u8>> {
    let mut package =
        Package::create(PackageType::Installer, Cursor::new(Vec::new())).context("cannot begin the MSI")?;
    package.set_database_codepage(CodePage::Windows1252);
    summary(&mut package, database)?;
    for (table, rows) in &database.tables {
        let columns = schema::columns(table).with_context(|| format!("the table {table} is not known"))?;
        package
            .create_table(table.as_str(), columns.iter().map(schema::Field::column).collect())
            .with_context(|| format!("table {table}"))?;
        for row in rows {
            let values = row.iter().map(value).collect();
            package
                .insert_rows(Insert::into(table.as_str()).row(values))
                .with_context(|| format!("table {table}, row {}", row[0].text()))?;
            for cell in row {
                if let Cell::Stream(data) = cell {
                    package.write_stream(&format!("{table}.{}", row[0].text()))?.write_all(data)?;
                }
            }
        }
    }
    let cabinet = cabinet(&ordered(database, files)?, database.summary.time)?;
    package.write_stream("xenpv.cab")?.write_all(&cabinet)?;
    for (name, data) in &database.streams {
        package.write_stream(name)?.write_all(data)?;
    }
    let bytes = package.into_inner().context("cannot finish the MSI")?.into_inner();
    third_version(bytes)
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) => Value::Int(*number),
        Cell::Text(text) => Value::Str(text.clone()),
        Cell::Stream(_) => Value::Binary,
    }
}

fn summary(package: &mut Package<Cursor<Vec<u8>>>, database: &Database) -> Result<()> {
    let time = UNIX_EPOCH + Duration::from_secs(database.summary.time);
    let code =
        Uuid::parse_str(database.summary.package_code.trim_matches(['{', '}'])).context("package code")?;
    let info = package.summary_info_mut();
    info.set_codepage(CodePage::Windows1252);
    info.set_title("Installation Database");
    info.set_subject(database.summary.subject.as_str());
    info.set_author(database.summary.author.as_str());
    info.set_comments(database.summary.comments.as_str());
    info.set_keywords(&["Installer".to_owned(), "MSI".to_owned()]);
    info.set_arch("x64");
    info.set_languages(&[LanguageId::from(1033)]);
    info.set_uuid(code);
    info.set_creation_time(time);
    info.set_last_save_time(time);
    info.set_creating_application("cargo xtask package");
    // Windows Installer 5.0; long file names, files in a cabinet; read-only recommended.
    info.set_page_count(500);
    info.set_word_count(2);
    info.set_doc_security(2);
    Ok(())
}

/// The files by their keys, in the order of their sequence numbers.
fn ordered<'a>(database: &Database, files: &'a [File]) -> Result<Vec<(String, &'a [u8])>> {
    let mut rows: Vec<&Vec<Cell>> = database.rows("File").iter().collect();
    rows.sort_by_key(|row| row[7].int());
    ensure!(rows.len() == files.len(), "{} files, {} rows", files.len(), rows.len());
    rows.into_iter()
        .map(|row| {
            let key = row[0].text();
            let file = files.iter().find(|file| crate::product::file_key(file) == key);
            let file = file.with_context(|| format!("no file for {key}"))?;
            Ok((key, file.data.as_slice()))
        })
        .collect()
}

/// Makes a cabinet of files by their names; all have the same date, in seconds since 1970.
///
/// # Errors
/// A file that is too large for the format.
pub fn cabinet(files: &[(String, &[u8])], time: u64) -> Result<Vec<u8>> {
    let mut builder = cab::CabinetBuilder::new();
    let folder = builder.add_folder(cab::CompressionType::MsZip);
    let time = OffsetDateTime::from_unix_timestamp(i64::try_from(time)?)?;
    for (name, _) in files {
        folder.add_file(name.as_str()).set_datetime(PrimitiveDateTime::new(time.date(), time.time()));
    }
    let mut writer = builder.build(Cursor::new(Vec::new())).context("cannot begin the cabinet")?;
    let mut at = files.iter();
    while let Some(mut out) = writer.next_file()? {
        let (_, data) = at.next().context("the cabinet has too many files")?;
        out.write_all(data)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Copies the streams into a compound file of version 3 (sectors of 512 bytes).
fn third_version(bytes: Vec<u8>) -> Result<Vec<u8>> {
    let mut from = cfb::CompoundFile::open(Cursor::new(bytes))?;
    let mut to = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new()))?;
    to.set_storage_clsid("/", *from.root_entry().clsid())?;
    let streams: Vec<_> = from.walk().filter(cfb::Entry::is_stream).map(|e| e.path().to_owned()).collect();
    for path in streams {
        let mut data = Vec::new();
        from.open_stream(&path)?.read_to_end(&mut data)?;
        to.create_stream(&path)?.write_all(&data)?;
    }
    to.flush()?;
    Ok(to.into_inner().into_inner())
}

/// Files by their keys.
pub type Contents = Vec<(String, Vec<u8>)>;

/// Reads a file of ours back: the tables, and the files in its cabinet by their keys.
///
/// # Errors
/// A file that is no MSI, or has a table or stream that is not known.
pub fn read(bytes: &[u8]) -> Result<(Database, Contents)> {
    let mut package = Package::open(Cursor::new(bytes.to_vec())).context("not an MSI")?;
    let mut database = Database::default();
    let names: Vec<String> = package.tables().map(|table| table.name().to_owned()).collect();
    for name in names.into_iter().filter(|name| !name.starts_with('_')) {
        if schema::columns(&name).is_none() {
            bail!("the table {name} is not known");
        }
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        for row in package.select_rows(Select::table(name.as_str()))? {
            let cells = (0..row.len()).map(|at| match &row[at] {
                Value::Null => Cell::Null,
                Value::Int(number) => Cell::Int(*number),
                Value::Str(text) => Cell::Text(text.clone()),
                Value::Binary => Cell::Stream(Vec::new()),
            });
            rows.push(cells.collect());
        }
        for row in &mut rows {
            let stream = format!("{name}.{}", row[0].text());
            for cell in row.iter_mut() {
                if let Cell::Stream(data) = cell {
                    package.read_stream(&stream)?.read_to_end(data)?;
                }
            }
        }
        database.tables.insert(name, rows);
    }
    let mut cab = Vec::new();
    package.read_stream("xenpv.cab").context("no cabinet")?.read_to_end(&mut cab)?;
    let mut cabinet = cab::Cabinet::new(Cursor::new(cab))?;
    let names: Vec<String> = cabinet
        .folder_entries()
        .flat_map(|folder| folder.file_entries().map(|file| file.name().to_owned()).collect::<Vec<_>>())
        .collect();
    let mut files = Vec::new();
    for name in names {
        let mut data = Vec::new();
        cabinet.read_file(&name)?.read_to_end(&mut data)?;
        files.push((name, data));
    }
    let info = package.summary_info();
    database.summary.subject = info.subject().unwrap_or_default().to_owned();
    database.summary.author = info.author().unwrap_or_default().to_owned();
    database.summary.comments = info.comments().unwrap_or_default().to_owned();
    database.summary.package_code =
        info.uuid().map(|u| format!("{{{}}}", u.to_string().to_ascii_uppercase())).unwrap_or_default();
    database.summary.time = info
        .creation_time()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_secs());
    Ok((database, files))
}

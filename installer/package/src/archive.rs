//! ZIP archives that are the same for the same files.

use std::{
    collections::BTreeMap,
    io::{Cursor, Write as _},
};

use anyhow::{Context as _, Result};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// Packs files by their names, with `/`.
///
/// # Errors
/// A file that is too large for the format.
pub fn zip(files: &BTreeMap<String, Vec<u8>>, time: u64) -> Result<Vec<u8>> {
    let when = der::DateTime::from_unix_duration(core::time::Duration::from_secs(time))?;
    let when = DateTime::from_date_and_time(
        when.year(),
        when.month(),
        when.day(),
        when.hour(),
        when.minutes(),
        when.seconds(),
    )
    .context("a ZIP archive cannot have this date")?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(when)
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, data) in files {
        writer.start_file(name.as_str(), options)?;
        writer.write_all(data)?;
    }
    Ok(writer.finish()?.into_inner())
}

//! Packs the files of an artifact into one.

use crate::private_file;
use flate2::GzBuilder;
use flate2::write::GzEncoder;
use gitlab_runner_protocol::job::ArtifactFormat;
use jiff::Timestamp;
use jiff::tz::Offset;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// What is read of a file at a time.
const CHUNK: usize = 64 * 1024;

/// Files longer than this need the long form of zip.
const LONG_FILE: u64 = u32::MAX as u64;

/// A packed artifact.
#[derive(Debug)]
pub(crate) struct Packed {
    /// It, from its beginning.
    pub(crate) file: File,
    /// Its length.
    pub(crate) bytes: u64,
    /// How many files, directories and links are in it.
    pub(crate) entries: usize,
}

/// Why nothing was packed. The texts are for the job's log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum PackError {
    #[error("a raw artifact is one file, and its paths match {0}")]
    NotOne(usize),
    #[error("the format {0} is not known to this runner")]
    Format(String),
    #[error("there was no time left to pack it")]
    OutOfTime,
    #[error("{} could not be packed", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the archive could not be written")]
    Archive(#[source] io::Error),
}

/// Packs `paths`, which are relative to `project`. `None` where nothing of them can be packed: sockets and the like are
/// left out, and named in `warnings`. What has no name is made in `directory`. It stops as soon as `is_over` says so.
pub(crate) fn pack(
    format: &ArtifactFormat,
    paths: &[PathBuf],
    project: &Path,
    directory: &Path,
    warnings: &mut Vec<String>,
    is_over: &dyn Fn() -> bool,
) -> Result<Option<Packed>, PackError> {
    let sources: Vec<Source> = paths.iter().filter_map(|it| Source::look(it, project, warnings)).collect();
    if sources.is_empty() {
        return Ok(None);
    }
    let new_file = || tempfile::tempfile_in(directory).map_err(PackError::Archive);
    let entries = sources.len();
    let mut file = match format {
        ArtifactFormat::Zip => zip(&sources, new_file()?, is_over)?,
        ArtifactFormat::Gzip => gzip(&sources, new_file()?, is_over)?,
        ArtifactFormat::Raw => match files(&sources).collect::<Vec<_>>().as_slice() {
            [only] => only.open()?,
            others => return Err(PackError::NotOne(others.len())),
        },
        ArtifactFormat::Unknown(name) => return Err(PackError::Format(name.clone())),
    };
    file.rewind().map_err(PackError::Archive)?;
    let bytes = file.metadata().map_err(PackError::Archive)?.len();
    Ok(Some(Packed { file, bytes, entries }))
}

/// A file, directory or link that is packed.
struct Source<'a> {
    path: &'a Path,
    name: &'a str,
    full: PathBuf,
    metadata: Metadata,
}

impl<'a> Source<'a> {
    fn look(path: &'a Path, project: &Path, warnings: &mut Vec<String>) -> Option<Self> {
        let full = project.join(path);
        let Some(name) = path.to_str() else {
            warnings.push(format!("{}: its name is not UTF-8, and it is left out", path.display()));
            return None;
        };
        match fs::symlink_metadata(&full) {
            Ok(it) if it.is_file() || it.is_dir() || it.is_symlink() => {
                Some(Self { path, name, full, metadata: it })
            }
            Ok(_) => {
                warnings.push(format!("{name}: is no file, directory or link, and is left out"));
                None
            }
            Err(_) => {
                warnings.push(format!("{name}: is gone, and is left out"));
                None
            }
        }
    }

    /// Its file; it must not have become a link or a pipe meanwhile.
    fn open(&self) -> Result<File, PackError> {
        let file = private_file::open(&self.full).map_err(|error| self.error(error))?;
        file.ok_or_else(|| self.error(io::ErrorKind::InvalidInput.into()))
    }

    fn error(&self, source: io::Error) -> PackError {
        PackError::File { path: self.path.to_owned(), source }
    }

    /// When it was changed, in the form of zip, in UTC; what zip cannot say is its beginning, 1980.
    fn zip_time(&self) -> DateTime {
        let changed = Timestamp::from_second(self.metadata.mtime()).unwrap_or_default();
        let date = Offset::UTC.to_datetime(changed);
        let small = |number: i8| u8::try_from(number).unwrap_or_default();
        let year = u16::try_from(date.year()).unwrap_or_default();
        DateTime::from_date_and_time(
            year,
            small(date.month()),
            small(date.day()),
            small(date.hour()),
            small(date.minute()),
            small(date.second()),
        )
        .unwrap_or_default()
    }
}

fn files<'a>(sources: &'a [Source<'a>]) -> impl Iterator<Item = &'a Source<'a>> {
    sources.iter().filter(|it| it.metadata.is_file())
}

fn zip(sources: &[Source<'_>], file: File, is_over: &dyn Fn() -> bool) -> Result<File, PackError> {
    let mut archive = ZipWriter::new(io::BufWriter::new(file));
    for source in sources {
        let metadata = &source.metadata;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(source.zip_time())
            .unix_permissions(metadata.permissions().mode() & 0o777)
            .large_file(metadata.len() >= LONG_FILE);
        if metadata.is_dir() {
            archive.add_directory(source.name, options).map_err(archive_error)?;
        } else if metadata.is_symlink() {
            let target = fs::read_link(&source.full).map_err(|it| source.error(it))?;
            let target =
                target.to_str().ok_or_else(|| source.error(io::ErrorKind::InvalidFilename.into()))?;
            // The library's own way from a path takes `..` out of it.
            archive.add_symlink(source.name, target, options).map_err(archive_error)?;
        } else {
            archive.start_file(source.name, options).map_err(archive_error)?;
            copy(source, &mut archive, is_over)?;
        }
    }
    let writer = archive.finish().map_err(archive_error)?;
    writer.into_inner().map_err(|it| PackError::Archive(it.into_error()))
}

/// One member for each file, back to back.
fn gzip(sources: &[Source<'_>], mut file: File, is_over: &dyn Fn() -> bool) -> Result<File, PackError> {
    for source in files(sources) {
        let name = source.path.file_name().unwrap_or(OsStr::new("")).as_bytes();
        let changed = u32::try_from(source.metadata.mtime()).unwrap_or_default();
        let builder = GzBuilder::new().filename(name).comment(source.name).mtime(changed);
        let mut member: GzEncoder<File> = builder.write(file, flate2::Compression::default());
        copy(source, &mut member, is_over)?;
        file = member.finish().map_err(PackError::Archive)?;
    }
    Ok(file)
}

fn copy(source: &Source<'_>, to: &mut impl Write, is_over: &dyn Fn() -> bool) -> Result<(), PackError> {
    let mut file = source.open()?;
    let mut chunk = vec![0; CHUNK];
    loop {
        if is_over() {
            return Err(PackError::OutOfTime);
        }
        let read = file.read(&mut chunk).map_err(|it| source.error(it))?;
        let Some(bytes) = chunk.get(..read).filter(|it| !it.is_empty()) else { return Ok(()) };
        to.write_all(bytes).map_err(PackError::Archive)?;
    }
}

fn archive_error(error: zip::result::ZipError) -> PackError {
    PackError::Archive(error.into())
}

#[cfg(test)]
mod tests;

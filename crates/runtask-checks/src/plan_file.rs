//! Takes a plan's file as people make it, and says what it is where it is no plan in JSON.

use serde::Deserialize;
use serde::de::IgnoredAny;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

/// Bytes of a file that are looked at: a line of a log is shorter, and so is what stands before a plan.
const HEAD: u64 = 64 * 1024;

/// What UTF-8 begins with where an editor has marked it.
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a saved plan begins with: it is a ZIP file.
const ZIP: &[u8] = b"PK\x03\x04";

/// Why a file holds no plan in JSON. The texts say what to type instead, and nothing of what is in the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoPlanError {
    /// It is empty, or all blank.
    #[error("the plan is empty: `terraform show -json FILE` prints one, and nothing where it fails")]
    Empty,
    /// It is what `terraform plan -out=FILE` writes.
    #[error("this is a saved plan and not JSON: give what `terraform show -json FILE` prints")]
    Saved,
    /// It is what `terraform plan -json` prints.
    #[error(
        "this is the log of `terraform plan -json` and not the plan: save that with `terraform plan -out=FILE`, and give \
         what `terraform show -json FILE` prints"
    )]
    Log,
    /// Something stands before the plan.
    #[error(
        "the plan begins at line {line}, and what stands before it is not JSON: keep the first lines out of the file \
         (a wrapper has printed them, such as that of setup-terraform, which `terraform_wrapper: false` turns off)"
    )]
    Wrapped {
        /// Where the plan begins, from 1.
        line: usize,
    },
    /// It is nothing that we know.
    #[error("the plan is not JSON: give what `terraform show -json FILE` prints")]
    Other,
    /// It begins as UTF-16, and goes on as something else.
    #[error("the plan begins as UTF-16 and is none: give what `terraform show -json FILE` prints")]
    NoText,
    /// It has become too large as UTF-8.
    #[error("the plan is larger than {0} bytes, the limit of RUNTASK_MAX_PLAN_BYTES")]
    TooLarge(u64),
    /// It cannot be read, or kept.
    #[error("the plan cannot be read")]
    Io(#[from] io::Error),
}

/// A line of the log.
///
/// Source: Terraform, "Machine-Readable UI": every line is an object with these keys.
#[derive(Deserialize)]
struct LogLine {
    #[serde(rename = "@level")]
    _level: IgnoredAny,
    #[serde(rename = "@message")]
    _message: IgnoredAny,
}

/// A plan in JSON and UTF-8, from its beginning: `file`, where that is one, or else a temporary copy of it. PowerShell's
/// `>` writes UTF-16, and editors mark UTF-8.
///
/// # Errors
///
/// What the file is instead. JSON that is no plan is not an error here: each check says what it misses.
pub fn json_plan(mut file: File, max_bytes: u64) -> Result<File, NoPlanError> {
    let mut head = head(&mut file)?;
    let little_endian = match head.as_slice() {
        [0xFF, 0xFE, ..] | [b'{', 0, ..] => Some(true),
        [0xFE, 0xFF, ..] | [0, b'{', ..] => Some(false),
        _ => None,
    };
    if let Some(little_endian) = little_endian {
        file = from_utf16(file, little_endian, max_bytes)?;
        head = self::head(&mut file)?;
    }
    if head.starts_with(UTF8_MARK) {
        file = without_mark(file)?;
        head = self::head(&mut file)?;
    }
    if head.starts_with(ZIP) {
        return Err(NoPlanError::Saved);
    }
    match head.iter().find(|it| !it.is_ascii_whitespace()) {
        None => Err(NoPlanError::Empty),
        Some(b'{') if is_log(&head) => Err(NoPlanError::Log),
        Some(b'{') => Ok(file),
        Some(_) => Err(begin_of_json(&head).map_or(NoPlanError::Other, |line| NoPlanError::Wrapped { line })),
    }
}

/// The first bytes of a file, which is at its beginning afterwards.
fn head(file: &mut File) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.rewind()?;
    (&*file).take(HEAD).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(head)
}

fn is_log(head: &[u8]) -> bool {
    let mut lines = head.split(|it| *it == b'\n').map(<[u8]>::trim_ascii);
    lines.find(|it| !it.is_empty()).is_some_and(|it| serde_json::from_slice::<LogLine>(it).is_ok())
}

/// The line, from 1, that a JSON object begins with.
fn begin_of_json(head: &[u8]) -> Option<usize> {
    head.split(|it| *it == b'\n').position(|it| it.starts_with(b"{")).map(|it| it + 1)
}

fn from_utf16(file: File, little_endian: bool, max_bytes: u64) -> Result<File, NoPlanError> {
    let mut bytes = BufReader::new(file).bytes();
    let mut failure = None;
    let units = std::iter::from_fn(|| {
        let pair = match (bytes.next()?, bytes.next()) {
            (Ok(first), Some(Ok(second))) => [first, second],
            (Err(error), _) | (_, Some(Err(error))) => {
                failure = Some(NoPlanError::Io(error));
                return None;
            }
            (Ok(_), None) => {
                failure = Some(NoPlanError::NoText);
                return None;
            }
        };
        Some(if little_endian { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    });
    let mut copy = BufWriter::new(tempfile::tempfile()?);
    let mut left = max_bytes;
    for character in char::decode_utf16(units) {
        let character = character.map_err(|_half| NoPlanError::NoText)?;
        let mut buffer = [0; 4];
        let text = character.encode_utf8(&mut buffer);
        left = left.checked_sub(text.len() as u64).ok_or(NoPlanError::TooLarge(max_bytes))?;
        copy.write_all(text.as_bytes())?;
    }
    match failure {
        Some(failure) => Err(failure),
        None => Ok(copy.into_inner().map_err(io::IntoInnerError::into_error)?),
    }
}

fn without_mark(mut file: File) -> io::Result<File> {
    let mut copy = tempfile::tempfile()?;
    file.seek(SeekFrom::Start(UTF8_MARK.len() as u64))?;
    io::copy(&mut file, &mut copy)?;
    Ok(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "{\"format_version\":\"1.2\",\"name\":\"grüße 🦀\"}\n";

    fn read_within(bytes: &[u8], max_bytes: u64) -> Result<String, NoPlanError> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let mut text = String::new();
        json_plan(file, max_bytes)?.read_to_string(&mut text).unwrap();
        Ok(text)
    }

    fn read(bytes: &[u8]) -> Result<String, NoPlanError> {
        read_within(bytes, 1000)
    }

    fn utf16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    /// P-03
    #[test]
    fn every_encoding_that_terminals_and_editors_write_is_read() {
        for marked in [PLAN.to_owned(), format!("\u{feff}{PLAN}")] {
            assert_eq!(read(marked.as_bytes()).unwrap(), PLAN);
            assert_eq!(read(&utf16(&marked, u16::to_le_bytes)).unwrap(), PLAN);
            assert_eq!(read(&utf16(&marked, u16::to_be_bytes)).unwrap(), PLAN);
        }
        let blank = format!("\r\n {PLAN}");
        assert_eq!(read(blank.as_bytes()).unwrap(), blank);
        let half = utf16(&format!("\u{feff}{PLAN}"), u16::to_le_bytes);
        assert!(matches!(read(&half[..half.len() - 1]), Err(NoPlanError::NoText)));
        assert!(matches!(read(&[&half[..], &[0x3D, 0xD8, b'x', 0]].concat()), Err(NoPlanError::NoText)));
        assert!(matches!(read_within(&half, PLAN.len() as u64 + 2), Err(NoPlanError::TooLarge(_))));
        assert!(read_within(&half, PLAN.len() as u64 + 3).is_ok());
    }

    /// P-03
    #[test]
    fn what_is_no_plan_is_named() {
        let log = "{\"@level\":\"info\",\"@message\":\"Terraform 1.11.4\",\"type\":\"version\"}\n{\"@level\":\"info\"}\n";
        assert!(matches!(read(b""), Err(NoPlanError::Empty)));
        assert!(matches!(read(b"\xEF\xBB\xBF\n"), Err(NoPlanError::Empty)));
        assert!(matches!(read(b"\xFF\xFE"), Err(NoPlanError::Empty)));
        assert!(matches!(read(b"PK\x03\x04rest"), Err(NoPlanError::Saved)));
        assert!(matches!(read(log.as_bytes()), Err(NoPlanError::Log)));
        let wrapped = format!("[command]/bin/terraform-bin show -json x\n{PLAN}\n::debug::done");
        assert!(matches!(read(wrapped.as_bytes()), Err(NoPlanError::Wrapped { line: 2 })));
        for other in [&b"secret"[..], b"[]", b"\x7fELF", b"resource \"a\" \"b\" {", &[0xFF; 10]] {
            assert!(matches!(read(other), Err(NoPlanError::Other)), "{other:?}");
        }
        // Each check says what it misses.
        assert!(read(b"{}").is_ok());
    }
}

//! Says why an archive was not unpacked.

use std::{fmt, io, path::PathBuf};

use crate::Limit;

/// Why an archive was not unpacked. What had been written by then stays behind: drop the whole destination.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// The archive holds something it must not hold: its author has to change it.
    #[error("the archive's entry `{entry}` was refused: {rule}")]
    Refused {
        /// The entry's name fit to be shown: control characters escaped, cut when long.
        entry: String,
        /// The rule it broke.
        rule: Rule,
    },
    /// The archive is larger than allowed: its author leaves something out, or the operator raises the limit.
    #[error("the archive has more than {value} {limit}")]
    LimitExceeded {
        /// What there is too much of.
        limit: Limit,
        /// How much is allowed.
        value: u64,
    },
    /// What was read is no gzip stream at all: a wrong URL or an error page rather than an archive.
    #[error("the archive is not in gzip format")]
    NotGzip,
    /// The archive ends too early: it may be worth fetching again.
    #[error("the archive is cut off")]
    Truncated,
    /// The archive is damaged, or is no tar archive.
    #[error("the archive is damaged: {defect}")]
    Corrupt {
        /// What is wrong.
        defect: &'static str,
        /// The decoder's own words, when it has any.
        #[source]
        source: Option<io::Error>,
    },
    /// The source could not be read, for instance because a download broke off: it may be worth fetching again.
    #[error("the archive could not be read")]
    Read {
        /// The source's own error.
        #[source]
        source: io::Error,
    },
    /// The destination could not be written; [`io::ErrorKind::StorageFull`] says that there is no space left.
    #[error("{path:?} could not be written")]
    Write {
        /// Path on disk.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
}

/// What no entry of an archive may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A `..` in a name. Also one that stays inside the root, since no packer writes it.
    ParentInName,
    /// A name that starts at the file system's root. An entry that is only `/` is accepted and skipped.
    AbsoluteName,
    /// A NUL in a long name, a PAX name or a PAX link target: readers disagree about where it ends.
    NulInName,
    /// A component longer than 255 bytes, which no file system takes.
    LongComponent,
    /// Two long-name or PAX records that name the entry, or its link target, differently.
    ConflictingNames,
    /// A symbolic link without a target.
    EmptyLinkTarget,
    /// A symbolic link with an absolute target.
    AbsoluteLinkTarget,
    /// A symbolic link whose target leaves the root, by itself or by climbing out of another link.
    EscapingLinkTarget,
    /// A name of which a parent is a symbolic link of the same archive.
    ThroughLink,
    /// A directory under the name of a file or link, or the reverse.
    KindConflict,
    /// A PAX `size` that is not the size in the header: readers disagree about where the next entry is.
    ConflictingSize,
    /// A directory or link that claims to have contents: readers disagree about where the next entry is.
    UnexpectedContents,
    /// A hard link.
    HardLink,
    /// A character or block device.
    Device,
    /// A FIFO.
    Fifo,
    /// A sparse file, in GNU's old or PAX form.
    Sparse,
    /// Any other type of entry than regular file, directory and symbolic link.
    UnknownType {
        /// The header's type flag.
        flag: u8,
    },
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ParentInName => "a name must not contain `..`",
            Self::AbsoluteName => "a name must be relative",
            Self::NulInName => "a name must not contain a NUL",
            Self::LongComponent => "no part of a name may be longer than 255 bytes",
            Self::ConflictingNames => "an entry must have one name and one target",
            Self::EmptyLinkTarget => "a symbolic link must have a target",
            Self::AbsoluteLinkTarget => "a symbolic link's target must be relative",
            Self::EscapingLinkTarget => "a symbolic link must not lead out of the archive",
            Self::ThroughLink => "an entry must not lie below a symbolic link",
            Self::KindConflict => "a directory must not share its name with a file or link",
            Self::ConflictingSize => "an entry must have one size",
            Self::UnexpectedContents => "directories and links must not have contents",
            Self::HardLink => "hard links are not allowed",
            Self::Device => "devices are not allowed",
            Self::Fifo => "FIFOs are not allowed",
            Self::Sparse => "sparse files are not allowed",
            Self::UnknownType { flag } => {
                return write!(f, "entries of type {:?} are not allowed", char::from(*flag));
            }
        })
    }
}

impl Rule {
    /// The error for `name` having broken this rule.
    pub(crate) fn broken_by(self, name: &[u8]) -> UnpackError {
        UnpackError::Refused { entry: shown(name), rule: self }
    }
}

/// Characters of a name that an error repeats.
const SHOWN_CHARS: usize = 200;

/// `name` fit for logs and reports: no control, invisible or direction-changing characters, and not too long.
fn shown(name: &[u8]) -> String {
    // Lossy decoding of the start only: a character has at most 4 bytes.
    let start = name.get(..4 * SHOWN_CHARS).unwrap_or(name);
    let text = String::from_utf8_lossy(start);
    let mut shown = String::new();
    for (count, it) in text.chars().enumerate() {
        if count == SHOWN_CHARS {
            shown.push('…');
            return shown;
        }
        match it {
            '\'' | '"' => shown.push(it),
            _ => shown.extend(it.escape_debug()),
        }
    }
    if start.len() < name.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_name_has_no_control_characters_and_an_end() {
        assert_eq!(shown("ok/it's.tf".as_bytes()), "ok/it's.tf");
        assert_eq!(shown(b"a\x1b[31m\nb"), r"a\u{1b}[31m\nb");
        assert_eq!(shown("x\u{202e}y".as_bytes()), r"x\u{202e}y");
        assert_eq!(shown(b"\xff"), "\u{fffd}");
        assert_eq!(shown(&[b'a'; 5000]).chars().count(), SHOWN_CHARS + 1);
        assert_eq!(shown("ü".repeat(5000).as_bytes()).chars().count(), SHOWN_CHARS + 1);
    }
}

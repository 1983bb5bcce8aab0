//! Reads a file of tasks: from bytes to tasks, or to every problem with its line.

use crate::check_entry::{ChannelEntry, CheckEntry};
use crate::date::Date;
use crate::notes::Notes;
use crate::problem::{Problem, ProblemKind, Problems};
use crate::section::Section;
use crate::task::Tasks;
use crate::{read, syntax};

/// The largest file that is read: 1 MiB.
pub const MAX_FILE_BYTES: usize = 1 << 20;

impl Tasks {
    /// Reads a `runtask.toml`.
    ///
    /// `file` is its name in messages. `checks` are those that there are, `channel` is how channels are written, `sections` are
    /// what tasks can have besides, and `today` decides what has expired; it never decides whether the file can be read.
    /// Beside the tasks come warnings: what does no harm today but should be looked at.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file, warnings among it. Whoever gets it prints it and does not start.
    pub fn parse(
        file: &str,
        content: impl AsRef<[u8]>,
        today: Date,
        checks: &[CheckEntry],
        channel: &'static ChannelEntry,
        sections: &[Section],
    ) -> Result<(Self, Problems), Problems> {
        let content = content.as_ref();
        if content.len() > MAX_FILE_BYTES {
            let message = format!("this file has {} bytes, and {MAX_FILE_BYTES} are read", content.len());
            return Err(about_all_of(file, message));
        }
        let text = match std::str::from_utf8(content) {
            Ok(text) => text,
            Err(error) => {
                let line = 1 + content.iter().take(error.valid_up_to()).filter(|it| **it == b'\n').count();
                return Err(about_all_of(file, format!("line {line} is not UTF-8: save the file as UTF-8")));
            }
        };
        let mut notes = Notes::new(file, text);
        let table = syntax::parse(text, &mut notes);
        let tasks = read::tasks(&table, checks, sections, channel, today, &mut notes);
        match notes.finish() {
            (problems, true) => Err(problems),
            (warnings, false) => Ok((tasks, warnings)),
        }
    }
}

fn about_all_of(file: &str, message: String) -> Problems {
    let problem = Problem { kind: ProblemKind::Error, file: file.to_owned(), place: None, message };
    Problems { list: vec![problem], left_out: 0 }
}

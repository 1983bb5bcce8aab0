//! The function's own log, in which no secret stands that it knows of, whoever put it into a message.

use std::io::{self, Write};
use std::sync::{Arc, PoisonError, RwLock};
use tracing_subscriber::fmt::MakeWriter;

/// What stands in the place of a secret.
const MASKED: &str = "[MASKED]";

/// The shortest secret that is looked for: what is shorter is in many words.
const SHORTEST: usize = 6;

/// Secrets, and the way to stdout that knows them. Clones know the same.
#[derive(Clone, Default)]
pub struct MaskedStdout(Arc<RwLock<Vec<String>>>);

impl std::fmt::Debug for MaskedStdout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MaskedStdout").finish_non_exhaustive()
    }
}

impl MaskedStdout {
    /// Knows these, too, from now on: each text, and each of its lines.
    pub fn know<'t>(&self, texts: impl IntoIterator<Item = &'t str>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for text in texts {
            for it in [text].into_iter().chain(text.lines()) {
                if it.len() >= SHORTEST && !known.iter().any(|known| known == it) {
                    known.push(it.to_owned());
                }
            }
        }
        // A secret that is a part of another one must not hide that.
        known.sort_by_key(|it| std::cmp::Reverse(it.len()));
    }

    /// A text without what is known.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        let mut line = text.to_owned();
        for it in self.0.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if line.contains(it) {
                line = line.replace(it, MASKED);
            }
        }
        line
    }
}

impl<'w> MakeWriter<'w> for MaskedStdout {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

impl Write for MaskedStdout {
    /// A line comes in one piece.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stdout().lock().write_all(self.masked(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().lock().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_masked_whole_and_by_line() {
        let masks = MaskedStdout::default();
        masks.know(["glrt-EXAMPLE", "first-line\nsecond-line", "abc", "glrt-EXAMPLE-longer"]);
        let line = masks.masked("glrt-EXAMPLE-longer glrt-EXAMPLE second-line abc");
        assert_eq!(line, "[MASKED] [MASKED] [MASKED] abc");
    }
}

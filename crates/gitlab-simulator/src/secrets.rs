//! Finds what must not be seen in what can be seen.

use std::collections::BTreeMap;

/// Shorter texts are found everywhere by chance.
const SHORTEST: usize = 6;

/// Texts that must not appear, each with what it is.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    what: BTreeMap<String, String>,
}

impl Secrets {
    /// From now on `text` must not appear, nor any of its lines.
    pub(crate) fn add(&mut self, text: &str, what: &str) {
        for text in std::iter::once(text).chain(text.lines()).map(str::trim) {
            if text.len() >= SHORTEST {
                self.what.insert(text.to_owned(), what.to_owned());
            }
        }
    }

    /// What of it is in `bytes`: descriptions, never the texts.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let bytes = String::from_utf8_lossy(bytes);
        let found = self.what.iter().filter(|(text, _)| bytes.contains(text.as_str()));
        found.map(|(_, what)| what.as_str()).collect()
    }
}

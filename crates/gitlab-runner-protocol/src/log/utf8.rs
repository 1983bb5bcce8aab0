//! Makes a stream UTF-8: what is none becomes U+FFFD, and a character that is cut between two pieces is whole.

/// The longest beginning of a character, in bytes.
const LONGEST: usize = 3;

/// Replaces what is no UTF-8.
#[derive(Debug, Default)]
pub(super) struct Utf8 {
    /// The beginning of a character.
    begun: Vec<u8>,
}

impl Utf8 {
    /// Takes `bytes`, and gives whole characters.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        // A few bytes until the character is whole or broken; then the rest as it lies there.
        while !self.begun.is_empty() {
            let Some((&byte, rest)) = bytes.split_first() else { return };
            self.begun.push(byte);
            bytes = rest;
            let begun = std::mem::take(&mut self.begun);
            self.whole(&begun, out);
        }
        self.whole(bytes, out);
    }

    /// Gives what was begun as what it is: no character.
    pub(super) fn flush(&mut self, out: &mut Vec<u8>) {
        if !self.begun.is_empty() {
            self.begun.clear();
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }

    fn whole(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        // As it is nearly always; asking so is several times faster.
        if std::str::from_utf8(bytes).is_ok() {
            out.extend_from_slice(bytes);
            return;
        }
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            out.extend_from_slice(chunk.valid().as_bytes());
            let invalid = chunk.invalid();
            if invalid.is_empty() {
                continue;
            }
            if chunks.peek().is_none() && is_begun(invalid) {
                self.begun.extend_from_slice(invalid);
            } else {
                out.extend_from_slice("\u{fffd}".as_bytes());
            }
        }
    }
}

/// Whether the end of a piece may be the beginning of a character.
fn is_begun(end: &[u8]) -> bool {
    end.len() <= LONGEST && std::str::from_utf8(end).is_err_and(|it| it.error_len().is_none())
}

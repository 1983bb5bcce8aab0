//! What bytes of ASCII may be part of, looked up once per byte.

/// Letters, digits, `_` and `-`: a name goes on.
pub(super) const NAME: u8 = 1;
/// What a text between quotes holds without more ado: everything but quotes, backslashes, line breaks, `$` and `%`.
pub(super) const TEXT: u8 = 2;

static CLASSES: [u8; 256] = classes();

/// The classes of a byte, as bits; none if it is no ASCII.
pub(super) fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "the compiler computes it, and would not compile an index out of bounds"
)]
const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        let it = byte as u8;
        if it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-') {
            classes[byte] |= NAME;
        }
        if !matches!(it, b'"' | b'\\' | b'\r' | b'\n' | b'$' | b'%') {
            classes[byte] |= TEXT;
        }
        byte += 1;
    }
    classes
}

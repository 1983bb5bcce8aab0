//! Makes files from files, by small changes that are likely to meet a rule.

use fastrand::Rng;
use std::fs;
use std::path::{Path, PathBuf};

/// Pieces that mean something to the scanner or the parser.
const PIECES: &[&str] = &[
    "\n",
    "\n",
    "\r\n",
    " ",
    "  ",
    "\t",
    "=",
    "=",
    "==",
    "=>",
    "{",
    "}",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "\"",
    "${",
    "%{",
    "${~",
    "~}",
    "$${",
    "%%{",
    "$",
    "%",
    "$$",
    "<<EOT\n",
    "<<-EOT\n",
    "\nEOT\n",
    "EOT",
    "#",
    "# c\n",
    "//",
    "// c\n",
    "/*",
    "*/",
    "/* c */",
    ",",
    ".",
    "...",
    ":",
    "::",
    "?",
    "+",
    "-",
    "*",
    "/",
    "!",
    "!=",
    "<",
    ">",
    "<=",
    ">=",
    "&&",
    "||",
    "&",
    "|",
    "^",
    "~",
    ";",
    "`",
    "'",
    "\\",
    "\\n",
    "\\\"",
    "\\u00e9",
    "\\u",
    "\\x",
    "true",
    "false",
    "null",
    "[true]",
    "[null]",
    "[*]",
    ".*",
    ".0",
    ".0.1",
    "[0]",
    "[\"k\"]",
    "for",
    "for x in y : ",
    "in",
    "if",
    "else",
    "endif",
    "endfor",
    "%{ if x }",
    "%{ else }",
    "%{ endif }",
    "%{ for x in y }",
    "%{ endfor }",
    "if x",
    "a",
    "b",
    "x.y",
    "f(",
    "a::b(",
    "1",
    "1.5",
    "1e9",
    "1..2",
    "0x1F",
    "\"x\"",
    "\"${x}\"",
    "\"${x",
    "type = ",
    "variable \"v\" {",
    "list",
    "a = ",
    "b {\n",
    "\n}\n",
    "resource \"a\" \"b\" {\n",
    "日本",
    "é",
    "e\u{301}",
    "👨\u{200D}👩",
    "\u{feff}",
    "\u{a0}",
    "\u{200b}",
    "a-b",
    "-",
    "- ",
    "? 1 : 2",
    "(1 + 2)",
    "{ a = 1 }",
    "[1, 2]",
    "x = { a = 1 }",
    "x # c\n",
    "\r",
];

/// Bytes that are no text.
const ODD_BYTES: &[&[u8]] =
    &[b"\xFF", b"\x80", b"\xC3", b"\xE2\x80", b"\xED\xA0\x80", b"\xC0\x80", b"\0", b"\x7F"];

/// A file that differs from one of `files` in a few places.
pub(crate) fn mutated(files: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut file = rng.choice(files).cloned().unwrap_or_default();
    // Few changes: a file that is still well formed says more.
    for _ in 0..=rng.usize(..4) / 2 + rng.usize(..2) {
        mutate(&mut file, files, rng);
    }
    // Terraform takes the square of the size.
    file.truncate(3000);
    file
}

fn mutate(file: &mut Vec<u8>, files: &[Vec<u8>], rng: &mut Rng) {
    let at = place(file, rng);
    match rng.u8(..16) {
        0..4 => {
            let piece = rng.choice(PIECES).copied().unwrap_or_default();
            file.splice(at..at, piece.bytes());
        }
        4 => {
            let end = (at + 1 + rng.usize(..4)).min(file.len());
            file.drain(at..end);
        }
        5 => {
            // One byte only: mostly what closes or opens something.
            let end = (at + 1).min(file.len());
            let piece = rng.choice(PIECES).copied().unwrap_or_default();
            file.splice(at..end, piece.bytes());
        }
        6 => {
            let lines: Vec<&[u8]> = file.split_inclusive(|it| *it == b'\n').collect();
            let mut lines: Vec<Vec<u8>> = lines.into_iter().map(<[u8]>::to_vec).collect();
            if !lines.is_empty() {
                let (from, to) = (rng.usize(..lines.len()), rng.usize(..lines.len()));
                let line = if rng.bool() { lines[from].clone() } else { lines.remove(from) };
                lines.insert(to.min(lines.len()), line);
            }
            *file = lines.concat();
        }
        7 => {
            let other = rng.choice(files).cloned().unwrap_or_default();
            let (start, end) = ordered(place(&other, rng), place(&other, rng));
            file.splice(at..at, other[start..end].iter().copied());
        }
        8 => {
            let (start, end) = ordered(at, place(file, rng));
            let copy = file[start..end.min(start + 40)].to_vec();
            let to = place(file, rng);
            file.splice(to..to, copy);
        }
        9 => {
            let other = rng.choice(files).cloned().unwrap_or_default();
            file.truncate(at);
            file.extend_from_slice(&other[place(&other, rng)..]);
        }
        10 => file.truncate(at),
        _ if rng.u8(..4) == 0 => {
            let bytes = rng.choice(ODD_BYTES).copied().unwrap_or_default();
            file.splice(at..at, bytes.iter().copied());
        }
        _ => {
            // Other neighbours for a token.
            let blank = rng.choice([" ", "\t", "\n", "/* c */", "  "]).unwrap_or_default();
            file.splice(at..at, blank.bytes());
        }
    }
}

/// Somewhere in a file, mostly where a token begins or ends.
fn place(file: &[u8], rng: &mut Rng) -> usize {
    let mut at = rng.usize(..=file.len());
    if rng.u8(..3) > 0 {
        let is_inside = |at: usize| {
            let is_word = |it: Option<&u8>| it.is_some_and(u8::is_ascii_alphanumeric);
            at > 0 && is_word(file.get(at - 1)) && is_word(file.get(at))
        };
        while is_inside(at) {
            at += 1;
        }
    }
    at
}

fn ordered(left: usize, right: usize) -> (usize, usize) {
    (left.min(right), left.max(right))
}

/// The inputs of the recorded cases. Those that terraform accepts are there three times: most mutants are rejected anyhow.
pub(crate) fn vectors() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.retain(|it| it.extension().is_some_and(|it| it == "in"));
    files.sort();
    let times = |file: &Path| if file.with_extension("out").is_file() { 3 } else { 1 };
    files.iter().flat_map(|it| std::iter::repeat_n(fs::read(it).unwrap(), times(it))).collect()
}

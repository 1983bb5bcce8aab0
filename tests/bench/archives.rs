//! Makes configuration archives (tar.gz) to measure with.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Read, Write};
use tar::{Builder, EntryType, Header};

/// Files in one directory of a configuration.
const FILES_PER_MODULE: usize = 20;

/// A configuration of `files` Terraform files, each about 1 KB and formatted as `terraform fmt` would.
pub(crate) fn configuration(files: usize) -> io::Result<Vec<u8>> {
    of_modules(files, terraform)
}

/// The same of files with about 4 KB each.
pub(crate) fn large_configuration(files: usize) -> io::Result<Vec<u8>> {
    of_modules(files, large_file)
}

fn of_modules(files: usize, content: impl Fn(usize) -> String) -> io::Result<Vec<u8>> {
    let mut archive = Archive::new(Vec::new());
    for number in 0..files {
        let module = number / FILES_PER_MODULE;
        archive.file(&format!("modules/m{module:03}/file{number:05}.tf"), content(number).as_bytes())?;
    }
    archive.finish()
}

/// One of its files.
pub(crate) fn large_file(number: usize) -> String {
    (0..4).map(|part| terraform(4 * number + part)).collect::<Vec<_>>().join("\n")
}

/// `files` files of `size` bytes each, whose names no check asks for.
pub(crate) fn filler(out: impl Write, files: usize, size: u64) -> io::Result<()> {
    let mut archive = Archive::new(out);
    for number in 0..files {
        let seed = u64::try_from(number).unwrap_or_default();
        let name = format!("assets/{:03}/data{number:05}.bin", number / 100);
        archive.entry(&name, size, Text::new(seed).take(size))?;
    }
    archive.finish()?;
    Ok(())
}

struct Archive<W: Write>(Builder<GzEncoder<BufWriter<W>>>);

impl<W: Write> Archive<W> {
    fn new(out: W) -> Self {
        // As fast as HCP Terraform's clients do it; unpacking hardly depends on it.
        Self(Builder::new(GzEncoder::new(BufWriter::new(out), Compression::fast())))
    }

    fn file(&mut self, name: &str, contents: &[u8]) -> io::Result<()> {
        self.entry(name, contents.len() as u64, contents)
    }

    fn entry(&mut self, name: &str, size: u64, contents: impl Read) -> io::Result<()> {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(1_767_225_600);
        header.set_size(size);
        self.0.append_data(&mut header, name, contents)
    }

    fn finish(self) -> io::Result<W> {
        self.0.into_inner()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// One file's worth of resources.
fn terraform(number: usize) -> String {
    let mut text = String::new();
    for part in 0..4 {
        // Writing to a string does not fail.
        let _infallible = write!(
            text,
            r#"resource "aws_s3_bucket" "bucket_{number}_{part}" {{
  bucket        = "${{var.prefix}}-bucket-{number}-{part}"
  force_destroy = false

  tags = {{
    Name        = "bucket-{number}-{part}"
    Environment = var.environment
    Owner       = lookup(var.owners, "bucket_{part}", "nobody")
  }}
}}
{}"#,
            if part < 3 { "\n" } else { "" }
        );
    }
    text
}

/// Endless words in an order that gzip shrinks to about a third, as it does text.
struct Text {
    state: u64,
    word: &'static [u8],
}

const WORDS: [&str; 16] = [
    "subnet ",
    "gateway ",
    "bucket ",
    "policy ",
    "module ",
    "region ",
    "instance ",
    "route\n",
    "42 ",
    "zone ",
    "10.0.0.0/16 ",
    "enabled ",
    "cluster ",
    "1d4f",
    "9b07",
    "key ",
];

impl Text {
    fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, word: b"" }
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut rest = &mut *buffer;
        while !rest.is_empty() {
            if self.word.is_empty() {
                // Xorshift: the same archive every time.
                self.state ^= self.state << 13;
                self.state ^= self.state >> 7;
                self.state ^= self.state << 17;
                let index = usize::try_from(self.state >> 60).unwrap_or_default();
                self.word = WORDS.get(index).map(|it| it.as_bytes()).unwrap_or(b" ");
            }
            let count = self.word.len().min(rest.len());
            let (now, later) = rest.split_at_mut(count);
            let (word, left) = self.word.split_at(count);
            now.copy_from_slice(word);
            (self.word, rest) = (left, later);
        }
        Ok(buffer.len())
    }
}

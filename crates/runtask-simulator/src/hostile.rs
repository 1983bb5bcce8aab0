//! Makes archives as HCP Terraform's clients do not: hostile, odd or broken ones.

use crate::fault::Fault;
use crate::spec::RunSpec;
use crate::tarball::{self, BLOCK, Entry, Tarball, flag};
use flate2::read::GzDecoder;
use flate2::{Compress, Compression, Crc, FlushCompress};
use std::io;

/// What a bomb unpacks to, in bytes, and of how many like pieces it is made.
const BOMB_PIECE: usize = 1024 * 1024;
const BOMB_PIECES: usize = 2048;

const ESCAPED: &[u8] = b"# This file is outside of where it was unpacked.\n";

/// The archive with all that its faults ask for.
///
/// # Errors
///
/// When a fault needs to read the archive, and it is not one.
pub(crate) fn spoil(archive: Vec<u8>, spec: &RunSpec) -> io::Result<Vec<u8>> {
    if spec.has(Fault::ArchiveNotGzip) {
        return Ok(b"<!doctype html>\n<title>Sign in</title>\n<p>Please sign in to continue.\n".to_vec());
    }
    if spec.has(Fault::ArchiveBomb) {
        return Ok(bomb(BOMB_PIECES));
    }
    let mut archive = archive;
    if spec.faults.iter().any(|it| changes_entries(*it)) {
        archive = rewrite(&archive, spec)?;
    }
    if spec.has(Fault::ArchiveTruncated) {
        archive.truncate(archive.len() * 2 / 3);
    }
    Ok(archive)
}

fn changes_entries(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::ArchiveDotSlash
            | Fault::ArchiveWrapped
            | Fault::ArchiveTraversal
            | Fault::ArchiveAbsolute
            | Fault::ArchiveLink
            | Fault::ArchiveWriteThroughLink
            | Fault::ArchiveDevice
            | Fault::ArchivePax
            | Fault::ArchiveGnuLongName
            | Fault::ArchiveAppleDouble
    )
}

fn rewrite(archive: &[u8], spec: &RunSpec) -> io::Result<Vec<u8>> {
    let mut out = Tarball::new(Vec::new());
    let commit = b"5f3e1c1d8f0a4b7c9e2d6a3b1c4d5e6f7a8b9c0d";
    if spec.has(Fault::ArchivePax) {
        out.pax(flag::PAX_GLOBAL, &[(b"comment", commit)])?;
    }
    let prefix = match () {
        () if spec.has(Fault::ArchiveDotSlash) => "./".to_owned(),
        () if spec.has(Fault::ArchiveWrapped) => format!("{}-5f3e1c1/", spec.workspace),
        () => String::new(),
    };
    if !prefix.is_empty() {
        out.raw(&Entry::new(flag::DIRECTORY, &prefix, "", 0o755), b"")?;
    }
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries()? {
        let mut entry = entry?;
        let header = entry.header();
        let (flag, mode, modified) = (header.entry_type().as_byte(), header.mode()?, header.mtime()?);
        let name = [prefix.as_bytes(), &entry.path_bytes()].concat();
        let target = entry.link_name_bytes().map(|it| it.into_owned()).unwrap_or_default();
        if spec.has(Fault::ArchiveAppleDouble) && flag == flag::FILE {
            let at = name.iter().rposition(|it| *it == b'/').map_or(0, |it| it + 1);
            let (directory, file) = name.split_at(at);
            let name = [directory, b"._", file].concat();
            // The magic number of AppleDouble, version 2, nothing in it.
            let contents = [&b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "[..], &[0, 0]].concat();
            let double = Entry { flag, name, target: Vec::new(), mode: 0o644, modified };
            out.entry(&double, contents.len() as u64, contents.as_slice())?;
        }
        let size = entry.size();
        out.entry(&Entry { flag, name, target, mode, modified }, size, &mut entry)?;
    }

    let long = format!("{prefix}{}/main.tf", ["a-directory-with-a-long-name"; 8].join("/"));
    let harmless = b"locals {\n  long = true\n}\n";
    if spec.has(Fault::ArchivePax) {
        out.pax(
            flag::PAX,
            &[(b"path", long.as_bytes()), (b"mtime", b"1767225600.25"), (b"RUNTASK.note", b"x=y\nz")],
        )?;
        out.raw(&Entry::file("cut-short.tf"), harmless)?;
    }
    if spec.has(Fault::ArchiveGnuLongName) {
        let name = [long.as_bytes(), b"\0"].concat();
        out.raw(&Entry::new(flag::GNU_LONG_NAME, "././@LongLink", "", 0o644), &name)?;
        out.raw(&Entry::file("cut-short.tf"), harmless)?;
    }
    if spec.has(Fault::ArchiveTraversal) {
        out.raw(&Entry::file("../runtask-simulator-escaped.tf"), ESCAPED)?;
        out.raw(&Entry::file("modules/../../../runtask-simulator-escaped.tf"), ESCAPED)?;
    }
    if spec.has(Fault::ArchiveAbsolute) {
        out.raw(&Entry::file("/tmp/runtask-simulator-escaped.tf"), ESCAPED)?;
    }
    if spec.has(Fault::ArchiveLink) {
        out.raw(&Entry::new(flag::LINK, "absolute.tf", "/etc/passwd", 0o777), b"")?;
        out.raw(&Entry::new(flag::LINK, "relative.tf", "../../../../../../../../etc/passwd", 0o777), b"")?;
        out.raw(&Entry::new(flag::HARD_LINK, "hard.tf", "/etc/passwd", 0o644), b"")?;
    }
    if spec.has(Fault::ArchiveWriteThroughLink) {
        out.raw(&Entry::new(flag::LINK, "outside", "/tmp", 0o777), b"")?;
        out.raw(&Entry::file("outside/runtask-simulator-escaped.tf"), ESCAPED)?;
    }
    if spec.has(Fault::ArchiveDevice) {
        out.raw(&Entry::new(flag::CHARACTER_DEVICE, "null.tf", "", 0o666), b"")?;
        out.raw(&Entry::new(flag::BLOCK_DEVICE, "disk.tf", "", 0o666), b"")?;
        out.raw(&Entry::new(flag::FIFO, "fifo.tf", "", 0o666), b"")?;
    }
    out.finish()
}

/// One file of zeros. Its compressed form is one piece, compressed once and repeated: a full flush makes a piece
/// stand for itself.
fn bomb(pieces: usize) -> Vec<u8> {
    let header = tarball::header(&Entry::file("bomb.tf"), (BOMB_PIECE * pieces) as u64);
    let zeros = vec![0; BOMB_PIECE];
    let piece = flushed(&zeros);
    // Gzip's header: deflate, no name, no time, fast, unknown system.
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff];
    bytes.extend(flushed(&header));
    for _ in 0..pieces {
        bytes.extend_from_slice(&piece);
    }
    bytes.extend(flushed(&[0; 2 * BLOCK]));
    // An empty last block.
    bytes.extend([3, 0]);

    let (mut whole, mut zero_piece, mut end) = (Crc::new(), Crc::new(), Crc::new());
    whole.update(&header);
    zero_piece.update(&zeros);
    (0..pieces).for_each(|_| whole.combine(&zero_piece));
    end.update(&[0; 2 * BLOCK]);
    whole.combine(&end);
    bytes.extend(whole.sum().to_le_bytes());
    bytes.extend(whole.amount().to_le_bytes());
    bytes
}

/// `bytes` as raw deflate blocks that refer to nothing before them and end at a byte.
fn flushed(bytes: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::fast(), false);
    let mut out = Vec::with_capacity(bytes.len() / 64 + 1024);
    let mut rest = bytes;
    loop {
        let before = compress.total_in();
        // Compressing into memory cannot fail; a bomb that is none shows when it is unpacked.
        if compress.compress_vec(rest, &mut out, FlushCompress::Full).is_err() {
            return out;
        }
        let taken = usize::try_from(compress.total_in() - before).unwrap_or(rest.len());
        rest = rest.get(taken..).unwrap_or_default();
        if rest.is_empty() && out.len() < out.capacity() {
            return out;
        }
        out.reserve(bytes.len() / 64 + 1024);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn plain() -> Vec<u8> {
        let mut tarball = Tarball::new(Vec::new());
        tarball.entry(&Entry::new(flag::DIRECTORY, "modules/", "", 0o755), 0, io::empty()).unwrap();
        tarball.entry(&Entry::file("modules/main.tf"), 6, &b"a = 1\n"[..]).unwrap();
        tarball.finish().unwrap()
    }

    fn spoiled(fault: Fault) -> Vec<u8> {
        spoil(plain(), &RunSpec { faults: vec![fault], workspace: "demo".to_owned(), ..RunSpec::default() })
            .unwrap()
    }

    fn names(archive: &[u8]) -> Vec<String> {
        let mut archive = tar::Archive::new(GzDecoder::new(archive));
        let name = |it: io::Result<tar::Entry<'_, _>>| {
            String::from_utf8(it.unwrap().path_bytes().into_owned()).unwrap()
        };
        archive.entries().unwrap().map(name).collect()
    }

    /// each form has what its name says.
    #[test]
    fn each_fault_shapes_the_archive() {
        let long = format!("{}/main.tf", ["a-directory-with-a-long-name"; 8].join("/"));
        let table: Vec<(Fault, Vec<&str>)> = vec![
            (Fault::ArchiveDotSlash, vec!["./", "./modules/", "./modules/main.tf"]),
            (
                Fault::ArchiveWrapped,
                vec!["demo-5f3e1c1/", "demo-5f3e1c1/modules/", "demo-5f3e1c1/modules/main.tf"],
            ),
            (
                Fault::ArchiveTraversal,
                vec![
                    "modules/",
                    "modules/main.tf",
                    "../runtask-simulator-escaped.tf",
                    "modules/../../../runtask-simulator-escaped.tf",
                ],
            ),
            (
                Fault::ArchiveAbsolute,
                vec!["modules/", "modules/main.tf", "/tmp/runtask-simulator-escaped.tf"],
            ),
            (
                Fault::ArchiveLink,
                vec!["modules/", "modules/main.tf", "absolute.tf", "relative.tf", "hard.tf"],
            ),
            (
                Fault::ArchiveWriteThroughLink,
                vec!["modules/", "modules/main.tf", "outside", "outside/runtask-simulator-escaped.tf"],
            ),
            (Fault::ArchiveDevice, vec!["modules/", "modules/main.tf", "null.tf", "disk.tf", "fifo.tf"]),
            (Fault::ArchivePax, vec!["pax_global_header", "modules/", "modules/main.tf", &long]),
            (Fault::ArchiveGnuLongName, vec!["modules/", "modules/main.tf", &long]),
            (Fault::ArchiveAppleDouble, vec!["modules/", "modules/._main.tf", "modules/main.tf"]),
        ];
        for (fault, expected) in table {
            assert_eq!(names(&spoiled(fault)), expected, "{fault}");
        }
    }

    #[test]
    fn truncated_and_foreign_archives_do_not_unpack() {
        let mut bytes = Vec::new();
        assert!(GzDecoder::new(spoiled(Fault::ArchiveTruncated).as_slice()).read_to_end(&mut bytes).is_err());
        assert!(GzDecoder::new(spoiled(Fault::ArchiveNotGzip).as_slice()).read_to_end(&mut bytes).is_err());
    }

    #[test]
    fn a_bomb_is_small_and_unpacks_to_two_gibibytes() {
        let bomb = spoiled(Fault::ArchiveBomb);
        assert!(bomb.len() < 32 * 1024 * 1024, "{}", bomb.len());
        let mut archive = tar::Archive::new(GzDecoder::new(bomb.as_slice()));
        assert_eq!(archive.entries().unwrap().next().unwrap().unwrap().size(), 2 * 1024 * 1024 * 1024);
    }

    /// A smaller one, read to the end, so that its checksum is looked at.
    #[test]
    fn a_bomb_is_a_whole_archive() {
        let bomb = super::bomb(3);
        let mut archive = tar::Archive::new(GzDecoder::new(bomb.as_slice()));
        let mut entries = archive.entries().unwrap();
        let size = io::copy(&mut entries.next().unwrap().unwrap(), &mut io::sink()).unwrap();
        assert_eq!(size, 3 * BOMB_PIECE as u64);
        assert!(entries.next().is_none());
        // The second of the two blocks at the end, and behind it the checksum.
        assert_eq!(io::copy(&mut archive.into_inner(), &mut io::sink()).unwrap(), BLOCK as u64);
    }

    #[test]
    fn what_is_no_archive_cannot_be_changed() {
        let spec = RunSpec { faults: vec![Fault::ArchiveLink], ..RunSpec::default() };
        assert!(spoil(b"no archive".to_vec(), &spec).is_err());
    }
}

//! Tells what is unpacked, and what is refused.

mod place;
mod properties;

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicU64, Ordering},
};

use super::*;
use crate::{ArchiveBuilder, Limit};
use place::{Place, check, check_limit, check_refused, new};

#[test]
fn what_is_refused() {
    use Rule::*;
    let deep_link = || new().directory("d").symlink("d/up", "..");
    let cases: Vec<(ArchiveBuilder, Rule)> = vec![
        // Names.
        (new().file("../evil", "x"), ParentInName),
        (new().file("a/../../evil", "x"), ParentInName),
        (new().file("a/../b", "x"), ParentInName),
        (new().file("a/..", "x"), ParentInName),
        (new().directory(".."), ParentInName),
        (new().directory("/../"), ParentInName),
        (new().symlink("../evil", "x"), ParentInName),
        (new().file("../._skipped", "x"), ParentInName),
        (new().file("/etc/passwd", "x"), AbsoluteName),
        (new().file("//etc/passwd", "x"), AbsoluteName),
        (new().file("/./a", "x"), AbsoluteName),
        (new().directory("/tmp/"), AbsoluteName),
        (new().pax(&[("path", b"../evil")]).file("a", "x"), ParentInName),
        (new().pax(&[("path", b"/evil")]).file("a", "x"), AbsoluteName),
        (new().pax(&[("path", b"a\0b")]).file("a", "x"), NulInName),
        (new().header(b'L', "l", "", 4).blocks("a\0b\0").file("a", "x"), NulInName),
        (new().header(b'L', "l", "", 8).blocks("../evil\0").file("a", "x"), ParentInName),
        (new().file(format!("d/{}", "n".repeat(256)), "x"), LongComponent),
        (
            new().pax(&[("path", b"one")]).header(b'L', "l", "", 4).blocks("two\0").file("a", "x"),
            ConflictingNames,
        ),
        // Link targets.
        (new().symlink("l", ""), EmptyLinkTarget),
        (new().symlink("l", "/etc/passwd"), AbsoluteLinkTarget),
        (new().symlink("l", ".."), EscapingLinkTarget),
        (new().symlink("l", "../dest"), EscapingLinkTarget),
        (new().symlink("d/l", "../../sentinel"), EscapingLinkTarget),
        (new().symlink("l", "a/../../sentinel"), EscapingLinkTarget),
        (new().pax(&[("linkpath", b"/etc")]).symlink("l", "a"), AbsoluteLinkTarget),
        (new().pax(&[("linkpath", b"a\0b")]).symlink("l", "a"), NulInName),
        (new().header(b'K', "l", "", 3).blocks("..\0").symlink("l", "a"), EscapingLinkTarget),
        // Links that escape only together.
        (new().symlink("s", ".").symlink("t", "s/.."), EscapingLinkTarget),
        (new().symlink("t", "s/..").symlink("s", "."), EscapingLinkTarget),
        (new().symlink("t", "s/../sentinel").symlink("s", "."), EscapingLinkTarget),
        (new().symlink("t", "s/x/..").symlink("s", "."), EscapingLinkTarget),
        (new().file("s", "x").symlink("t", "s/..").symlink("s", "."), EscapingLinkTarget),
        (new().symlink("t", "t/.."), EscapingLinkTarget),
        (deep_link().symlink("t", "d/up/.."), EscapingLinkTarget),
        (new().symlink("t", "d/up/..").directory("d").symlink("d/up", ".."), EscapingLinkTarget),
        // Writing through a link.
        (new().symlink("l", "d").file("l/x", "x"), ThroughLink),
        (new().directory("d").symlink("l", "d").file("l/x", "x"), ThroughLink),
        (new().directory("d").symlink("l", "d").directory("l/x"), ThroughLink),
        (new().symlink("l", "d").symlink("l/x", "y"), ThroughLink),
        (new().symlink("l", "d").file("l/a/b/c", "x"), ThroughLink),
        (new().symlink("s", ".").file("s/s/s/x", "x"), ThroughLink),
        (deep_link().file("d/up/x", "x"), ThroughLink),
        // A name that changes kind.
        (new().file("n", "x").directory("n"), KindConflict),
        (new().directory("n").file("n", "x"), KindConflict),
        (new().directory("n").symlink("n", "x"), KindConflict),
        (new().symlink("n", "x").directory("n"), KindConflict),
        (new().file("n/a", "x").file("n", "x"), KindConflict),
        (new().file("n/a", "x").symlink("n", "x"), KindConflict),
        (new().file("n", "x").file("n/a", "x"), KindConflict),
        (new().file(".", "x"), KindConflict),
        (new().symlink("./", "x"), KindConflict),
        // Types.
        (new().entry(b'1', "h", "sentinel", ""), HardLink),
        (new().file("a", "x").entry(b'1', "h", "a", ""), HardLink),
        (new().entry(b'3', "dev", "", ""), Device),
        (new().entry(b'4', "dev", "", ""), Device),
        (new().entry(b'6', "pipe", "", ""), Fifo),
        (new().entry(b'6', "/", "", ""), Fifo),
        (new().entry(b'S', "sparse", "", "x"), Sparse),
        (new().pax(&[("GNU.sparse.major", b"1")]).file("a", "x"), Sparse),
        (new().entry(b'7', "contiguous", "", "x"), UnknownType { flag: b'7' }),
        (new().entry(b'V', "volume", "", ""), UnknownType { flag: b'V' }),
        (new().entry(b'M', "multi", "", ""), UnknownType { flag: b'M' }),
        (new().entry(b'D', "dump", "", ""), UnknownType { flag: b'D' }),
        (new().entry(b'X', "solaris", "", ""), UnknownType { flag: b'X' }),
        (new().entry(0xff, "odd", "", ""), UnknownType { flag: 0xff }),
        // Sizes.
        (new().pax(&[("size", b"512")]).file("a", "x"), ConflictingSize),
        (new().entry(b'5', "d", "", "x"), UnexpectedContents),
        (new().entry(b'2', "l", "a", "x"), UnexpectedContents),
        (new().file("d/", "x"), UnexpectedContents),
    ];
    for (archive, rule) in cases {
        check_refused(archive, rule);
    }
}

#[test]
fn what_terraform_packs_is_unpacked() {
    let unpacked = check(
        new()
            .directory("modules/")
            .directory("modules/empty/")
            .file("modules/a/main.tf", "a")
            .file("main.tf", "root")
            .file("nothing", "")
            .symlink("modules/link", "../main.tf")
            .symlink("dangling", "nowhere/at/all")
            .symlink("here", ".")
            .symlink("round", "modules/a/../../main.tf"),
        &[
            ("modules", "/"),
            ("modules/a", "/"),
            ("modules/a/main.tf", "a"),
            ("main.tf", "root"),
            ("nothing", ""),
            ("modules/link", "-> ../main.tf"),
            ("dangling", "-> nowhere/at/all"),
            ("here", "-> ."),
            ("round", "-> modules/a/../../main.tf"),
        ],
    );
    assert_eq!((unpacked.entries, unpacked.files, unpacked.links), (9, 3, 4));
    assert_eq!(unpacked.wrapping_directory, None);
}

#[test]
fn what_hand_made_archives_hold_is_unpacked() {
    check(
        new()
            .directory("/")
            .directory("./")
            .directory(".")
            .global_pax(&[("comment", b"0123abcd")])
            .directory("./d/")
            .file("././d//main.tf", "x")
            .file("._main.tf", "resource fork")
            .file("d/._main.tf", "resource fork")
            .file("", "no name")
            .entry(0, "old", "", "regular in old archives")
            .entry(0, "old-directory/", "", ""),
        &[("d", "/"), ("d/main.tf", "x"), ("old", "regular in old archives")],
    );
}

#[test]
fn gnu_long_names_and_targets_are_used() {
    let directory = ["directory-with-a-long-name"; 6].join("/");
    let name = format!("{directory}/main.tf");
    let place = Place::new();
    let archive = new().file(&name, "x").symlink("link", &name).tar_gz().unwrap();
    place.unpack(archive).unwrap();
    assert_eq!(fs::read_to_string(place.destination().join("link")).unwrap(), "x");
    assert_eq!(place.listing()["link"], format!("-> {name}"));
}

#[test]
fn pax_names_targets_and_sizes_are_used() {
    check(
        new()
            .pax(&[
                ("mtime", b"1700000000.123"),
                ("SCHILY.xattr.user.binary", b"line\nbreak=\xff\n"),
                ("path", "d/ünïcode\n.tf".as_bytes()),
                ("size", b"1"),
            ])
            .file("d/shortened", "x")
            .pax(&[("linkpath", "d/ünïcode\n.tf".as_bytes()), ("path", b"")])
            .symlink("link", "shortened"),
        &[("d", "/"), ("d/ünïcode\n.tf", "x"), ("link", "-> d/ünïcode\n.tf")],
    );
}

#[test]
fn archives_of_the_tar_crate_are_read() {
    let mut builder = tar::Builder::new(Vec::new());
    for name in ["short".to_owned(), ["long"; 60].join("/")] {
        let mut header = tar::Header::new_ustar();
        header.set_size(5);
        header.set_mode(0o644);
        builder.append_data(&mut header, &name, &b"hello"[..]).unwrap();
    }
    let archive = ArchiveBuilder::gzip(&builder.into_inner().unwrap()).unwrap();
    assert_eq!(Place::new().unpack(archive).unwrap().files, 2);
}

#[test]
fn the_last_of_several_entries_with_one_name_wins() {
    check(new().file("n", "long contents").file("n", "x"), &[("n", "x")]);
    check(new().file("n", "x").symlink("n", "target"), &[("n", "-> target")]);
    check(new().symlink("n", "old").symlink("n", "new"), &[("n", "-> new")]);
    check(new().directory("n").directory("n/"), &[]);
    // The link is replaced, what it points to is not.
    check(
        new().file("target", "kept").symlink("n", "target").file("n", "x"),
        &[("target", "kept"), ("n", "x")],
    );
}

#[test]
fn a_duplicate_that_is_not_wanted_removes_the_earlier() {
    let place = Place::new();
    let archive = new().file("a", "1").file("n", "2").file("n", "3").tar_gz().unwrap();
    let asked = AtomicU64::new(0);
    let first_two = |_: &Path| asked.fetch_add(1, Ordering::Relaxed) < 2;
    unpack(&archive[..], &place.destination(), &Limits::default(), first_two).unwrap();
    assert_eq!(place.listing(), BTreeMap::from([("a".into(), "1".into())]));
}

#[test]
fn only_what_is_wanted_is_written() {
    let place = Place::new();
    let archive = new()
        .directory("empty")
        .file("docs/deep/readme.md", "x")
        .file("infra/main.tf", "x")
        .symlink("infra/link", "main.tf")
        .tar_gz()
        .unwrap();
    let is_wanted = |path: &Path| path.extension().is_some_and(|it| it == "tf");
    let unpacked = unpack(&archive[..], &place.destination(), &Limits::default(), is_wanted).unwrap();
    assert_eq!(
        place.listing(),
        BTreeMap::from([("infra".into(), "/".into()), ("infra/main.tf".into(), "x".into())])
    );
    assert_eq!((unpacked.entries, unpacked.files, unpacked.links), (4, 1, 0));
    for directory in ["", ".", "./", "empty", "docs", "docs/deep/", "./infra"] {
        assert!(unpacked.contains_directory(Path::new(directory)), "{directory}");
    }
    for not in ["missing", "/", "/docs", "docs/..", "infra/main.tf", "infra/link", "doc"] {
        assert!(!unpacked.contains_directory(Path::new(not)), "{not}");
    }
}

#[test]
fn a_wrapping_directory_is_found() {
    let wrapping =
        |archive: ArchiveBuilder| Place::new().unpack(archive.tar_gz().unwrap()).unwrap().wrapping_directory;
    let found = Some(PathBuf::from("repo"));
    assert_eq!(wrapping(new().directory("repo/").file("repo/main.tf", "")), found);
    assert_eq!(wrapping(new().directory("./").file("./repo/a", "").symlink("repo/b", "a")), found);
    assert_eq!(wrapping(new().file("._repo", "").file("repo/a/b", "")), found);
    assert_eq!(wrapping(new().file("repo/a", "").file("b", "")), None);
    assert_eq!(wrapping(new().file("repo/a", "").file("other/a", "").file("repo/b", "")), None);
    assert_eq!(wrapping(new().file("repo", "")), None);
    assert_eq!(wrapping(new().symlink("repo", "x")), None);
    assert_eq!(wrapping(new().directory("./")), None);
}

#[test]
fn modes_of_the_archive_do_not_arrive() {
    let place = Place::new();
    // The builder writes mode 7777 everywhere.
    place.unpack(new().directory("d/").file("d/f", "x").tar_gz().unwrap()).unwrap();
    let mode = |name: &str| place.destination().join(name).metadata().unwrap().permissions().mode();
    assert_eq!(mode("d/f") & 0o7111, 0);
    // A directory may inherit set-group-id from the one above, so only the others are looked at.
    assert_eq!(mode("d") & 0o5000, 0);
}

#[test]
fn an_archive_may_end_in_several_ways() {
    let tar = || new().file("a", "x");
    let files = |archive: Vec<u8>| Place::new().unpack(archive).unwrap().files;
    let gzip = |bytes: &[u8]| ArchiveBuilder::gzip(bytes).unwrap();
    assert_eq!(files(gzip(&tar().unfinished())), 1);
    assert_eq!(files(gzip(&[tar().unfinished(), vec![0; 512]].concat())), 1);
    assert_eq!(files(gzip(&[tar().tar(), vec![0; 9 * 1024 + 1]].concat())), 1);
    // A second archive after the first is not read, as in Go.
    assert_eq!(files(gzip(&[tar().tar(), new().file("b", "x").tar()].concat())), 1);
    assert_eq!(files(gzip(&[])), 0);
    let (first, second) = tar().tar().into_iter().enumerate().partition::<Vec<_>, _>(|(at, _)| *at < 700);
    let bytes = |half: Vec<(usize, u8)>| half.into_iter().map(|(_, it)| it).collect::<Vec<_>>();
    assert_eq!(files([gzip(&bytes(first)), gzip(&[]), gzip(&bytes(second))].concat()), 1);
}

/// P-07: tar fills the last block of its device with zeros, and gzip reads past them.
#[test]
fn behind_the_end_stand_zeros_or_nothing() {
    let archive = new().file("a", "x").tar_gz().unwrap();
    let with = |behind: &[u8]| Place::new().unpack([&archive, behind].concat());
    for zeros in [1, 9, 512, 10_240, 1 << 20] {
        let unpacked = with(&vec![0; zeros]).unwrap();
        assert_eq!((unpacked.files, unpacked.compressed_bytes), (1, (archive.len() + zeros) as u64));
    }
    let member = ArchiveBuilder::gzip(&[]).unwrap();
    assert!(with(&member).is_ok());
    assert!(with(&[&*member, &[0; 512]].concat()).is_ok());
    for other in
        [&b"x"[..], b"\n", &[0, 0, 1], &[&[0; 512], &*archive].concat(), &[&[0; 1 << 20], &b"x"[..]].concat()]
    {
        let error = with(other).unwrap_err();
        assert!(matches!(error, UnpackError::Corrupt { .. }), "{error:?}");
    }
    // As much of it as of everything else.
    let limits = Limits { max_compressed_bytes: archive.len() as u64 + 100, ..Limits::default() };
    let padded = [&*archive, &[0; 101]].concat();
    let error = unpack(&*padded, &Place::new().destination(), &limits, |_path| true).unwrap_err();
    assert!(matches!(error, UnpackError::LimitExceeded { limit: Limit::CompressedBytes, .. }), "{error:?}");
}

#[test]
fn a_truncated_archive_is_said_to_be_cut_off() {
    let contents: Vec<u8> =
        (0..100_000_u32).flat_map(|it| it.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect();
    let whole = new().file("a", &contents).file("b", &contents).tar_gz().unwrap();
    for length in [2, 9, 10, 11, 600, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        let result = Place::new().unpack(&whole[..length]);
        assert!(matches!(result, Err(UnpackError::Truncated)), "{length}: {result:?}");
    }
    let tar = new().file("a", "x").unfinished();
    for length in [1, 511, 512, 513, 1023] {
        let result = Place::new().unpack(ArchiveBuilder::gzip(&tar[..length]).unwrap());
        assert!(matches!(result, Err(UnpackError::Truncated)), "{length}: {result:?}");
    }
    let result = Place::new().unpack(ArchiveBuilder::gzip(&new().pax(&[]).unfinished()).unwrap());
    assert!(matches!(result, Err(UnpackError::Truncated)), "{result:?}");
}

#[test]
fn what_is_not_gzip_is_said_to_be_so() {
    for bytes in [&b""[..], b"\x1f", b"PK\x03\x04", b"<html>not found</html>", &new().file("a", "x").tar()] {
        let result = Place::new().unpack(bytes);
        assert!(matches!(result, Err(UnpackError::NotGzip)), "{result:?}");
    }
}

#[test]
fn damage_is_found() {
    let corrupt = |archive: Vec<u8>| match Place::new().unpack(archive) {
        Err(UnpackError::Corrupt { .. }) => {}
        other => panic!("{other:?}"),
    };
    let gzip = |tar: &[u8]| ArchiveBuilder::gzip(tar).unwrap();
    let good = new().file("a", "x");
    // The gzip checksum and length, which come after everything was unpacked; and the start.
    let archive = good.clone().tar_gz().unwrap();
    for from_end in [1, 5] {
        let mut archive = archive.clone();
        let at = archive.len() - from_end;
        archive[at] ^= 1;
        corrupt(archive);
    }
    corrupt([&archive[..], b"garbage after the end"].concat());
    corrupt(b"\x1f\x8b\x07 and no known compression".to_vec());
    let mut tar = good.clone().tar();
    tar[0] ^= 1;
    corrupt(gzip(&tar));
    corrupt(gzip(&[b'x'; 2048]));
    corrupt(gzip(&new().pax(&[]).tar()));
    corrupt(gzip(&new().pax(&[]).pax(&[]).file("a", "").tar()));
    corrupt(gzip(&[vec![0; 512], good.clone().tar()].concat()));
    for records in
        ["9 a=b\n", "5 ab\n", "x a=b\n", "99999999999999999999999 a=b\n", "+6 a=b\n", "0 ", "6 a=b\0"]
    {
        corrupt(gzip(&new().entry(b'x', "pax", "", records).file("a", "").tar()));
    }
    corrupt(gzip(&new().pax(&[("size", b"-1")]).file("a", "").tar()));
}

#[test]
fn an_error_of_the_source_is_not_taken_for_damage() {
    struct Breaks<'a>(&'a [u8], io::ErrorKind);
    impl Read for Breaks<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.read(buffer)?;
            if count == 0 { Err(io::Error::new(self.1, "line cut")) } else { Ok(count) }
        }
    }
    let archive = new().file("a", "x").tar_gz().unwrap();
    for kind in [
        io::ErrorKind::ConnectionReset,
        io::ErrorKind::UnexpectedEof,
        io::ErrorKind::InvalidData,
        io::ErrorKind::WouldBlock,
    ] {
        for length in [0, 1, 5, 30, archive.len() - 3, archive.len()] {
            let place = Place::new();
            let source = Breaks(&archive[..length], kind);
            match unpack(source, &place.destination(), &Limits::default(), |_path| true) {
                Err(UnpackError::Read { source }) => {
                    assert_eq!((source.kind(), source.to_string()), (kind, "line cut".to_owned()));
                }
                other => panic!("{length}: {other:?}"),
            }
        }
    }
}

#[test]
fn an_interrupted_and_slow_source_is_read_on() {
    struct Slow<'a>(&'a [u8], bool);
    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(io::ErrorKind::Interrupted.into()) } else { self.0.read(&mut buffer[..1]) }
        }
    }
    let archive = new().file("a", "x").tar_gz().unwrap();
    let place = Place::new();
    unpack(Slow(&archive, false), &place.destination(), &Limits::default(), |_path| true).unwrap();
    assert_eq!(place.listing()["a"], "x");
}

#[test]
fn an_error_of_the_destination_says_where() {
    let place = Place::new();
    fs::write(place.destination(), "a file").unwrap();
    match place.unpack(new().file("a", "x").tar_gz().unwrap()) {
        Err(UnpackError::Write { path, .. }) => assert_eq!(path, place.destination()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_limit_holds_and_is_not_off_by_one() {
    let no_limits = || Limits { max_entries: 1000, ..Limits::default() };
    let archive = || new().file("a/b/c", "x").file("d", "y");
    let packed = archive().tar_gz().unwrap();
    let unpacked = archive().tar();
    let exact = Limits {
        max_compressed_bytes: packed.len() as u64,
        max_unpacked_bytes: unpacked.len() as u64,
        // a, a/b, a/b/c and d.
        max_entries: 4,
        max_path_bytes: 5,
        max_depth: 3,
    };
    let place = Place::new();
    let result = unpack(&packed[..], &place.destination(), &exact, |_path| true).unwrap();
    assert_eq!(result.compressed_bytes, packed.len() as u64);
    assert_eq!(result.unpacked_bytes, unpacked.len() as u64);

    let compressed = exact.max_compressed_bytes - 1;
    let limits = Limits { max_compressed_bytes: compressed, ..no_limits() };
    check_limit(archive(), &limits, Limit::CompressedBytes, compressed);
    for less in [1, 600, 1500] {
        let value = exact.max_unpacked_bytes - less;
        let limits = Limits { max_unpacked_bytes: value, ..no_limits() };
        check_limit(archive(), &limits, Limit::UnpackedBytes, value);
    }
    check_limit(archive(), &Limits { max_entries: 3, ..no_limits() }, Limit::Entries, 3);
    check_limit(archive(), &Limits { max_path_bytes: 4, ..no_limits() }, Limit::PathBytes, 4);
    check_limit(archive(), &Limits { max_depth: 2, ..no_limits() }, Limit::Depth, 2);

    let many = (0..4).fold(new(), |it, _| it.directory("same"));
    check_limit(many, &Limits { max_entries: 3, ..no_limits() }, Limit::Entries, 3);
    let passed = new().symlink("l", "a/b/c/../../../d");
    check_limit(passed, &Limits { max_entries: 3, ..no_limits() }, Limit::Entries, 3);
    let target = new().symlink("l", "12345");
    check_limit(target, &Limits { max_path_bytes: 4, ..no_limits() }, Limit::PathBytes, 4);
    let pax_target = new().pax(&[("linkpath", &[b'a'; 1025])]).symlink("l", "x");
    check_limit(pax_target, &Limits::default(), Limit::PathBytes, 1024);
    let long_name = new().file(["abc"; 300].join("/"), "");
    check_limit(
        long_name,
        &Limits { max_path_bytes: 1000, max_depth: 999, ..no_limits() },
        Limit::PathBytes,
        1000,
    );
    let pax = new().pax(&[("comment", &[b'a'; 1 << 20])]).file("a", "");
    check_limit(pax, &Limits::default(), Limit::ExtendedHeaderBytes, 1 << 20);
}

#[test]
fn sizes_that_lie_are_stopped_before_anything_is_read_or_reserved() {
    for flag in [b'0', b'L', b'K', b'x', b'g', b'5'] {
        let archive = new().header(flag, "a", "", 0o77_777_777_777);
        check_limit(archive, &Limits::default(), Limit::UnpackedBytes, 1 << 30);
    }
    for flag in [b'0', b'x'] {
        let archive = new().header(flag, "a", "", u64::MAX);
        check_limit(archive, &Limits::default(), Limit::UnpackedBytes, 1 << 30);
    }
}

#[test]
fn a_gzip_bomb_stops_at_the_limit() {
    // A gigabyte of zeros in one megabyte, as the contents of a file and after the end of the archive.
    let zeros = vec![0; 1 << 20];
    for head in [new().header(b'0', "bomb", "", (1 << 30) - 1024).unfinished(), new().tar()] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&head).unwrap();
        for _ in 0..64 {
            encoder.write_all(&zeros).unwrap();
        }
        // Unfinished on purpose: the limit is met before the end is missed.
        encoder.flush().unwrap();
        let bomb = encoder.get_ref().clone();
        let limits = Limits { max_unpacked_bytes: 4 << 20, ..Limits::default() };
        let place = Place::new();
        struct Counting<'a>(&'a [u8], &'a AtomicU64);
        impl Read for Counting<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let count = self.0.read(buffer)?;
                self.1.fetch_add(count as u64, Ordering::Relaxed);
                Ok(count)
            }
        }
        let read = AtomicU64::new(0);
        match unpack(Counting(&bomb, &read), &place.destination(), &limits, |_path| true) {
            Err(UnpackError::LimitExceeded { limit: Limit::UnpackedBytes, value }) => {
                assert_eq!(value, 4 << 20)
            }
            other => panic!("{other:?}"),
        }
        assert!(read.load(Ordering::Relaxed) < bomb.len() as u64 / 2);
    }
}

#[test]
fn links_that_were_in_the_destination_before_are_not_written_through() {
    let place = Place::new();
    fs::create_dir(place.destination()).unwrap();
    symlink("..", place.destination().join("up")).unwrap();
    symlink("../sentinel", place.destination().join("file")).unwrap();
    let result = place.unpack(new().file("up/evil", "x").tar_gz().unwrap());
    assert!(matches!(result, Err(UnpackError::Refused { rule: Rule::ThroughLink, .. })), "{result:?}");
    place.assert_outside_untouched();
    place.unpack(new().file("file", "x").tar_gz().unwrap()).unwrap();
    assert_eq!(place.listing()["file"], "x");
    place.assert_outside_untouched();
    fs::create_dir(place.destination().join("directory")).unwrap();
    let result = place.unpack(new().file("directory", "x").tar_gz().unwrap());
    assert!(matches!(result, Err(UnpackError::Refused { rule: Rule::KindConflict, .. })), "{result:?}");
}

#[test]
fn what_an_error_says() {
    let text =
        |archive: ArchiveBuilder| Place::new().unpack(archive.tar_gz().unwrap()).unwrap_err().to_string();
    assert_eq!(
        text(new().file("../\x1b[31mred", "x")),
        r"the archive's entry `../\u{1b}[31mred` was refused: a name must not contain `..`"
    );
    assert_eq!(
        text(new().entry(b'V', "v", "", "")),
        "the archive's entry `v` was refused: entries of type 'V' are not allowed"
    );
    assert_eq!(
        text(new().header(b'0', "a", "", 1 << 31)),
        "the archive has more than 1073741824 bytes once unpacked"
    );
    assert_eq!(UnpackError::NotGzip.to_string(), "the archive is not in gzip format");
}

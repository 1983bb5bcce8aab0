//! Unpacks arbitrary bytes, as they are and as a tar archive inside good gzip, and looks around afterwards.
#![no_main]

use std::{fs, path::Path};

use libfuzzer_sys::fuzz_target;
use runtask_archive::{ArchiveBuilder, Limits, unpack};
use tempfile::TempDir;

const LIMITS: Limits = Limits {
    max_compressed_bytes: 64 << 10,
    max_unpacked_bytes: 256 << 10,
    max_entries: 200,
    max_path_bytes: 256,
    max_depth: 8,
};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    // The fuzzer cannot guess checksums, so headers get theirs.
    check(&ArchiveBuilder::gzip(&with_checksums(bytes)).unwrap());
});

fn check(archive: &[u8]) {
    let memory = Path::new("/dev/shm");
    let outer = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.unwrap();
    let destination = outer.path().join("dest");
    fs::write(outer.path().join("sentinel"), "untouched").unwrap();

    let result = unpack(archive, &destination, &LIMITS, |path| path.as_os_str().len() % 5 != 0);

    let mut names: Vec<_> = fs::read_dir(&outer).unwrap().map(|it| it.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["dest", "sentinel"]);
    assert_eq!(fs::read(outer.path().join("sentinel")).unwrap(), b"untouched");
    let bytes = look(&destination, &destination.canonicalize().unwrap());
    assert!(bytes <= LIMITS.max_unpacked_bytes);
    match result {
        Ok(unpacked) => assert!(unpacked.unpacked_bytes <= LIMITS.max_unpacked_bytes),
        Err(error) => assert!(!error.to_string().contains(char::is_control)),
    }
}

/// Bytes in all files below `directory`; there must be only files, directories, and links that stay in `root`.
fn look(directory: &Path, root: &Path) -> u64 {
    let mut bytes = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_symlink() {
            if let Ok(resolved) = path.canonicalize() {
                assert!(resolved.starts_with(root), "{path:?} leads to {resolved:?}");
            }
        } else if metadata.is_dir() {
            bytes += look(&path, root);
        } else {
            assert!(metadata.is_file(), "{path:?}");
            bytes += metadata.len();
        }
    }
    bytes
}

/// Reads `bytes` as tar headers and contents, and makes each header's magic and checksum good.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut tar = bytes.to_vec();
    let mut at = 0;
    while let Some(header) = tar.get_mut(at..at + 512) {
        header[257..265].copy_from_slice(b"ustar  \0");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|it| u32::from(*it)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let digits = header[124..135].iter().take_while(|it| it.is_ascii_digit());
        let size = digits.fold(0_usize, |size, it| (size * 8 + usize::from(it & 7)) % (1 << 20));
        at += 512 + size.next_multiple_of(512);
    }
    tar
}

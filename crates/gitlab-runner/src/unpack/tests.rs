use super::*;
use crate::pack::pack;
use gitlab_runner_protocol::job::ArtifactFormat;
use proptest::prelude::*;
use tempfile::{TempDir, tempfile};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const LIMITS: UnpackLimits = UnpackLimits { entries: 10, bytes: 1 << 30, ratio: 100 };

/// Entries of a hostile archive: a name, and a link's target or a file's content.
enum Entry<'a> {
    File(&'a str, &'a [u8]),
    Link(&'a str, &'a str),
    Directory(&'a str),
}
use Entry::{Directory, File as Plain, Link};

fn archive(entries: &[Entry<'_>]) -> File {
    let mut archive = ZipWriter::new(tempfile().unwrap());
    let options = SimpleFileOptions::default().unix_permissions(0o4755);
    for entry in entries {
        match entry {
            Plain(name, content) => {
                archive.start_file(*name, options).unwrap();
                archive.write_all(content).unwrap();
            }
            Link(name, target) => archive.add_symlink(*name, *target, options).unwrap(),
            Directory(name) => archive.add_directory(*name, options).unwrap(),
        }
    }
    archive.finish().unwrap()
}

/// A directory for the project in another one, which nothing may be written to.
fn place() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let project = directory.path().join("project");
    fs::create_dir(&project).unwrap();
    (directory, project)
}

fn refused(entries: &[Entry<'_>]) -> String {
    let (directory, project) = place();
    symlink("..", project.join("up")).unwrap();
    let error = unpack(archive(entries), &project, &LIMITS, &|| false).unwrap_err();
    let names: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["project"]);
    error.to_string()
}

#[test]
fn what_was_packed_comes_back_over_what_is_there() {
    let (_directory, project) = place();
    let (_other, from) = place();
    fs::create_dir(from.join("d")).unwrap();
    fs::write(from.join("d/a"), "new").unwrap();
    fs::set_permissions(from.join("d/a"), Permissions::from_mode(0o751)).unwrap();
    symlink("a", from.join("d/link")).unwrap();
    fs::create_dir(project.join("d")).unwrap();
    fs::write(project.join("d/a"), "old").unwrap();
    // A file that is there and is a link is replaced, and not followed.
    fs::write(project.join("victim"), "victim").unwrap();
    symlink("../victim", project.join("d/link")).unwrap();
    for format in [ArtifactFormat::Zip, ArtifactFormat::Gzip] {
        let paths = ["d".into(), "d/a".into(), "d/link".into()];
        let packed = pack(&format, &paths, &from, &from, &mut Vec::new(), &|| false).unwrap().unwrap();
        unpack(packed.file, &project, &LIMITS, &|| false).unwrap();
    }
    assert_eq!(fs::read_to_string(project.join("d/a")).unwrap(), "new");
    assert_eq!(fs::metadata(project.join("d/a")).unwrap().permissions().mode() & 0o7777, 0o751);
    assert_eq!(fs::read_link(project.join("d/link")).unwrap(), Path::new("a"));
    assert_eq!(fs::read_to_string(project.join("victim")).unwrap(), "victim");
    assert_eq!(fs::read_to_string(project.join("a")).unwrap(), "new", "of the member of gzip");
}

#[test]
fn no_entry_leaves_the_directory() {
    for name in ["../x", "/x", "a/../../x", "d/..", "..", "."] {
        assert_eq!(refused(&[Plain(name, b"x")]), "an entry leaves the project's directory", "{name}");
    }
    let through = "an entry is written through a link";
    assert_eq!(refused(&[Plain("up/x", b"x")]), through);
    assert_eq!(refused(&[Directory("up/x")]), through);
    assert_eq!(refused(&[Link("l", ".."), Plain("l/x", b"x")]), through);
    assert_eq!(refused(&[Link("up/l", "x")]), through);
}

#[test]
fn a_setuid_bit_does_not_come_along() {
    let (_directory, project) = place();
    unpack(archive(&[Plain("run", b"x")]), &project, &LIMITS, &|| false).unwrap();
    assert_eq!(fs::metadata(project.join("run")).unwrap().permissions().mode() & 0o7777, 0o755);
}

#[test]
fn bombs_do_not_go_off() {
    let blanks = vec![b' '; 80 << 20];
    let bomb = refused(&[Plain("a", &blanks)]);
    assert!(bomb.starts_with("it is larger than 7"), "{bomb}");
    let names: Vec<String> = (0..11).map(|it| it.to_string()).collect();
    let many: Vec<_> = names.iter().map(|it| Plain(it, b"")).collect();
    assert_eq!(refused(&many), "it has more than 10 entries");
    let (_directory, project) = place();
    let over = unpack(archive(&[Plain("a", b"x")]), &project, &LIMITS, &|| true);
    assert!(matches!(over, Err(UnpackError::OutOfTime)));
}

fn of(bytes: &[u8]) -> Result<usize, UnpackError> {
    let (_directory, project) = place();
    let mut file = tempfile().unwrap();
    file.write_all(bytes).unwrap();
    unpack(file, &project, &LIMITS, &|| false)
}

#[test]
fn other_kinds_are_named() {
    assert_eq!(
        of(&[0x28, 0xb5, 0x2f, 0xfd, 0]).unwrap_err().to_string(),
        "it is packed with zstd, which this runner does not know"
    );
    assert_eq!(of(b"<html>").unwrap_err().to_string(), "it is no archive that this runner knows");
    assert_eq!(of(b"").unwrap_err().to_string(), "it is no archive that this runner knows");
    assert_eq!(of(b"PK\x03\x04").unwrap_err().to_string(), "it is damaged");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damage_is_an_error_and_no_panic(at in 0_usize..300, value: u8, cut in 0_usize..300) {
        let mut bytes = Vec::new();
        let mut file = archive(&[Directory("d"), Plain("d/file", b"content"), Link("l", "d/file")]);
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        let length = bytes.len();
        bytes[at % length] = value;
        let _what = of(&bytes);
        bytes.truncate(length - cut % length);
        let _what = of(&bytes);
    }
}

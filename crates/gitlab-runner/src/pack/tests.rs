use super::*;
use runtask_process::Program;
use std::os::unix::fs::symlink;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

const LIMIT: Duration = Duration::from_secs(60);

fn project() -> TempDir {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("d")).unwrap();
    fs::write(path("d/größe.txt"), "x".repeat(100_000)).unwrap();
    fs::write(path("run"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(path("run"), fs::Permissions::from_mode(0o755)).unwrap();
    let changed = std::time::UNIX_EPOCH + Duration::from_secs(1_787_217_302);
    File::options().write(true).open(path("run")).unwrap().set_modified(changed).unwrap();
    symlink("../nowhere", path("link")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    directory
}

fn packed(format: ArtifactFormat, paths: &[&str]) -> (Result<Option<Packed>, PackError>, Vec<String>) {
    let (project, private) = (project(), TempDir::new().unwrap());
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let mut warnings = Vec::new();
    let packed = pack(&format, &paths, project.path(), private.path(), &mut warnings, &|| false);
    assert_eq!(fs::read_dir(private.path()).unwrap().count(), 0, "it has no name");
    (packed, warnings)
}

/// Runs a script beside the packed file `artifact`, and returns what it prints.
async fn look(mut packed: Packed, script: &str) -> String {
    let directory = TempDir::new().unwrap();
    let mut copy = File::create(directory.path().join("artifact")).unwrap();
    assert_eq!(io::copy(&mut packed.file, &mut copy).unwrap(), packed.bytes);
    let program = Program::new("/bin/bash").arguments(["-ec", script]).directory(directory.path());
    let program = program.variable("PATH", "/usr/bin:/bin").variable("LANG", "C.UTF-8").variable("TZ", "UTC");
    let finished = program.run(Instant::now() + LIMIT, LIMIT, 1 << 20).await.unwrap();
    assert_eq!(finished.code, 0, "{}", String::from_utf8_lossy(&finished.stderr));
    String::from_utf8(finished.stdout).unwrap()
}

#[tokio::test]
async fn a_zip_holds_directories_links_modes_times_and_names() {
    let (archive, warnings) =
        packed(ArtifactFormat::Zip, &["d", "d/größe.txt", "gone", "link", "pipe", "run"]);
    assert_eq!(
        warnings,
        ["gone: is gone, and is left out", "pipe: is no file, directory or link, and is left out"]
    );
    let archive = archive.unwrap().unwrap();
    assert_eq!(archive.entries, 4);
    assert!(archive.bytes < 10_000, "{}", archive.bytes);
    let script = "unzip -q artifact -d out; cd out; find . | sort; stat -c %a run; readlink link
        date -r run +%s; wc -c < d/größe.txt; python3 -m zipfile -t ../artifact";
    assert_eq!(
        look(archive, script).await,
        ".\n./d\n./d/größe.txt\n./link\n./run\n755\n../nowhere\n1787217302\n100000\nDone testing\n"
    );
}

#[tokio::test]
async fn gzip_is_a_member_for_each_file_and_raw_is_one_file() {
    let (archive, _) = packed(ArtifactFormat::Gzip, &["d", "d/größe.txt", "run"]);
    let script = "gunzip -c < artifact | wc -c; grep -ac run artifact";
    assert_eq!(look(archive.unwrap().unwrap(), script).await, "100010\n1\n");
    let (raw, _) = packed(ArtifactFormat::Raw, &["run"]);
    assert_eq!(look(raw.unwrap().unwrap(), "cat artifact").await, "#!/bin/sh\n");
    let (raw, _) = packed(ArtifactFormat::Raw, &["run", "d/größe.txt"]);
    assert_eq!(raw.unwrap_err().to_string(), "a raw artifact is one file, and its paths match 2");
    let (other, _) = packed(ArtifactFormat::Unknown("zstd".to_owned()), &["run"]);
    assert_eq!(other.unwrap_err().to_string(), "the format zstd is not known to this runner");
    assert!(packed(ArtifactFormat::Zip, &["gone"]).0.unwrap().is_none());
}

#[test]
fn packing_ends_when_its_time_is_over() {
    let (project, private) = (project(), TempDir::new().unwrap());
    let paths = ["run".into()];
    let over = pack(&ArtifactFormat::Zip, &paths, project.path(), private.path(), &mut Vec::new(), &|| true);
    assert!(matches!(over, Err(PackError::OutOfTime)));
}

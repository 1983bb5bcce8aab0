//! Tests the check with the real terraform, and with shell scripts in its place that hang, crash and flood.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]

use super::*;
use crate::terraform::{real as terraform, real_program};
use proptest::prelude::*;
use runtask_archive::{ArchiveBuilder, Limits, read as read_archive};
use runtask_findings::{Code, Finding, OnError, Subject, Verdict, printable_lines, verdict};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// A script in terraform's place.
fn fake(directory: &TempDir, script: &str) -> Terraform {
    let path = directory.path().join("terraform");
    // Written by another process: had this one the file open while another test forks, it could not be run.
    let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$2" && chmod +x "$2""#;
    assert!(Command::new("/bin/sh").args(["-c", write, "sh", script]).arg(&path).status().unwrap().success());
    Terraform::new(path)
}

/// A directory with these files.
fn directory<N: AsRef<Path>, C: AsRef<[u8]>>(files: impl IntoIterator<Item = (N, C)>) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

const GOOD: &str = "a = 1\n";
const UNFORMATTED: &str = "a   = 1\n";
const BROKEN: &str = "a = 1\nb = \n";

const NATIVE: FmtSettings = FmtSettings { engine: Some(Engine::Native), show_variable_files: false };

/// The check as it is with these settings; terraform judges unless they say otherwise.
fn fmt(terraform: Result<Terraform, FindError>, settings: FmtSettings) -> Fmt {
    Fmt { engine: settings.engine.unwrap_or(Engine::Terraform), terraform, settings }
}

async fn check(terraform: &Terraform, directory: &Path, settings: FmtSettings) -> CheckReport {
    let check = fmt(Ok(terraform.clone()), settings);
    check.reported(check.judge(directory).await)
}

/// The report on the files of an archive, as they stream past.
async fn check_archive(check: &Fmt, archive: ArchiveBuilder, directory: &str) -> CheckReport {
    let archive = archive.tar_gz().unwrap();
    let mut reader = check.reader(Path::new(directory)).expect("it reads files as they come");
    /// Hands on what the check wants, as whoever downloads does.
    struct Wanted<'a>(&'a mut dyn FileReader);
    impl Receiver for Wanted<'_> {
        fn begin(&mut self, path: &Path, size: u64) -> bool {
            may_be_formatted(path) && self.0.begin(path, size)
        }
        fn contents(&mut self, bytes: &[u8]) {
            self.0.contents(bytes);
        }
        fn end(&mut self) {
            self.0.end();
        }
        fn link(&mut self, path: &Path, target: &Path) -> bool {
            may_be_formatted(path) && self.0.link(path, target)
        }
    }
    read_archive(&archive[..], &Limits::default(), &mut Wanted(&mut *reader)).unwrap();
    reader.report(Path::new(directory)).await
}

/// The report on these files. Every engine must make the same.
async fn check_files(files: &[(&str, &str)]) -> CheckReport {
    let directory = directory(files.iter().copied());
    let report = check(&terraform(), directory.path(), FmtSettings::default()).await;
    for engine in [Engine::Native, Engine::Both] {
        let settings = FmtSettings { engine: Some(engine), ..FmtSettings::default() };
        assert_eq!(check(&terraform(), directory.path(), settings).await, report, "{engine:?}");
    }
    let archive =
        files.iter().fold(ArchiveBuilder::new(), |archive, (name, content)| archive.file(name, content));
    let alone = fmt(Err(FindError::Nowhere), NATIVE);
    assert_eq!(check_archive(&alone, archive, "").await, report, "from an archive");
    for (name, content) in files {
        assert_eq!(fs::read_to_string(directory.path().join(name)).unwrap(), *content, "{name} was changed");
    }
    report
}

fn lines(report: &CheckReport) -> String {
    let finding = |it: &Finding| {
        let subject = it.subject.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("\n{} {} [{subject}] {}", it.level.as_str(), it.code, it.summary)
    };
    format!("{}{}", report.headline, report.findings.iter().map(finding).collect::<String>())
}

fn is_unavailable(report: &CheckReport) -> bool {
    report.findings.iter().any(|it| it.code == Code::CHECK_UNAVAILABLE)
}

/// R-13: formatted files pass, with exactly this message.
#[tokio::test]
async fn formatted_files_pass() {
    let report = check_files(&[("main.tf", GOOD), ("modules/net/vpc.tf", GOOD), ("x.txt", "a   =")]).await;
    assert_eq!(lines(&report), "Format check passed");
    assert_eq!(verdict(&[report], OnError::Failed), Verdict::Passed);
}

/// R-13: what is not formatted fails, with a diff for each file.
#[tokio::test]
async fn unformatted_files_fail_with_a_diff_each() {
    let vpc = "resource \"a\" \"b\" {\n  content = \"x\"\n  filename   = \"y\"\n}\n";
    let report =
        check_files(&[("main.tf", UNFORMATTED), ("ok.tfvars", GOOD), ("modules/net/vpc.tf", vpc)]).await;
    insta::assert_snapshot!(lines(&report), @"
    2 of 3 files need formatting: main.tf, modules/net/vpc.tf
    error unformatted-file [main.tf:1] main.tf is not formatted
    error unformatted-file [modules/net/vpc.tf:2] modules/net/vpc.tf is not formatted
    ");
    insta::assert_snapshot!(report.findings[1].body, @r#"
    Run `terraform fmt -recursive` and commit what it changes.

    ```diff
    --- a/modules/net/vpc.tf
    +++ b/modules/net/vpc.tf
    @@ -1,4 +1,4 @@
     resource "a" "b" {
    -  content = "x"
    -  filename   = "y"
    +  content  = "x"
    +  filename = "y"
     }
    ```
    "#);
    assert_eq!(verdict(&[report], OnError::Passed), Verdict::Failed);
}

/// S-04: no text of a file with values of variables is shown, whatever is wrong with it, unless somebody says so.
#[tokio::test]
async fn values_of_variables_are_not_shown() {
    let broken = "db_password = \"hunter2\" hunter3\n";
    let files = [
        ("main.tf", UNFORMATTED),
        ("prod.tfvars", "a = 1\ndb_password   = \"hunter2\"\n"),
        ("broken.auto.tfvars", broken),
    ];
    let directory = directory(files);
    let report = check(&terraform(), directory.path(), FmtSettings::default()).await;
    insta::assert_snapshot!(lines(&report), @"
    1 of 3 files cannot be parsed: broken.auto.tfvars; 2 need formatting: main.tf, prod.tfvars
    error unparsable-file [broken.auto.tfvars:1] broken.auto.tfvars cannot be parsed
    error unformatted-file [main.tf:1] main.tf is not formatted
    error unformatted-file [prod.tfvars:1] prod.tfvars is not formatted
    ");
    let said = format!("{report:?}");
    assert!(!said.contains("hunter") && said.contains("+a = 1"), "{said}");
    let shown = check(
        &terraform(),
        directory.path(),
        FmtSettings { show_variable_files: true, ..FmtSettings::default() },
    )
    .await;
    let said = format!("{shown:?}");
    assert!(said.contains("hunter2") && said.contains("hunter3"), "{said}");
}

/// R-13: a file that cannot be parsed is reported as such, and hides no other.
#[tokio::test]
async fn a_broken_file_is_reported_and_hides_no_other() {
    let report = check_files(&[("bad.tf", BROKEN), ("main.tf", UNFORMATTED), ("ok.tf", GOOD)]).await;
    insta::assert_snapshot!(lines(&report), @"
    1 of 3 files cannot be parsed: bad.tf; 1 needs formatting: main.tf
    error unparsable-file [bad.tf:2] bad.tf cannot be parsed: Invalid expression
    error unformatted-file [main.tf:1] main.tf is not formatted
    ");
    insta::assert_snapshot!(report.findings[0].body, @"
    ```text
    Error: Invalid expression

      on bad.tf line 2:
       2: b = 

    Write a value here: this cannot begin one.
    ```
    ");
}

#[tokio::test]
async fn all_errors_of_a_file_are_one_finding() {
    let report = check_files(&[("a b.tf", "a = \"${\n}\n"), ("c.tf", BROKEN)]).await;
    insta::assert_snapshot!(lines(&report), @"
    2 of 2 files cannot be parsed: a b.tf, c.tf
    error unparsable-file [a b.tf:2] a b.tf cannot be parsed: Invalid expression
    error unparsable-file [c.tf:2] c.tf cannot be parsed: Invalid expression
    ");
    assert_eq!(report.findings[0].body.matches("Error: ").count(), 2);
    assert!(report.findings[0].body.contains("\n  on a b.tf line 2:\n"), "{}", report.findings[0].body);
}

#[tokio::test]
async fn errors_name_the_file_and_of_many_some_are_shown() {
    let twice = "a = 1\na = \"00000.tf\"\n";
    let report = check_files(&[("net/main.tf", twice)]).await;
    insta::assert_snapshot!(report.findings[0].body, @r#"
    ```text
    Error: Attribute redefined

      on net/main.tf line 2:
       2: a = "00000.tf"

    Take out one of the arguments of this name: each may be set once in a block.
    ```
    "#);
    let report = check_files(&[("main.tf", &twice.repeat(20))]).await;
    assert_eq!(report.findings[0].body.matches("Error: ").count(), 20);
    assert!(
        report.findings[0].body.ends_with("\n… and 19 more errors\n```\n"),
        "{}",
        report.findings[0].body
    );
}

#[tokio::test]
async fn a_directory_without_files_passes_and_says_so() {
    let report = check_files(&[("README.md", "x"), (".terraform/modules/x/main.tf", UNFORMATTED)]).await;
    insta::assert_snapshot!(lines(&report), @"
    Format check passed
    info no-files [] No Terraform files were found in the directory
    ");
}

/// R-12, R-13: names that would confuse a reader of terraform's list are judged and shown like others.
#[tokio::test]
async fn files_with_odd_names_are_judged_and_shown() {
    let long = "x".repeat(100);
    let names: Vec<Vec<u8>> = vec![
        b"new\nline.tf".into(),
        b"\nError: Spoof\n\n  on good.tf line 1:\n.tf".into(),
        b"esc\x1b[31m.tf".into(),
        b"bad\xff.tf".into(),
        b"with space.tf".into(),
        b"qu\"o'te.tf".into(),
        "ünï\u{202e}.tf".into(),
        format!("long/{long}/{long}/{long}.tf").into(),
        b"-write=true.tf".into(),
        b"a.tf line 3, in x.tf".into(),
    ];
    for (content, code) in [(UNFORMATTED, Code::UNFORMATTED_FILE), (BROKEN, Code::UNPARSABLE_FILE)] {
        let path = |it: &Vec<u8>| PathBuf::from(OsStr::from_bytes(it));
        let directory =
            directory(names.iter().map(|it| (path(it), content)).chain([("good.tf".into(), GOOD)]));
        let report = check(&terraform(), directory.path(), FmtSettings::default()).await;
        assert!(report.headline.starts_with("10 of 11 files "), "{}", report.headline);
        let found: BTreeSet<_> = report
            .findings
            .iter()
            .map(|it| match &it.subject {
                Some(Subject::File { path, .. }) => path.clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(found, names.iter().map(path).collect());
        for finding in &report.findings {
            assert_eq!(finding.code, code);
            assert_eq!(runtask_findings::printable(&finding.summary), finding.summary);
            assert_eq!(printable_lines(&finding.body), finding.body);
        }
    }
}

/// R-12: links are followed to files and not to directories; what cannot be read fails the check.
#[tokio::test]
async fn links_and_special_files() {
    let directory = directory([("real/main.tf", UNFORMATTED), ("elsewhere/x.txt", UNFORMATTED)]);
    let at = |name: &str| directory.path().join(name);
    symlink("real", at("linked")).unwrap();
    symlink("../elsewhere/x.txt", at("real/link.tf")).unwrap();
    let report = check(&terraform(), directory.path(), FmtSettings::default()).await;
    assert_eq!(report.headline, "2 of 2 files need formatting: real/link.tf, real/main.tf");
    assert!(at("real/link.tf").is_symlink());

    symlink("nowhere", at("dangling.tf")).unwrap();
    symlink("real", at("directory.tf")).unwrap();
    symlink("loop.tf", at("loop.tf")).unwrap();
    assert!(Command::new("mkfifo").arg(at("pipe.tf")).status().unwrap().success());
    let report = check(&terraform(), directory.path(), FmtSettings::default()).await;
    insta::assert_snapshot!(lines(&report), @"
    4 of 6 files cannot be read: dangling.tf, directory.tf, loop.tf, pipe.tf; 2 need formatting: real/link.tf, real/main.tf
    error unreadable-file [dangling.tf] dangling.tf cannot be read: it is a link that leads nowhere
    error unreadable-file [directory.tf] directory.tf cannot be read: it is a link to a directory
    error unreadable-file [loop.tf] loop.tf cannot be read: opening it failed
    error unreadable-file [pipe.tf] pipe.tf cannot be read: it is not a regular file
    error unformatted-file [real/link.tf:1] real/link.tf is not formatted
    error unformatted-file [real/main.tf:1] real/main.tf is not formatted
    ");
}

/// Root reads it all the same, and then it is unformatted.
#[tokio::test]
async fn a_file_without_permission_never_passes() {
    let directory = directory([("main.tf", UNFORMATTED)]);
    fs::set_permissions(directory.path().join("main.tf"), fs::Permissions::from_mode(0o000)).unwrap();
    let report = check(&terraform(), directory.path(), FmtSettings::default()).await;
    assert_eq!(verdict(&[report], OnError::Passed), Verdict::Failed);
}

#[tokio::test]
async fn a_read_only_file_is_judged() {
    let directory = directory([("main.tf", UNFORMATTED)]);
    fs::set_permissions(directory.path().join("main.tf"), fs::Permissions::from_mode(0o400)).unwrap();
    let report = check(&terraform(), directory.path(), FmtSettings::default()).await;
    assert_eq!(report.headline, "1 of 1 file needs formatting: main.tf");
}

#[tokio::test]
async fn long_lists_are_cut() {
    let names: Vec<_> = (0..13).map(|it| format!("{it:02}.tf")).collect();
    let files: Vec<_> = names.iter().map(|it| (&**it, UNFORMATTED)).collect();
    insta::assert_snapshot!(check_files(&files).await.headline, @"13 of 13 files need formatting: 00.tf, 01.tf, 02.tf, 03.tf, 04.tf, 05.tf, 06.tf, 07.tf, 08.tf, 09.tf, … and 3 more");
}

/// R-14, P-16: a check without a working terraform says so in one sentence, and has not passed.
#[tokio::test]
async fn without_a_working_terraform_the_check_is_unavailable() {
    let directory = directory([("main.tf", GOOD)]);
    let bin = TempDir::new().unwrap();
    let short = Duration::from_millis(300);
    let report =
        check(&Terraform::new("/nonexistent/terraform"), directory.path(), FmtSettings::default()).await;
    assert_eq!(report.headline, "Check fmt could not run: terraform could not be started");
    for (script, limit, reason) in [
        ("sleep 600", short, "terraform did not finish within 0.3 s"),
        ("kill -9 $$", crate::TIME_LIMIT, "terraform was ended by signal 9"),
        ("yes", crate::TIME_LIMIT, "terraform printed more than 8 MiB"),
        ("exit 1", crate::TIME_LIMIT, "terraform ended with exit code 1, which `terraform fmt` does not use"),
        (
            "exit 127",
            crate::TIME_LIMIT,
            "terraform ended with exit code 127, which `terraform fmt` does not use",
        ),
        // Objects in the directory, and finds nothing in the copies.
        (
            "case $* in *-check*) exit 3;; esac",
            crate::TIME_LIMIT,
            "terraform objected to the files, but not to a copy of them",
        ),
        ("exit 2", crate::TIME_LIMIT, "terraform reported a problem that belongs to no file"),
        (
            "printf '\nError: Failed to write 00000.tf\n\n' >&2; exit 2",
            crate::TIME_LIMIT,
            "terraform reported a problem that belongs to no file",
        ),
        (
            "printf '\nError: Spoof\n\n  on unknown.tf line 1:\n' >&2; exit 2",
            crate::TIME_LIMIT,
            "terraform reported a problem that belongs to no file",
        ),
    ] {
        let report =
            check(&fake(&bin, script).time_limit(limit), directory.path(), FmtSettings::default()).await;
        assert_eq!(report.headline, format!("Check fmt could not run: {reason}"), "{script}");
        assert!(is_unavailable(&report));
        assert_eq!(verdict(&[report], OnError::Failed), Verdict::Failed);
    }
    let report = check(&terraform(), &directory.path().join("nowhere"), FmtSettings::default()).await;
    assert_eq!(report.headline, "Check fmt could not run: the directory to check cannot be read");
}

/// The second run gets what the first has left of the time.
#[tokio::test]
async fn both_runs_share_the_time_limit() {
    let directory = directory([("main.tf", UNFORMATTED)]);
    let bin = TempDir::new().unwrap();
    let script = "case $* in *-check*) exit 3;; esac; sleep 600";
    let slow = fake(&bin, script).time_limit(Duration::from_secs(1));
    let report = check(&slow, directory.path(), FmtSettings::default()).await;
    assert_eq!(report.headline, "Check fmt could not run: terraform did not finish within 1 s");
}

/// R-14: the files that we count are those at which terraform looks.
#[test]
fn terraform_looks_at_the_same_files() {
    let names = [
        "main.tf",
        "a.tfvars",
        "a.tftest.hcl",
        "a.tfmock.hcl",
        "a.hcl",
        "a.tf.json",
        "a.tfstate",
        "tf",
        "a.TF",
        ".hidden.tf",
        "back.tf~",
        "#lock.tf#",
        "#open.tf",
        "~a.tf",
        ".terraform/main.tf",
        "sub/.git/main.tf",
        "back~/main.tf",
        "#lock#/main.tf",
        "dir.tf/main.tf",
        "sub/deep/main.tf",
        "sub/#/main.tf",
        "#.tf",
        "~/a.tf",
    ];
    let directory = directory(names.iter().map(|it| (it, UNFORMATTED)));
    let output = Command::new(real_program())
        .args(["fmt", "-check", "-recursive", "-list=true", "-no-color", "."])
        .current_dir(directory.path())
        .output()
        .unwrap();
    let theirs: BTreeSet<_> =
        std::str::from_utf8(&output.stdout).unwrap().lines().map(PathBuf::from).collect();
    let ours = walk(directory.path()).unwrap().readable;
    assert_eq!(ours.iter().cloned().collect::<BTreeSet<_>>(), theirs);
    let by_name = names.iter().map(PathBuf::from).filter(|it| is_formatted_file(it));
    assert_eq!(by_name.collect::<BTreeSet<_>>(), theirs);
}

/// What is known to be in doubt: a label with a code point that Unicode 15.0 does not have.
const DOUBTFUL: &str = "a = 1\nresource \"\u{378}\" \"b\" {}\n";

#[tokio::test]
async fn where_the_crate_is_not_sure_terraform_is_asked_or_nothing_has_passed() {
    let files = [("doubt.tf", DOUBTFUL), ("main.tf", UNFORMATTED), ("net/doubt.tf", DOUBTFUL)];
    let directory = directory(files);
    let archive =
        || files.iter().fold(ArchiveBuilder::new(), |archive, (name, content)| archive.file(name, content));
    let alone = fmt(Err(FindError::Nowhere), NATIVE);
    let report = alone.reported(alone.judge(directory.path()).await);
    insta::assert_snapshot!(lines(&report), @"
    2 of 3 files cannot be judged without terraform: doubt.tf, net/doubt.tf; 1 needs formatting: main.tf
    error check-unavailable [doubt.tf:2] doubt.tf cannot be judged without terraform: there are characters in a label whose normal form is not certain
    error check-unavailable [net/doubt.tf:2] net/doubt.tf cannot be judged without terraform: there are characters in a label whose normal form is not certain
    error unformatted-file [main.tf:1] main.tf is not formatted
    ");
    assert_eq!(check_archive(&alone, archive(), "").await, report);
    // What is found besides counts, also where a check that could not run would pass.
    assert_eq!(verdict(std::slice::from_ref(&report), OnError::Passed), Verdict::Failed);
    let broken = fmt(Ok(Terraform::new("/nonexistent/terraform")), NATIVE);
    assert_eq!(check_archive(&broken, archive(), "").await, report);
    let report = check_archive(&alone, archive(), "net").await;
    insta::assert_snapshot!(lines(&report), @"
    Check fmt could not run: 1 of 1 file cannot be judged without terraform: doubt.tf
    error check-unavailable [doubt.tf:2] doubt.tf cannot be judged without terraform: there are characters in a label whose normal form is not certain
    ");
    assert_eq!(verdict(std::slice::from_ref(&report), OnError::Failed), Verdict::Failed);
    assert_eq!(verdict(&[report], OnError::Passed), Verdict::Passed);

    let by_terraform = check(&terraform(), directory.path(), FmtSettings::default()).await;
    assert!(!is_unavailable(&by_terraform));
    let with_terraform = fmt(Ok(terraform()), NATIVE);
    assert_eq!(with_terraform.reported(with_terraform.judge(directory.path()).await), by_terraform);
    assert_eq!(check_archive(&with_terraform, archive(), "").await, by_terraform);
}

/// What an archive holds is judged as if it were on disk, where only what the check wants is.
#[tokio::test]
async fn an_archive_is_judged_as_if_it_were_on_disk() {
    let too_large = "# ".to_owned() + &"x".repeat(5 << 20);
    let archive = ArchiveBuilder::new()
        .directory("live/empty")
        .file("live/a.tf", UNFORMATTED)
        .file("live/.hidden/a.tf", UNFORMATTED)
        .file("live/replaced.tf", UNFORMATTED)
        .file("live/large.tf", &too_large)
        .file("elsewhere/b.tf", BROKEN)
        .file("elsewhere/b.txt", UNFORMATTED)
        .symlink("live/link.tf", "a.tf")
        .symlink("live/elsewhere.tf", "../elsewhere/c.tf")
        .file("elsewhere/c.tf", UNFORMATTED)
        .symlink("live/twice.tf", "./link.tf")
        .symlink("live/up.tf", "../elsewhere/b.tf")
        .symlink("live/loop.tf", "loop.tf")
        .symlink("live/nowhere.tf", "nowhere/at/all.tf")
        .symlink("live/unwanted.tf", "../elsewhere/b.txt")
        .symlink("live/directory.tf", "../elsewhere")
        .symlink("live/through.tf", "directory.tf/b.tf")
        .symlink("live/below.tf", "a.tf/x.tf")
        .symlink("live/later.tf", "z.tf")
        .file("live/z.tf", GOOD)
        .file("live/replaced.tf", GOOD);
    let on_disk = TempDir::new().unwrap();
    let packed = archive.clone().tar_gz().unwrap();
    runtask_archive::unpack(&packed[..], on_disk.path(), &Limits::default(), may_be_formatted).unwrap();
    let alone = fmt(Err(FindError::Nowhere), NATIVE);
    for directory in ["live", "elsewhere", "live/.hidden", ""] {
        let expected = check(&terraform(), &on_disk.path().join(directory), FmtSettings::default()).await;
        let mut found = check_archive(&alone, archive.clone(), directory).await;
        for (finding, expected) in found.findings.iter_mut().zip(&expected.findings) {
            if finding.body.contains("This is a link to a file elsewhere") {
                finding.body.clone_from(&expected.body);
            }
        }
        assert_eq!(found, expected, "{directory}");
    }
    let headline = check_archive(&alone, archive, "live").await.headline;
    insta::assert_snapshot!(headline, @"6 of 15 files cannot be read: below.tf, directory.tf, large.tf, loop.tf, nowhere.tf, unwanted.tf; 2 cannot be parsed: through.tf, up.tf; 4 need formatting: a.tf, elsewhere.tf, link.tf, twice.tf");
}

/// Enough for several threads, and for files that replace others while those are judged.
#[tokio::test]
async fn many_files_are_judged_and_the_last_of_a_name_counts() {
    let names: Vec<_> = (0..500).map(|it| format!("{}/{it:03}.tf", it % 7)).collect();
    let long = "a = 1\n".repeat(300);
    let mut archive = ArchiveBuilder::new();
    for (number, name) in names.iter().enumerate() {
        archive = archive.file(name, if number % 3 == 0 { UNFORMATTED } else { &long });
        if number % 100 == 50 {
            archive = archive.file(name, GOOD).file(name, UNFORMATTED).file(name, GOOD);
        }
    }
    let alone = fmt(Err(FindError::Nowhere), NATIVE);
    let report = check_archive(&alone, archive, "").await;
    // Those of `long` set an argument twice.
    assert!(report.headline.starts_with("330 of 500 files cannot be parsed: "), "{}", report.headline);
    assert_eq!(report.findings.iter().filter(|it| it.code == Code::UNFORMATTED_FILE).count(), 165);
}

/// A difference is told to operators, and changes no verdict.
#[tokio::test]
async fn with_both_terraform_decides_and_differences_are_told() {
    let directory = directory([("main.tf", UNFORMATTED), ("ok.tf", GOOD)]);
    let bin = TempDir::new().unwrap();
    let log_file = bin.path().join("log");
    let both = FmtSettings { engine: Some(Engine::Both), ..FmtSettings::default() };
    // Finds everything right, and could not be asked again.
    let passes = TempDir::new().unwrap();
    let once = self::fake(&passes, "case $* in *-check*) exit 0;; esac; exit 1");
    assert_eq!(lines(&check(&once, directory.path(), both).await), "Format check passed");
    let fake = fake(&bin, "exit 0");
    check(&fake, directory.path(), both).await;
    let log = tracing_subscriber::fmt()
        .json()
        .with_writer(std::sync::Arc::new(fs::File::create(&log_file).unwrap()));
    let guard = tracing::subscriber::set_default(log.finish());
    let compared = compare(&fake, vec![directory.path().join("main.tf")]).await.unwrap();
    compared.tell();
    drop(guard);
    let told: serde_json::Value =
        serde_json::from_str(fs::read_to_string(log_file).unwrap().lines().last().unwrap()).unwrap();
    assert_eq!(told["fields"]["event"], event::FMT_DIFFERENT);
    assert_eq!(told["fields"]["line"], 1);
    let report = check(&fake, directory.path(), both).await;
    assert_eq!(lines(&report), "Format check passed");
}

#[test]
fn only_an_engine_that_needs_terraform_is_in_want_of_it() {
    let obstacle = |engine| {
        let settings = FmtSettings { engine: Some(engine), ..FmtSettings::default() };
        fmt(Err(FindError::Nowhere), settings).obstacle().is_some()
    };
    assert_eq!([Engine::Terraform, Engine::Both, Engine::Native].map(obstacle), [true, true, false]);
}

fn words() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            "a",
            "b",
            " ",
            "  ",
            "=",
            "\n",
            "{",
            "}",
            "\"",
            "${",
            "#",
            "[",
            "]",
            ",",
            "<<E\n",
            "E\n",
            "1",
            "\r\n",
            "\t",
            "\u{1b}[31m",
            "é",
            "`",
            "Error: ",
            "  on x line 1:",
        ]),
        0..12,
    )
    .prop_map(|it| it.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// R-13: whatever the files hold, the verdict is terraform's own, and each file that it objects to is named.
    #[test]
    fn the_verdict_is_terraforms(contents in prop::collection::vec(words(), 1..6)) {
        let files = contents.iter().enumerate().map(|(number, it)| (format!("{number}.tf"), it));
        let directory = directory(files);
        let terraform = terraform();
        let code = Command::new(real_program())
            .args(["fmt", "-check", "-no-color", "."])
            .current_dir(directory.path())
            .output()
            .unwrap()
            .status
            .code();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let report = runtime.block_on(check(&terraform, directory.path(), FmtSettings::default()));
        prop_assert!(!is_unavailable(&report), "{}", report.headline);
        prop_assert_eq!(report.findings.is_empty(), code == Some(0));
        let broken = report.findings.iter().any(|it| it.code == Code::UNPARSABLE_FILE);
        prop_assert_eq!(broken, code == Some(2));
        let native = runtime.block_on(check(&terraform, directory.path(), NATIVE));
        prop_assert_eq!(native, report);
    }
}

//! Sources in git that mean harm, are too much, or do not answer.

use crate::on_terminal::shown;
use crate::place::Said;
use crate::repository::Repository;
use crate::{denies, place, plan};
use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

fn updated(source: &str) -> Said {
    place(&[source]).run(&["policy", "update"])
}

/// What is refused before any program is started, with its line in the file.
#[test]
fn what_could_be_an_option_or_lead_out_is_refused_with_its_line() {
    for (source, expected) in [
        ("git::https://example.com/a.git?ref=--upload-pack=touch", "this `ref` is no branch, tag or commit"),
        ("git::https://example.com/a.git//../..", "the directory behind `//` is a path within the source"),
        ("git::ssh://-oProxyCommand=touch/a.git", "this is no URL of a repository"),
        ("git::ext::sh%20-c%20touch", "write a repository as git::https://HOST/REPO.git"),
        ("git::http://example.com/a.git", "plain http is for this machine alone"),
        ("https://example.com/policies.tar.gz", "policies are fetched from git::https://"),
    ] {
        for command in [&["policy", "update"][..], &["policy", "check"], &["check", &plan()]] {
            let said = place(&[source]).run(command);
            assert_eq!(said.code, 2, "{source}");
            assert!(
                said.err.contains(&format!("error: {expected}"))
                    || said.err.contains(&format!("because: error: {expected}")),
                "{}",
                said.err
            );
            assert!(said.err.contains("runtask.toml:3:") && said.err.contains(source), "{}", said.err);
        }
    }
}

/// Whatever else is wrong in its line.
#[test]
fn a_password_in_a_url_is_refused_and_never_shown() {
    for source in [
        "git::https://me:hunter2@example.com/a.git",
        "oci://me:hunter2@example.com/a:1",
        "https://hunter2@example.com",
    ] {
        let place = place(&[source, "builtin:nothing"]);
        for command in [&["policy", "update"][..], &["policy", "check", "--json"], &["check", &plan()]] {
            let said = place.run(command);
            assert_eq!(said.code, 2);
            let all = said.out + &said.err;
            assert!(all.contains("a URL holds no user name or password here"), "{all}");
            assert!(all.contains("no rule `nothing` is shipped"), "{all}");
            assert!(!all.contains("hunter2"), "{all}");
        }
    }
}

/// A user's own settings of git may put a password into a URL: it is not in what git is quoted with.
#[test]
fn what_git_says_is_shown_without_passwords() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let place = place(&[&format!("git::http://127.0.0.1:{port}/a.git")]);
    let settings =
        format!("[url \"http://me:hunter2@127.0.0.1:{port}/\"]\n\tinsteadOf = http://127.0.0.1:{port}/\n");
    fs::write(place.path().join("home/.gitconfig"), settings).unwrap();
    let said = place.run(&["policy", "update"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains(&format!("http://127.0.0.1:{port}/a.git")), "{}", said.err);
    assert!(!said.err.contains("hunter2"), "{}", said.err);
}

#[test]
fn links_and_submodules_are_refused() {
    let repository = Repository::with(&[("p/a.rego", "package a\n"), ("q/b.rego", "package b\n")]);
    for target in ["/etc", "../q", "../../../etc/passwd"] {
        let link = repository.path().join("p/common");
        let _none = fs::remove_file(&link);
        symlink(target, &link).unwrap();
        repository.commit(&[]);
        for rest in ["//p", ""] {
            let said = updated(&repository.source(rest));
            assert_eq!(said.code, 2);
            assert!(said.err.contains("common, and links are not followed"), "{}", said.err);
        }
        let said = updated(&repository.source("//p/common"));
        assert_eq!(said.code, 2, "{}", said.out);
        // What lies beside it does no harm.
        assert_eq!(updated(&repository.source("//q")).code, 0);
    }
    let commit = repository.git(&["rev-parse", "HEAD"]);
    fs::remove_file(repository.path().join("p/common")).unwrap();
    repository.commit(&[]);
    repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},p/library")]);
    repository.git(&["commit", "--quiet", "--message", "Add a submodule"]);
    let said = updated(&repository.source("//p"));
    assert_eq!(said.code, 2);
    assert!(said.err.contains("it holds the submodule library"), "{}", said.err);
}

/// Hooks, attributes and filters of whoever shares: none of them runs or changes a byte.
#[test]
fn nothing_of_the_repository_is_run() {
    let repository = Repository::with(&[
        ("a.rego", &denies("as it was committed")),
        (".gitattributes", "*.rego export-ignore ident filter=evil text eol=crlf\n"),
        (".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = ./.\n"),
    ]);
    let place = place(&[&repository.source("?ref=main")]);
    let touched = place.path().join("touched");
    let script = format!("#!/bin/sh\ntouch {}\n", touched.display());
    let hooks = place.path().join("home/hooks");
    fs::create_dir(&hooks).unwrap();
    for hook in ["post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"] {
        let path = hooks.join(hook);
        fs::write(&path, &script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let settings = format!(
        "[core]\n\thooksPath = {0}\n\tautocrlf = true\n[init]\n\ttemplateDir = {0}\n[filter \"evil\"]\n\tsmudge = touch {1}\n",
        hooks.display(),
        touched.display()
    );
    fs::write(place.path().join("home/.gitconfig"), settings).unwrap();
    let said = place.run(&["policy", "update"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!touched.exists());
    assert_eq!(
        fs::read_to_string(crate::cached(&place).join("a.rego")).unwrap(),
        denies("as it was committed")
    );
}

#[test]
fn a_repository_of_a_hundred_thousand_files_is_too_much_unless_a_directory_is_named() {
    let repository = Repository::with(&[("few/a.rego", "package a\n")]);
    let mut stream = "blob\nmark :1\ndata 10\npackage a\n\ncommit refs/heads/many\ncommitter Ada <ada@example.com> 0 +0000\ndata 0\n\
                      from refs/heads/main^0\n"
        .to_owned();
    for number in 0..100_000 {
        writeln!(stream, "M 100644 :1 many/{}/{number}.rego", number / 1000).unwrap();
    }
    repository.git_on(&["fast-import", "--quiet"], stream.as_bytes());
    let said = updated(&repository.source("?ref=many"));
    assert_eq!(said.code, 2);
    assert!(said.err.contains("a source may have 32 MiB in 10000 files"), "{}", said.err);
    assert_eq!(updated(&repository.source("//few?ref=many")).code, 0);
    // And one file that is.
    repository.commit(&[("few/b.json", &"x".repeat(33 << 20))]);
    let said = updated(&repository.source("//few?ref=main"));
    assert_eq!(said.code, 2);
    assert!(said.err.contains("a source may have 32 MiB in 10000 files"), "{}", said.err);
}

#[test]
fn what_is_not_there_is_told() {
    let repository = Repository::with(&[("p/a.rego", "package a\n"), ("docs/README.md", "x")]);
    for (rest, expected) in [
        ("?ref=v9", "it has no branch or tag `v9`"),
        ("?ref=0123456", "a commit is written with its whole hash"),
        ("//q", "it has no directory `q`"),
        ("//p/a.rego", "it has no directory `p/a.rego`"),
        ("//docs", "holds no policies and no data there"),
    ] {
        let said = updated(&repository.source(rest));
        assert_eq!(said.code, 2, "{rest}: {}", said.out);
        assert!(said.err.contains(expected), "{}", said.err);
    }
    let said = place(&["git::file:///nonexistent/a.git"]).run(&["policy", "update"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("git ended with 128"), "{}", said.err);
    let bare = place(&[&repository.source("")]).variable("PATH", "/nonexistent");
    assert!(bare.run(&["policy", "update"]).err.contains("there is no program git on PATH: install it"));
}

/// A server that takes the connection and says nothing: there is an end, and nothing is left behind.
#[test]
fn a_server_that_hangs_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = format!("git::http://{}/a.git", listener.local_addr().unwrap());
    let place = place(&[&source]).variable("RUNTASK_FETCH_TIMEOUT_MS", "1000");
    let start = Instant::now();
    let said = place.run(&["policy", "update"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("1 s"), "{}", said.err);
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(listener.accept().is_ok(), "it was called");
    assert_eq!(fs::read_dir(place.path().join("tmp")).unwrap().count(), 1, "nothing but .keep");
}

/// On a terminal, whoever waits reads for what.
#[test]
fn a_terminal_is_told_what_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = format!("git::http://{}/a.git", listener.local_addr().unwrap());
    let place = place(&[&source]);
    let path = format!("PATH={}", std::env::var("PATH").unwrap());
    let variables = [path, "RUNTASK_FETCH_TIMEOUT_MS=3000".to_owned()];
    let shown = shown(&place, 100, &variables, &["policy", "update"]);
    assert!(shown.contains(&format!("asking {source}…")), "{shown}");
    assert!(shown.contains("RUNTASK_FETCH_TIMEOUT_MS allows more"), "{shown}");
}

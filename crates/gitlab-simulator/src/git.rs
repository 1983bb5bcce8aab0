//! Serves repositories over HTTP: real `git http-backend` behind the instance's address.

use crate::call::{Call, Reply};
use bytes::Bytes;
use runtask_process::{Program, RunError};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// How long one call of git may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The most bytes that it may say.
const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// Where programs are.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// The author of every commit, and when.
const AUTHOR: [(&str, &str); 6] = [
    ("GIT_AUTHOR_NAME", "Ada Example"),
    ("GIT_AUTHOR_EMAIL", "ada@example.com"),
    ("GIT_AUTHOR_DATE", "2026-08-20T09:10:00Z"),
    ("GIT_COMMITTER_NAME", "Ada Example"),
    ("GIT_COMMITTER_EMAIL", "ada@example.com"),
    ("GIT_COMMITTER_DATE", "2026-08-20T09:10:00Z"),
];

/// Why a repository could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// Its directory or a file of it could not be written.
    #[error("the repository could not be written")]
    Write(#[from] io::Error),
    /// git did not end by itself.
    #[error("git {0}")]
    Run(RunError),
    /// git refused.
    #[error("git {command} ended with {code}: {stderr}")]
    Refused {
        /// What was asked of it.
        command: String,
        /// Its exit code.
        code: i32,
        /// What it said.
        stderr: String,
    },
}

/// Bare repositories in one directory.
#[derive(Debug)]
pub(crate) struct Repositories {
    root: PathBuf,
}

impl Repositories {
    pub(crate) fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes the repository, or a further commit in it, with `main` and the pipeline's ref at it; the commit.
    /// `files` are all files of the commit.
    pub(crate) async fn commit(&self, name: &str, files: &[(&str, &str)]) -> Result<String, RepositoryError> {
        let bare = self.root.join(format!("{name}.git"));
        if !bare.exists() {
            std::fs::create_dir_all(&bare)?;
            git(&bare, &["init", "--quiet", "--bare", "--initial-branch=main", "."]).await?;
            for setting in ["uploadpack.allowAnySHA1InWant", "uploadpack.allowFilter"] {
                git(&bare, &["config", setting, "true"]).await?;
            }
        }
        let tree = tempfile::tempdir()?;
        for (path, content) in files {
            let path = tree.path().join(path);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, content)?;
        }
        let (repository, work_tree) =
            (format!("--git-dir={}", bare.display()), format!("--work-tree={}", tree.path().display()));
        let within = |arguments: &[&str]| -> Vec<String> {
            [repository.as_str(), work_tree.as_str()]
                .iter()
                .chain(arguments)
                .map(|&it| it.to_owned())
                .collect()
        };
        git(tree.path(), &within(&["add", "--all", "--force", "."])).await?;
        git(tree.path(), &within(&["commit", "--quiet", "--allow-empty", "-m", "Change the network"]))
            .await?;
        let sha = git(&bare, &["rev-parse", "HEAD"]).await?.trim().to_owned();
        git(&bare, &["update-ref", "refs/pipelines/905", &sha]).await?;
        Ok(sha)
    }

    /// Points a ref at a commit.
    pub(crate) async fn point(&self, name: &str, reference: &str, sha: &str) -> Result<(), RepositoryError> {
        let bare = self.root.join(format!("{name}.git"));
        git(&bare, &["update-ref", reference, sha]).await.map(|_nothing| ())
    }

    /// Answers one call of a git client.
    pub(crate) async fn answer(&self, call: &Call) -> Reply {
        match self.backend(call).await {
            Ok(output) => {
                cgi_reply(&output).unwrap_or_else(|| Reply::new(500, "git http-backend said nothing"))
            }
            Err(error) => Reply::new(500, error.to_string()),
        }
    }

    async fn backend(&self, call: &Call) -> Result<Bytes, RepositoryError> {
        let mut input = tempfile::tempfile()?;
        input.write_all(&call.body)?;
        input.rewind()?;
        let mut program = program(&self.root, &["http-backend"])
            .stdin(input)
            .variable("GIT_PROJECT_ROOT", &self.root)
            .variable("GIT_HTTP_EXPORT_ALL", "1")
            .variable("PATH_INFO", &call.path)
            .variable("QUERY_STRING", &call.query)
            .variable("REQUEST_METHOD", call.method.as_str())
            .variable("CONTENT_LENGTH", call.body.len().to_string());
        for (name, header) in [
            ("CONTENT_TYPE", "content-type"),
            ("HTTP_CONTENT_ENCODING", "content-encoding"),
            ("GIT_PROTOCOL", "git-protocol"),
        ] {
            if let Some(value) = call.header(header) {
                program = program.variable(name, value);
            }
        }
        let finished =
            program.run(Instant::now() + LIMIT, LIMIT, MOST_BYTES).await.map_err(RepositoryError::Run)?;
        Ok(finished.stdout.into())
    }
}

fn program(directory: &Path, arguments: &[impl AsRef<str>]) -> Program {
    let mut program = Program::new("git")
        .arguments(arguments.iter().map(AsRef::as_ref))
        .directory(directory)
        .variable("PATH", PATH)
        .variable("HOME", directory)
        .variable("GIT_CONFIG_NOSYSTEM", "1")
        // Whoever made the directories, the server reads them.
        .variable("GIT_CONFIG_COUNT", "1")
        .variable("GIT_CONFIG_KEY_0", "safe.directory")
        .variable("GIT_CONFIG_VALUE_0", "*");
    for (name, value) in AUTHOR {
        program = program.variable(name, value);
    }
    program
}

async fn git(directory: &Path, arguments: &[impl AsRef<str>]) -> Result<String, RepositoryError> {
    let finished = program(directory, arguments).run(Instant::now() + LIMIT, LIMIT, MOST_BYTES).await;
    let finished = finished.map_err(RepositoryError::Run)?;
    if finished.code == 0 {
        return Ok(String::from_utf8_lossy(&finished.stdout).into_owned());
    }
    Err(RepositoryError::Refused {
        command: arguments.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" "),
        code: finished.code,
        stderr: String::from_utf8_lossy(&finished.stderr).into_owned(),
    })
}

/// What a CGI program says: headers, an empty line, the body.
fn cgi_reply(output: &Bytes) -> Option<Reply> {
    let head_end = output.windows(4).position(|it| it == b"\r\n\r\n")?;
    let head = std::str::from_utf8(output.get(..head_end)?).ok()?;
    let mut reply = Reply::new(200, output.slice(head_end + 4..));
    for line in head.split("\r\n") {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            reply.status = value.split(' ').next()?.parse().ok()?;
        } else {
            reply = reply.with(&name.to_ascii_lowercase(), value);
        }
    }
    Some(reply)
}

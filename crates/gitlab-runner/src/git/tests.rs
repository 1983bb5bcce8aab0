use super::*;
use crate::memory_log::MemoryLog;
use crate::stop::Stopper;
use crate::variables::Variables;
use gitlab_runner_protocol::SecretText;
use std::path::PathBuf;
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(60);

/// A repository with a history, and the place of a job.
struct Place {
    directory: TempDir,
    environment: Vec<(String, String)>,
}

impl Place {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        for name in ["bin", "builds/project", "builds/project.tmp", "home"] {
            fs::create_dir_all(directory.path().join(name)).unwrap();
        }
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let environment = [
            ("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", path("bin"))),
            ("HOME", path("home")),
            // Submodules of the tests are files.
            ("GIT_ALLOW_PROTOCOL", "file".to_owned()),
        ];
        Self { environment: environment.map(|(name, value)| (name.to_owned(), value)).to_vec(), directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs a script and returns what it prints.
    async fn shell(&self, script: &str) -> String {
        let mut program =
            Program::new("/bin/bash").arguments(["-ec", script]).directory(self.directory.path());
        for (name, value) in &self.environment {
            program = program.variable(name, value);
        }
        for who in ["AUTHOR", "COMMITTER"] {
            program = program
                .variable(format!("GIT_{who}_NAME"), "Ada Example")
                .variable(format!("GIT_{who}_EMAIL"), "ada@example.com");
        }
        let finished = program.run(Instant::now() + LIMIT, LIMIT, 1 << 20).await.unwrap();
        assert_eq!(finished.code, 0, "{}", String::from_utf8_lossy(&finished.stderr));
        String::from_utf8(finished.stdout).unwrap()
    }

    /// A bare repository at `remote.git` with three commits on `main`, whose last is returned.
    async fn repository(&self) -> GitInfo {
        let sha = self
            .shell(
                "git init -q -b main work; cd work
                for i in 1 2 3; do echo $i > file; git add .; git commit -q -m $i; done
                echo '*.log' > .gitignore; git add .; git commit -q -m ignore
                git clone -q --bare . ../remote.git
                git --git-dir ../remote.git update-ref refs/pipelines/7 main
                git rev-parse HEAD",
            )
            .await;
        GitInfo {
            repo_url: SecretText::new(format!("file://{}/remote.git", self.directory.path().display())),
            reference: "main".to_owned(),
            sha: sha.trim().to_owned(),
            refspecs: vec![
                "+refs/pipelines/7:refs/pipelines/7".to_owned(),
                "+refs/heads/main:refs/remotes/origin/main".to_owned(),
            ],
            depth: 2,
            ..GitInfo::default()
        }
    }

    async fn get(&self, info: &GitInfo, pairs: &[(&str, &str)]) -> (Result<(), GitError>, String) {
        let (_stopper, stopping) = Stopper::new();
        self.get_or_stop(info, pairs, &stopping, LIMIT).await
    }

    async fn get_or_stop(
        &self,
        info: &GitInfo,
        pairs: &[(&str, &str)],
        stopping: &Stopping,
        limit: Duration,
    ) -> (Result<(), GitError>, String) {
        let mut variables = Variables::default();
        for (name, value) in pairs {
            variables.set(name, value);
        }
        let switches = Switches::read(&variables, &mut Vec::new());
        let log = MemoryLog::new();
        let (project, private) = (self.path("builds/project"), self.path("builds/project.tmp"));
        let git = Git { project: &project, private: &private, environment: &self.environment };
        let result = git.get_sources(info, &switches, &log.log, stopping, Instant::now() + limit).await;
        (result, log.text())
    }
}

#[tokio::test]
async fn the_commit_is_checked_out_with_as_much_history_as_was_asked_for() {
    let place = Place::new();
    let info = place.repository().await;
    let (result, log) = place.get(&info, &[]).await;
    result.unwrap();
    assert_eq!(
        log,
        format!(
            "Fetching 2 commits of each ref\nChecking out {} as detached HEAD (ref is main)\n",
            short(&info.sha)
        )
    );
    let seen = "cd builds/project; git rev-list HEAD | wc -l; cat file; git status --porcelain; git branch --show-current
        git for-each-ref --format '%(refname)'; ls .git/hooks 2> /dev/null || true";
    assert_eq!(place.shell(seen).await, "2\n3\nrefs/pipelines/7\nrefs/remotes/origin/main\n");
}

#[tokio::test]
async fn depth_0_is_the_whole_history_and_an_old_server_sends_no_refspecs() {
    let place = Place::new();
    let info = GitInfo { depth: 0, refspecs: Vec::new(), ..place.repository().await };
    let (result, log) =
        place.get(&info, &[("GIT_FETCH_EXTRA_FLAGS", "--tags"), ("GIT_CLEAN_FLAGS", "none")]).await;
    result.unwrap();
    assert!(log.starts_with("Fetching the whole history\n"), "{log}");
    assert_eq!(place.shell("git -C builds/project rev-list HEAD | wc -l").await, "4\n");
}

#[tokio::test]
async fn without_a_checkout_there_are_refs_alone() {
    let place = Place::new();
    let info = place.repository().await;
    place.get(&info, &[("GIT_CHECKOUT", "false")]).await.0.unwrap();
    let seen = "cd builds/project; ls; git rev-parse -q --verify HEAD || git rev-parse refs/pipelines/7";
    assert_eq!(place.shell(seen).await, format!("{}\n", info.sha));
}

#[tokio::test]
async fn submodules_are_checked_out_where_they_are_asked_for() {
    let place = Place::new();
    let mut info = place.repository().await;
    let url = format!("file://{}/remote.git", place.directory.path().display());
    let script = format!(
        "cd work; git submodule --quiet add {url} modules/a; git submodule --quiet add {url} modules/b
        git commit -q -m modules; git push -q ../remote.git HEAD:refs/heads/main HEAD:refs/pipelines/7; git rev-parse HEAD"
    );
    place.shell(&script).await.trim().clone_into(&mut info.sha);
    let pairs = [("GIT_SUBMODULE_STRATEGY", "recursive"), ("GIT_SUBMODULE_PATHS", ":(exclude)modules/b")];
    place.get(&info, &pairs).await.0.unwrap();
    assert_eq!(place.shell("cd builds/project/modules; cat a/file; ls b").await, "3\n");
}

/// G-44: what stands in files that outlive the checkout is no token.
#[tokio::test]
async fn the_token_is_in_one_private_file_and_nowhere_else() {
    let place = Place::new();
    let info = place.repository().await;
    // Whoever git is, it writes down how it was called; and goes where the settings send it.
    place.shell("printf '#!/bin/sh\\necho \"$@\" >> \"$HOME/calls\"; exec /usr/bin/git \"$@\"' > bin/git; chmod +x bin/git").await;
    let address =
        format!("file://gitlab-ci-token:glcbt-64_secret@{}/remote.git", place.directory.path().display());
    let info = GitInfo { repo_url: SecretText::new(address), ..info };
    let (result, log) = place.get(&info, &[]).await;
    result.unwrap();
    let files = place.shell("grep -rl glcbt-64_secret home builds bin").await;
    assert_eq!(files, "builds/project.tmp/git-credentials.config\n");
    let calls = place.shell("cat home/calls").await;
    assert!(calls.contains("fetch origin") && !calls.contains("secret"), "{calls}");
    assert!(!log.contains("secret"), "{log}");
    let seen = place.shell("git -C builds/project remote get-url origin").await;
    assert!(seen.contains("glcbt-64_secret@"), "it was used: {seen}");
    assert_eq!(place.shell("stat -c %a builds/project.tmp/git-credentials.config").await, "600\n");
}

#[tokio::test]
async fn large_files_are_pulled_where_the_program_is_there() {
    let place = Place::new();
    let info = place.repository().await;
    place.shell("printf '#!/bin/sh\\necho \"lfs $*\"' > bin/git-lfs; chmod +x bin/git-lfs").await;
    let (result, log) = place.get(&info, &[]).await;
    result.unwrap();
    assert!(log.ends_with("lfs pull\n"), "{log}");
    let place = Place { directory: place.directory, environment: place.environment };
    place.shell("rm -rf builds/project/.git").await;
    let (result, log) = place.get(&info, &[("GIT_LFS_SKIP_SMUDGE", "1")]).await;
    result.unwrap();
    assert!(!log.contains("lfs"), "{log}");
}

#[tokio::test]
async fn what_gitlab_did_not_mean_is_refused_before_git_sees_it() {
    let place = Place::new();
    let info = place.repository().await;
    let refused = async |info: GitInfo| place.get(&info, &[]).await.0.unwrap_err().to_string();
    let commit = "GitLab gave no usable commit or refspecs";
    assert_eq!(refused(GitInfo { sha: "--help".to_owned(), ..info.clone() }).await, commit);
    assert_eq!(
        refused(GitInfo { refspecs: vec!["--upload-pack=id".to_owned()], ..info.clone() }).await,
        commit
    );
    let address = "GitLab gave no usable address of the repository";
    assert_eq!(
        refused(GitInfo { repo_url: SecretText::new("ext::sh -c id"), ..info.clone() }).await,
        address
    );
    let missing = GitInfo { sha: "1".repeat(40), ..info };
    assert_eq!(refused(missing).await, "git checkout ended with exit code 128");
}

#[tokio::test]
async fn a_git_that_hangs_is_ended() {
    let place = Place::new();
    let info = place.repository().await;
    place.shell("printf '#!/bin/sh\\nsleep 600' > bin/git; chmod +x bin/git").await;
    let (stopper, stopping) = Stopper::new();
    let (result, _) = place.get_or_stop(&info, &[], &stopping, Duration::from_millis(200)).await;
    assert!(matches!(result, Err(GitError::TimedOut)));
    stopper.stop(Stop::Canceled);
    let (result, _) = place.get_or_stop(&info, &[], &stopping, LIMIT).await;
    assert!(matches!(result, Err(GitError::Stopped(Stop::Canceled))));
}

#[tokio::test]
async fn untracked_files_are_listed_with_ignored_ones() {
    let place = Place::new();
    let info = place.repository().await;
    place.get(&info, &[]).await.0.unwrap();
    place.shell("cd builds/project; mkdir 'a b'; touch 'a b/new'$'\\n' x.log").await;
    let (project, private) = (place.path("builds/project"), place.path("builds/project.tmp"));
    let git = Git { project: &project, private: &private, environment: &place.environment };
    let names = git.untracked(Instant::now() + LIMIT).await.unwrap();
    assert_eq!(names, ["a b/new\n", "x.log"]);
}

//! Tests `runtask comment` as a process, against a server that keeps comments as GitHub and GitLab do.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may end a test")]

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

const TOKEN: &str = "an-example-of-a-token";
const MARK: &str = "<!-- runtask comment: check -->";

/// Who is who: the token's own user, and a stranger.
const OURS: u64 = 7;
const STRANGER: u64 = 8;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Comment {
    id: u64,
    author: u64,
    body: String,
}

#[derive(Debug, Default)]
struct Kept {
    comments: Vec<Comment>,
    /// Whether nobody is told whose the token is, as in a job of GitHub Actions.
    is_job: bool,
    /// Whether another job writes the same, just before.
    is_race: bool,
}

type Shared = Arc<Mutex<Kept>>;

/// GitHub at `/`, GitLab at `/api/v4`, and what both keep.
struct Forge {
    address: String,
    kept: Shared,
    _runtime: tokio::runtime::Runtime,
    directory: TempDir,
}

impl Forge {
    fn start(comments: &[(u64, &str)]) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build().unwrap();
        let comments = (1..).zip(comments);
        let comments =
            comments.map(|(id, (author, body))| Comment { id, author: *author, body: (*body).to_owned() });
        let kept: Shared = Arc::new(Mutex::new(Kept { comments: comments.collect(), ..Kept::default() }));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&kept));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, kept, _runtime: runtime, directory: TempDir::new().unwrap() }
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) {
        change(&mut self.kept.lock().unwrap());
    }

    fn comments(&self) -> Vec<(u64, String)> {
        let kept = self.kept.lock().unwrap();
        kept.comments.iter().map(|it| (it.author, it.body.clone())).collect()
    }

    /// Comments from a job of GitHub Actions about pull request 5.
    fn github(&self, text: &str, more: &[&str]) -> (i32, String) {
        let event = self.directory.path().join("event.json");
        std::fs::write(&event, json!({ "pull_request": { "number": 5 } }).to_string()).unwrap();
        let environment = [
            ("GITHUB_TOKEN", TOKEN),
            ("GITHUB_REPOSITORY", "acme/net"),
            ("GITHUB_API_URL", &self.address),
            ("GITHUB_EVENT_PATH", event.to_str().unwrap()),
        ];
        self.run(text, more, &environment)
    }

    /// Comments from a pipeline of GitLab for merge request 5 of project 3.
    fn gitlab(&self, text: &str, more: &[&str]) -> (i32, String) {
        let api = format!("{}/api/v4", self.address);
        let environment = [
            ("GITLAB_TOKEN", TOKEN),
            ("CI_PROJECT_ID", "3"),
            ("CI_API_V4_URL", &api),
            ("CI_MERGE_REQUEST_IID", "5"),
        ];
        self.run(text, more, &environment)
    }

    fn run(&self, text: &str, more: &[&str], environment: &[(&str, &str)]) -> (i32, String) {
        let file = self.directory.path().join("result.md");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_runtask"));
        command.arg("comment").arg(&file).args(more).env_clear().envs(environment.iter().copied());
        let said = command.stdin(Stdio::null()).output().unwrap();
        let text = [said.stdout, said.stderr].map(|it| String::from_utf8(it).unwrap()).concat();
        assert!(!text.contains(TOKEN), "{text}");
        (said.status.code().unwrap(), text)
    }
}

/// Answers as both do: of GitHub, an author is a `user`, of GitLab an `author`.
async fn answer(
    State(kept): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    let mut kept = kept.lock().unwrap();
    let kept = &mut *kept;
    let is_gitlab = uri.path().starts_with("/api/v4/");
    let (whose, list, one) = if is_gitlab {
        ("author", "/api/v4/projects/3/merge_requests/5/notes", "/api/v4/projects/3/merge_requests/5/notes/")
    } else {
        ("user", "/repos/acme/net/issues/5/comments", "/repos/acme/net/issues/comments/")
    };
    let given = if is_gitlab { headers.get("private-token") } else { headers.get("authorization") };
    let wanted = if is_gitlab { TOKEN.to_owned() } else { format!("Bearer {TOKEN}") };
    if given.is_none_or(|it| *it != *wanted) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "message": "Bad credentials" })));
    }
    let shown = |it: &Comment| {
        let kind = if it.author == OURS { "Bot" } else { "User" };
        json!({ "id": it.id, "body": it.body, whose: { "id": it.author, "type": kind } })
    };
    let text = || serde_json::from_str::<Value>(&body).unwrap()["body"].as_str().unwrap().to_owned();
    let next = kept.comments.iter().map(|it| it.id).max().unwrap_or(0) + 1;
    let path = uri.path();
    if path == "/user" || path == "/api/v4/user" {
        if kept.is_job && !is_gitlab {
            return (
                StatusCode::FORBIDDEN,
                Json(json!({ "message": "Resource not accessible by integration" })),
            );
        }
        return (StatusCode::OK, Json(json!({ "id": OURS })));
    }
    if path == list && method == Method::GET {
        let query: HashMap<_, _> =
            url::form_urlencoded::parse(uri.query().unwrap().as_bytes()).into_owned().collect();
        let number = |key: &str| query[key].parse::<usize>().unwrap();
        let pages = kept.comments.chunks(number("per_page")).nth(number("page") - 1).unwrap_or_default();
        return (StatusCode::OK, Json(pages.iter().map(shown).collect()));
    }
    if path == list && method == Method::POST {
        if std::mem::take(&mut kept.is_race) {
            kept.comments.push(Comment { id: next, author: OURS, body: text() });
        }
        let id = kept.comments.iter().map(|it| it.id).max().unwrap_or(0) + 1;
        kept.comments.push(Comment { id, author: OURS, body: text() });
        return (StatusCode::CREATED, Json(json!({ "id": id })));
    }
    let id = path.strip_prefix(one).and_then(|it| it.parse::<u64>().ok());
    let place = id.and_then(|id| kept.comments.iter().position(|it| it.id == id && it.author == OURS));
    let Some(place) = place else { return (StatusCode::NOT_FOUND, Json(Value::Null)) };
    let change = if is_gitlab { Method::PUT } else { Method::PATCH };
    if method == change {
        kept.comments[place].body = text();
        return (StatusCode::OK, Json(shown(&kept.comments[place])));
    }
    if method == Method::DELETE {
        kept.comments.remove(place);
        return (StatusCode::NO_CONTENT, Json(Value::Null));
    }
    (StatusCode::METHOD_NOT_ALLOWED, Json(Value::Null))
}

type Run = fn(&Forge, &str, &[&str]) -> (i32, String);
const BOTH: [Run; 2] = [Forge::github, Forge::gitlab];

#[test]
fn a_second_run_writes_over_the_comment_of_the_first() {
    for run in BOTH {
        let forge = Forge::start(&[(STRANGER, "Looks good.")]);
        let (code, said) = run(&forge, "## Run task: failed\n", &[]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("is written\n") && said.contains("request 5"), "{said}");
        let (code, said) = run(&forge, "## Run task: passed\n", &[]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("is written over\n"), "{said}");
        let body = format!("{MARK}\n## Run task: passed\n");
        assert_eq!(forge.comments(), [(STRANGER, "Looks good.".to_owned()), (OURS, body)]);
    }
}

#[test]
fn nobody_elses_comment_is_taken_for_it_whatever_it_says() {
    for (run, is_job) in [(BOTH[0], true), (BOTH[0], false), (BOTH[1], false)] {
        let theirs = format!("{MARK}\nPassed, of course.");
        let forge = Forge::start(&[(STRANGER, &theirs), (OURS, "Something else of ours.")]);
        forge.change(|it| it.is_job = is_job);
        assert_eq!(run(&forge, "failed", &[]).0, 0);
        let comments = forge.comments();
        assert_eq!(comments.len(), 3);
        assert_eq!(comments[0], (STRANGER, theirs));
        assert_eq!(comments[2], (OURS, format!("{MARK}\nfailed")));
    }
}

#[test]
fn a_comment_that_is_far_down_is_found() {
    for run in BOTH {
        let ours = format!("{MARK}\nfailed");
        let mut many = vec![(STRANGER, "More."); 230];
        many.insert(220, (OURS, &ours));
        let forge = Forge::start(&many);
        assert_eq!(run(&forge, "passed", &[]).0, 0);
        let comments = forge.comments();
        assert_eq!(comments.len(), 231);
        assert_eq!(comments[220], (OURS, format!("{MARK}\npassed")));
    }
}

#[test]
fn two_jobs_at_once_leave_one_comment() {
    for run in BOTH {
        let forge = Forge::start(&[]);
        forge.change(|it| it.is_race = true);
        let (code, said) = run(&forge, "failed", &[]);
        assert_eq!(code, 0, "{said}");
        assert_eq!(forge.comments(), [(OURS, format!("{MARK}\nfailed"))]);
    }
}

#[test]
fn comments_of_other_names_stay() {
    for run in BOTH {
        let forge = Forge::start(&[]);
        assert_eq!(run(&forge, "one", &["--name", "plan"]).0, 0);
        assert_eq!(run(&forge, "two", &[]).0, 0);
        assert_eq!(run(&forge, "three", &["--name", "plan"]).0, 0);
        let bodies: Vec<_> = forge.comments().into_iter().map(|it| it.1).collect();
        assert_eq!(bodies, ["<!-- runtask comment: plan -->\nthree".to_owned(), format!("{MARK}\ntwo")]);
        assert_eq!(run(&forge, "x", &["--name", "a-->b"]).0, 2);
    }
}

#[test]
fn what_is_wrong_is_said_with_what_to_do() {
    let forge = Forge::start(&[]);
    let long = "x".repeat(65_001);
    assert!(forge.github(&long, &[]).1.contains("--format markdown"));
    assert!(forge.github(" \n", &[]).1.contains("is empty"));
    let (code, said) = forge.github("text", &["--number", "6"]);
    assert!(code == 2 && said.contains("404: there is no such pull request"), "{said}");
    for (environment, wanted) in [
        (&[][..], "neither GITHUB_REPOSITORY nor CI_PROJECT_ID"),
        (&[("GITHUB_REPOSITORY", "a/b")], "GITHUB_TOKEN is not set"),
        (&[("GITHUB_REPOSITORY", "a/b/c"), ("GITHUB_TOKEN", "t")], "no OWNER/NAME"),
        (&[("GITHUB_REPOSITORY", "a/.."), ("GITHUB_TOKEN", "t")], "no OWNER/NAME"),
        (&[("GITHUB_REPOSITORY", "a/b"), ("GITHUB_TOKEN", "t")], "GITHUB_EVENT_PATH is not set"),
        (&[("CI_PROJECT_ID", "../3"), ("GITLAB_TOKEN", "t"), ("CI_API_V4_URL", "https://x")], "no number"),
        (
            &[
                ("CI_PROJECT_ID", "3"),
                ("GITLAB_TOKEN", "t"),
                ("CI_API_V4_URL", "http://gitlab.example.com/api/v4"),
                ("CI_MERGE_REQUEST_IID", "5"),
            ],
            "CI_API_V4_URL is no address",
        ),
    ] {
        let (code, said) = forge.run("text", &[], environment);
        assert!(code == 2 && said.contains(wanted), "{wanted}: {said}");
    }
    let wrong =
        [("GITHUB_TOKEN", "another"), ("GITHUB_REPOSITORY", "acme/net"), ("GITHUB_API_URL", &forge.address)];
    let (code, said) = forge.run("text", &["--number", "5"], &wrong);
    assert!(code == 2 && said.contains("401: the token is not valid") && !said.contains("another"), "{said}");
    assert!(forge.comments().is_empty());
}

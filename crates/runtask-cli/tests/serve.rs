//! Tests what `runtask serve` says when it starts, and when it does not.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]
#![expect(dead_code, reason = "other tests use more of a place")]

mod place;

use place::Place;
use std::io::{BufRead, BufReader};

const TASKS: &str = "[tasks.default]\nchecks = [\"fmt\"]\n[tasks.net]\nchecks = [\"plan-summary\", \"policy\"]\n\
                     [tasks.net.policy]\npaths = [\"builtin:all\"]\n";

/// What it says until it listens.
fn said_at_start(place: &Place, arguments: &[&str]) -> Vec<String> {
    let mut process = place.start(&[&["serve"], arguments].concat());
    let mut said = Vec::new();
    for line in BufReader::new(process.stderr.take().unwrap()).lines() {
        said.push(line.unwrap());
        if said.last().unwrap().contains("listening on") {
            break;
        }
    }
    process.kill().unwrap();
    process.wait().unwrap();
    place.wait_for_nobody();
    said
}

/// U-02: which tasks of which file, where, with which checks, and what keeps claims.
#[test]
fn it_says_what_it_serves() {
    let place =
        Place::with(&[("runtask.toml", TASKS)]).variable("HMAC_KEY", "a key for the tests of serve, long");
    // U-04: a port alone, and a name.
    for listen in ["0", "localhost:0", "127.0.0.1:0"] {
        let said = said_at_start(&place, &["--listen", listen]);
        let has = |text: &str| said.iter().any(|it| it.contains(text));
        for text in [
            "task default at /: fmt",
            "task net at /net: plan-summary, policy",
            "listening on http://127.0.0.1:",
            "(tasks of runtask.toml, claims in memory, runtask ",
        ] {
            assert!(has(text), "{text}: {said:?}");
        }
    }
    let place = place.variable("RUNTASK_CHECKS", "fmt");
    let said = said_at_start(&place, &["--listen", "0"]);
    assert!(said.iter().any(|it| it.contains("(tasks of RUNTASK_CHECKS, ")), "{said:?}");
}

/// U-04: what it says to set is what it takes.
#[test]
fn without_a_key_it_asks_for_the_one_that_it_takes() {
    let place = Place::with(&[]);
    let said = place.run(&["serve"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("HMAC_KEY is not set: nobody could be trusted"), "{}", said.err);
    assert!(!said.err.contains("HMAC_SECRET_KEY_PARAM"), "{}", said.err);
    let place = place.variable("HMAC_SECRET_KEY_PARAM", "/runtask/key");
    let said = place.run(&["serve"]);
    assert!(said.code == 2 && said.err.contains("Lambda function only: set HMAC_KEY"), "{}", said.err);
    let said = place.run(&["serve", "--listen", ":8080"]);
    assert!(said.code == 2 && said.err.contains("127.0.0.1:8080"), "{}", said.err);
}

/// Starts `serve`, and gives what it has logged with this text in it.
fn started_and_said(place: &Place, arguments: &[&str], text: &str) -> (std::process::Child, String) {
    let mut process = place.start(&[&["serve"], arguments].concat());
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|it| it.contains(text)).unwrap();
    // It must not wait for a reader of its log.
    std::thread::spawn(move || lines.for_each(drop));
    (process, line)
}

/// T-51: what the health check of a container asks, with the setting that `serve` has.
#[test]
fn health_is_checked_at_the_address_that_serve_has() {
    let place = Place::with(&[]).variable("HMAC_KEY", "a key for the tests of serve, long");
    let (mut process, line) = started_and_said(&place, &["--listen", "0"], "listening on http://");
    let address = line.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let port = address.rsplit_once(':').unwrap().1;
    let there = place.variable("RUNTASK_LISTEN", format!("0.0.0.0:{port}"));
    let run = |arguments: &[&str]| {
        let mut asking = there.start(arguments);
        drop(asking.stdin.take());
        let said = asking.wait_with_output().unwrap();
        (said.status.code().unwrap(), String::from_utf8(said.stdout).unwrap(), said.stderr)
    };
    let (code, out, _) = run(&["healthcheck"]);
    assert_eq!((code, out), (0, format!("runtask serve answers at {address}\n")));
    process.kill().unwrap();
    process.wait().unwrap();
    let (code, out, err) = run(&["healthcheck"]);
    let err = String::from_utf8(err).unwrap();
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with(&format!("error: nobody answers at {address}\n")), "{err}");
    let (code, out, _) = run(&["healthcheck", "--json"]);
    assert!(code == 1 && out.contains("\"healthy\": false"), "{code} {out}");
    there.wait_for_nobody();
}

/// Something else at the address is not health.
#[test]
fn a_stranger_at_the_address_is_not_healthy() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let stranger = std::thread::spawn(move || {
        use std::io::{Read, Write};
        for answer in ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 503 x\r\n\r\n", ""] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 256];
            let length = stream.read(&mut asked).unwrap();
            assert!(asked[..length].starts_with(b"GET /healthz HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let place = Place::with(&[]);
    for _ in 0..3 {
        let said = place.run(&["healthcheck", "--listen", &address]);
        assert_eq!(said.code, 1);
        assert!(said.err.contains("is no runtask serve, or not well"), "{}", said.err);
    }
    stranger.join().unwrap();
}

/// What is asked for is there, or nothing starts.
#[test]
fn an_address_for_metrics_that_is_taken_stops_the_start() {
    let place = Place::with(&[]).variable("HMAC_KEY", "a key for the tests of serve, long");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = place.run(&["serve", "--listen", "0", "--metrics-listen", &address]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains(&format!("cannot listen on {address} for metrics")), "{}", said.err);
}

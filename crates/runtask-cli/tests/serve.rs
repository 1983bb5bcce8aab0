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

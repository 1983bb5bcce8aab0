//! Tests `runtask simulate` as a process: what it says of faults, of silence, and of what nobody reads.

#![expect(clippy::disallowed_methods, reason = "tests start programs as people do, with what is around them")]
#![expect(clippy::unwrap_used, reason = "helpers of tests may end a test")]

mod place;

use place::{Place, Said, repository_text};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

const PLAN: &str = "tests/fixtures/plans/empty/plan.json";

/// A configuration, and a terraform that finds it formatted.
fn place() -> Place {
    let place =
        Place::with(&[("configuration/main.tf", "locals {}\n"), ("bin/terraform", "#!/bin/sh\nexit 0\n")]);
    let terraform = place.path().join("bin/terraform");
    fs::set_permissions(&terraform, fs::Permissions::from_mode(0o755)).unwrap();
    let terraform = terraform.display().to_string();
    place.variable("RUNTASK_TERRAFORM", terraform).variable("RUNTASK_CHECKS", "fmt,plan-summary")
}

fn simulate(place: &Place, arguments: &[&str]) -> Said {
    place.run(&[&["simulate", "configuration"], arguments].concat())
}

/// The last line, which says whether the protocol was kept.
fn protocol(said: &Said) -> &str {
    said.out.lines().last().unwrap_or_default()
}

/// Answers every request with 200, and does no more; its URL.
fn silent_run_task() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            while !request.ends_with(b"}") {
                match stream.read(&mut piece) {
                    Ok(read @ 1..) => request.extend(piece.iter().take(read)),
                    _ => break,
                }
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _gone = stream.write_all(answer);
        }
    });
    url
}

/// U-03: the title names the faults; the end says of each what happened and whether that is right.
#[test]
fn what_came_of_faults_is_said() {
    let said = simulate(&place(), &["--fault", "callback-500", "--fault", "any-2xx"]);
    assert_eq!(said.code, 0, "{said:?}");
    let title = "HCP Terraform, simulated: configuration → our own run task, with callback-500, any-2xx\n";
    assert!(said.out.starts_with(title), "{}", said.out);
    let end: Vec<_> = said.out.lines().skip_while(|it| !it.starts_with("✓ callback-500")).collect();
    insta::assert_snapshot!(end.join("\n"), @"
    ✓ callback-500                 right: 2 callbacks were answered 500; it passed the run
    · any-2xx                      never came up: the request was answered 200

    Protocol: kept, as far as it was tried.
    ");
}

/// U-03: where there can be no result, right is 0.
#[test]
fn a_cancelled_run_for_which_all_is_right_is_a_success() {
    let said = simulate(&place(), &["--fault", "cancel"]);
    assert_eq!((said.code, protocol(&said)), (0, "Protocol: kept."), "{said:?}");
    assert!(said.out.contains("\n✓ cancel "), "{}", said.out);
}

/// U-03: nobody has kept a protocol that was not tried.
#[test]
fn a_run_task_that_cannot_be_reached_has_kept_nothing() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{gone}/");
    let said = simulate(&place(), &["--url", &url]);
    assert_eq!((said.code, protocol(&said)), (2, "Protocol: not tried."), "{said:?}");
    let said = simulate(&place(), &["--url", &url, "--fault", "cancel"]);
    assert_eq!((said.code, protocol(&said)), (2, "Protocol: not tried."), "{said:?}");
    let said = simulate(&place(), &["--url", &url, "--all-faults"]);
    assert_eq!(said.code, 2, "{said:?}");
    let last = "error: the run task does not get through a run without any fault\n";
    assert!(said.err.ends_with(last) && said.err.contains("Protocol: not tried."), "{}", said.err);
}

/// U-01: silence is said after some seconds, with what a run task has to know.
#[test]
fn silence_is_said_with_what_to_set() {
    let said = simulate(&place(), &["--url", &silent_run_task(), "--timeout", "7"]);
    assert_eq!((said.code, protocol(&said)), (2, "Protocol: broken: no final result came."), "{said:?}");
    let hint = said.err.lines().skip_while(|it| !it.starts_with("No callback came yet.")).nth(1);
    let setting = hint.unwrap_or_default().trim();
    assert!(setting.starts_with("RUNTASK_ALLOWED_ORIGINS=http://127.0.0.1:"), "{}", said.err);
}

/// V-08: what no check reads cannot have been passed.
#[test]
fn what_nobody_reads_is_refused() {
    let both = place();
    let plan = both.path().join("plan.json").display().to_string();
    fs::write(&plan, repository_text(PLAN)).unwrap();
    let with = |checks: &str| place().variable("RUNTASK_CHECKS", checks);
    let cases = [
        simulate(&with("fmt"), &["--plan", &plan]),
        simulate(&with("fmt"), &["--plan", &plan, "--all-faults"]),
        simulate(&with("plan-summary"), &[]),
        simulate(&both, &["--plan", &plan, "--stage", "pre_plan"]),
    ];
    assert!(cases.iter().all(|it| it.code == 2 && it.out.is_empty()), "{cases:?}");
    let said: Vec<_> = cases.iter().map(|it| it.err.as_str()).collect();
    insta::assert_snapshot!(said.join(""), @"
    error: no check of the task default reads a plan, its checks are fmt: leave the plan out, or choose another task
    error: no check of the task default reads a plan, its checks are fmt: leave the plan out, or choose another task
    error: no check of the task default reads a configuration, its checks are plan-summary: leave the directory out, or choose another task
    error: nobody reads a plan at pre_plan, which comes before it: leave --plan out, or choose another --stage
    ");
    for said in [
        simulate(&with("plan-summary"), &["--plan", &plan]),
        place().variable("RUNTASK_CHECKS", "plan-summary").run(&["simulate"]),
        simulate(&both, &["--plan", &plan]),
    ] {
        assert_eq!(said.code, 0, "{said:?}");
    }
}

/// Our own run task does what is right for each fault; three never come up for one that does.
#[test]
fn our_own_run_task_is_right_for_every_fault() {
    let said = simulate(&place(), &["--all-faults"]);
    let others: Vec<_> = said.out.lines().filter(|it| it.starts_with(['✗', '·'])).collect();
    insta::assert_snapshot!(others.join("\n"), @"
    · any-2xx                      never came up: the request was answered 200
    · after-final-422              never came up: nothing came after the final result
    · after-final-401              never came up: nothing came after the final result
    ");
    let faults = runtask_simulator::Fault::all().len();
    let summary = format!("\n\n{faults} faults: {} right, 0 wrong, 3 never came up.\n", faults - 3);
    assert!(said.code == 0 && said.out.ends_with(&summary), "{said:?}");
}

/// The same for a run task that is somewhere else, told to programs.
#[test]
fn a_served_run_task_is_right_for_every_fault() {
    let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (api, archivist) = (port(), port());
    let place = place()
        .variable("HMAC_KEY", "a-key-of-at-least-thirty-two-bytes")
        .variable("RUNTASK_MAX_UNPACKED_BYTES", "16777216")
        .variable("RUNTASK_CONCURRENCY", "16")
        .variable("RUNTASK_ALLOWED_ORIGINS", format!("http://{api},http://{archivist}"));
    let mut serve = place.start(&["serve", "--listen", "127.0.0.1:0"]);
    let mut log = BufReader::new(serve.stderr.take().unwrap()).lines();
    let listening = log.find_map(|it| Some(it.unwrap().split_once("listening on ")?.1.to_owned())).unwrap();
    let url = listening.split_whitespace().next().unwrap();
    // Whoever writes to a pipe that nobody reads waits.
    let reading = std::thread::spawn(move || log.map_while(Result::ok).for_each(drop));
    let arguments = ["--listen", &api, "--listen-archivist", &archivist, "--all-faults", "--json"];
    let mut simulate = place.start(&[&["simulate", "configuration", "--url", url], &arguments[..]].concat());
    drop(simulate.stdin.take());
    let output = simulate.wait_with_output().unwrap();
    serve.kill().unwrap();
    serve.wait().unwrap();
    reading.join().unwrap();
    place.wait_for_nobody();

    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let faults = json["faults"].as_array().unwrap();
    assert_eq!(faults.len(), runtask_simulator::Fault::all().len());
    let wrong: Vec<_> = faults.iter().filter(|it| it["conduct"] == "wrong").collect();
    assert!(wrong.is_empty() && output.status.code() == Some(0), "{wrong:#?}");
    assert_eq!((&json["wrong"], &json["unseen"]), (&0.into(), &3.into()));
}

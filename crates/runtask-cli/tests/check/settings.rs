//! Tests what the command does with settings that are odd: numbers at and beyond their bounds, names that nobody knows,
//! keys that are short.

use crate::place::{Place, repository};
use crate::terraform;
use runtask_settings::Number;
use runtask_settings::numbers::{self, ALL};

/// Numbers that `serve` reads.
fn of_serve() -> impl Iterator<Item = &'static Number> {
    let lambda_alone = [numbers::HAND_OVER_TIMEOUT, numbers::EXTENSION_PORT, numbers::APPROVALS_AUDIT_DAYS];
    // Where something is fetched; here nothing is.
    let others = [&lambda_alone[..], &[numbers::FETCH_TIMEOUT]].concat();
    let is_of_others = move |it: &Number| others.iter().any(|other| other.name == it.name);
    ALL.iter().filter(move |it| it.name.starts_with("RUNTASK_") && !is_of_others(it))
}

/// All that reads a number.
const TASKS: &str = "[tasks.default]\nchecks = ['fmt', 'plan-summary', 'policy']\n\
                     [tasks.default.policy]\npaths = ['builtin:all']\n";

/// A place with these numbers set.
fn with_numbers(value: impl Fn(&Number) -> u64) -> Place {
    let place =
        Place::with(&[("runtask.toml", TASKS)]).variable("RUNTASK_TERRAFORM", terraform().to_str().unwrap());
    of_serve().fold(place, |place, number| place.variable(number.name, value(number).to_string()))
}

/// S-01: nothing starts with a number beyond its bounds, and all of them are told.
#[test]
fn numbers_beyond_their_bounds_are_refused_together() {
    let beyond: [fn(&Number) -> u64; 2] = [|it| it.lowest - 1, |it| it.highest + 1];
    for beyond in beyond {
        let place = with_numbers(beyond).variable("HMAC_KEY", "k".repeat(32));
        let said = place.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert_eq!(said.code, 2, "{}", said.err);
        for number in of_serve() {
            let Number { name, lowest, highest, .. } = number;
            let problem = format!("{name}: write a whole number from {lowest} to {highest}");
            assert!(said.err.contains(&problem), "{problem}\n{}", said.err);
        }
    }
}

/// S-01: at its bounds no number makes anything panic, and a run has a result that keeps to the protocol.
#[test]
fn a_run_has_its_result_with_numbers_at_their_bounds() {
    let example = repository("examples/unformatted").display().to_string();
    let is_size = |it: &Number| it.name.contains("_MAX_") && it.name != numbers::MAX_JOBS.name;
    let lowest = |it: &Number| if is_size(it) { it.default } else { it.lowest };
    for place in [with_numbers(lowest), with_numbers(|it| it.highest)] {
        let said = place.run(&["simulate", &example, "--json"]);
        assert_eq!(said.code, 1, "{}{}", said.out, said.err);
        assert!(!said.err.contains("panicked"), "{}", said.err);
        let result: serde_json::Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(result["violations"], serde_json::json!([]), "{result}");
    }
}

/// S-01: of the command line, too.
#[test]
fn a_wait_has_bounds() {
    for seconds in ["0", "3601"] {
        let said = Place::with(&[]).run(&["simulate", "--timeout", seconds]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains("1..=3600"), "{}", said.err);
    }
}

/// S-11: by every command, whatever it logs.
#[test]
fn a_setting_that_nobody_knows_is_told() {
    let warning = "RUNTASK_TERRAFROM is no setting of the run task, and nobody reads it; did you mean RUNTASK_TERRAFORM?";
    let place = Place::with(&[("main.tf", "")]).variable("RUNTASK_TERRAFROM", "/nowhere");
    for command in [&["policy", "list"][..], &["check", ".", "--json"], &["simulate", "--list-faults"]] {
        let said = place.run(command);
        assert!(said.err.starts_with(&format!("warning: {warning}\n")), "{command:?}: {}", said.err);
    }
    let said = place.run(&["serve", "--log-format", "json"]);
    let line: serde_json::Value = serde_json::from_str(said.err.lines().next().unwrap()).unwrap();
    assert_eq!((line["fields"]["message"].as_str(), line["level"].as_str()), (Some(warning), Some("WARN")));
    assert_eq!(line["fields"]["event"], "setting.unknown");
    assert_eq!(Place::with(&[]).run(&["policy", "list"]).err, "");
}

/// S-10: where a key is used, and where one starts with it.
#[test]
fn a_short_key_is_told() {
    let warns = |said: &str| said.contains("the HMAC key has fewer than 32 bytes");
    for (bytes, is_short) in [(31, true), (32, false)] {
        let key = "k".repeat(bytes);
        let place = Place::with(&[("body.json", "{}")]).variable("HMAC_KEY", &key);
        let said = place.run(&["sign", "body.json"]);
        assert_eq!((said.code, warns(&said.err)), (0, is_short), "{}", said.err);
        // It cannot listen there, and ends.
        let said = place.run(&["serve", "--listen", "192.0.2.1:1"]);
        assert_eq!((said.code, warns(&said.err)), (2, is_short), "{}", said.err);
        assert!(!said.err.contains(&key));
    }
}

//! A hostile job, and another one after it in the same environment.

use super::world::{Aws, RUNNER};
use gitlab_simulator::{JobSpec, Status};
use serde_json::json;

/// Daemons, files, links, locked directories, and a lie in the place of a tool.
const HOSTILE: &str = r#"
for place in "$HOME" "$CI_PROJECT_DIR"; do
    setsid bash -c 'trap "" INT TERM HUP; while :; do echo x > "$0/daemon-$RANDOM"; sleep 0.02; done' "$place" > /dev/null 2>&1 &
done
setsid bash -c 'exec -a "left-$HOME" sleep 1000' > /dev/null 2>&1 &
mkdir -p "$HOME/locked/inner" "$HOME/bin"; touch "$HOME/locked/inner/file" "$HOME/.bashrc" "$HOME/.gitconfig"
ln -s / "$HOME/root"; printf '#!/bin/sh\necho stolen' > "$HOME/bin/git"; chmod 755 "$HOME/bin/git"
chmod 000 "$HOME/locked/inner"; chmod 500 "$HOME/locked"
echo "$SECRET_OF_FIRST" > "$HOME/kept"
until ls "$HOME" | grep -q daemon; do sleep 0.01; done
exit 7"#;

const NEXT: &str = r#"find "$HOME" -mindepth 1 -printf 'found: %P\n'
for it in /proc/[0-9]*; do tr '\0' ' ' < $it/cmdline || true; echo; done 2> /dev/null |
    { grep -c "[d]aemon-.*$HOME\|[l]eft-$HOME" || true; } | sed 's/^/running: /'
echo "variable: ${SECRET_OF_FIRST:-none}""#;

#[tokio::test]
async fn nothing_of_a_hostile_job_is_there_for_the_next_one() {
    let aws = Aws::start().await;
    let world = aws.world("sandbox", json!({}), |it| it).await;
    let first = JobSpec::new("hostile", &[HOSTILE]).masked("SECRET_OF_FIRST", "first-secret-EXAMPLE");
    let first = world.simulator.enqueue(&first.variable("FF_TIMESTAMPS", "0"));
    let outcome = world.poll().await;
    assert!(outcome.is_success(), "{outcome:?}");
    let hostile = world.simulator.job(first).unwrap();
    assert_eq!(hostile.final_state.as_ref().unwrap().exit_code, Some(7), "{}", hostile.log_text());
    let next = world.simulator.enqueue(&JobSpec::new("next", &[NEXT]).variable("FF_TIMESTAMPS", "0"));
    assert!(world.poll().await.is_success());
    let next = world.simulator.job(next).unwrap();
    let log = next.log_text();
    assert_eq!(next.status, Status::Success, "{log}");
    let mut seen: Vec<&str> = log.lines().filter(|it| it.starts_with("found: ")).collect();
    seen.sort_unstable();
    let own = [
        "builds",
        "builds/infra",
        "builds/infra/network",
        "builds/infra/network.tmp",
        "builds/infra/network.tmp/gitlab.env",
    ];
    assert_eq!(seen, own.map(|it| format!("found: {it}")), "{log}");
    assert!(log.contains("running: 0\n") && log.contains("variable: none\n"), "{log}");
    assert_eq!(world.double.cold_starts(RUNNER), 1, "both ran in the same environment");
    assert_eq!(std::fs::read_dir(world.directory.path()).unwrap().count(), 0);
    world.is_innocent("sandbox").await;
}

//! Starts `git` and `aws`, and tells what they said.

use anyhow::{Context, bail};
use runtask_findings::printable;
use runtask_process::{Program, RunError, find_program};
use runtask_terminal::environment::lookup;
use std::time::Duration;
use tokio::time::Instant;

/// Bytes of memory that each of their processes may take.
const MEMORY_BYTES: u64 = 4 << 30;
/// Characters that are repeated of what they said last.
const SAID: usize = 600;

/// What helps where somebody was given up.
pub(super) const MORE_TIME: &str = "RUNTASK_FETCH_TIMEOUT_MS allows more";

/// Variables that decide how the network is reached.
const NETWORK: [&str; 10] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];
/// Variables that say who the user is.
const USER: [&str; 6] = ["PATH", "HOME", "USER", "LOGNAME", "XDG_CONFIG_HOME", "TMPDIR"];

/// When somebody loses patience.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        Self { at: Instant::now() + limit, limit }
    }
}

/// The program of this name, with an environment of what it needs for the user and the network, and of `names`.
pub(super) fn program(name: &str, advice: &str, names: &[&str]) -> anyhow::Result<Program> {
    let path = lookup("PATH").unwrap_or_default();
    let found = find_program(name, &path);
    let program =
        Program::new(found.with_context(|| format!("there is no program {name} on PATH: {advice}"))?);
    let names = USER.iter().chain(&NETWORK).chain(names);
    let set = names.filter_map(|name| Some((name, lookup(name)?)));
    Ok(set.fold(program, |program, (name, value)| program.variable(name, value)))
}

/// Runs a program; what it printed.
///
/// # Errors
///
/// When it did not end well, with the end of what it said.
pub(super) async fn run(
    program: Program,
    name: &str,
    deadline: Deadline,
    max_output_bytes: u64,
) -> anyhow::Result<Vec<u8>> {
    let program = program.memory_bytes(MEMORY_BYTES).no_core_files();
    let finished = match program.run(deadline.at, deadline.limit, max_output_bytes).await {
        Ok(finished) => finished,
        Err(error @ RunError::TimedOut(_)) => bail!("{name} {error}; {MORE_TIME}"),
        Err(error) => return Err(error).with_context(|| format!("{name} did not end well")),
    };
    if finished.code != 0 {
        bail!("{name} ended with {}: {}", finished.code, said(&finished.stderr));
    }
    Ok(finished.stdout)
}

/// The end of what a program said, fit to be shown: in one line, and without what stands before the `@` of a URL, which a
/// user's own settings may have put there.
fn said(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines =
        text.lines().map(str::trim).filter(|it| !it.is_empty()).map(|it| printable(&without_userinfo(it)));
    let text = lines.collect::<Vec<_>>().join("; ");
    match text.char_indices().rev().nth(SAID) {
        Some((at, _)) => format!("…{}", text.get(at..).unwrap_or_default()),
        None if text.is_empty() => "it did not say why".to_owned(),
        None => text,
    }
}

fn without_userinfo(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|it: char| it.is_whitespace() || "/'\"?#".contains(it)).unwrap_or(part.len());
        let authority = part.get(..end).unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        shown.push_str("://");
        shown.push_str(host);
        shown.push_str(part.get(end..).unwrap_or_default());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say_is_shown_without_secrets_and_bounded() {
        let text = b"fatal: unable to access 'https://oauth2:hunter2@example.com/a.git/': no\n\n  https://x@y \x1b[31m";
        let shown = said(text);
        assert_eq!(
            shown,
            format!(
                "fatal: unable to access 'https://example.com/a.git/': no; https://y {}",
                printable("\x1b[31m")
            )
        );
        assert_eq!(said(b" \n"), "it did not say why");
        assert_eq!(said(&[b'x'; 10_000]).chars().count(), SAID + 2);
    }
}

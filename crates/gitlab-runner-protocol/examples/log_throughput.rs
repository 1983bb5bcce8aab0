//! Measures how many bytes of a log go through the masks in a second, on one processor: `cargo run --release -p
//! gitlab-runner-protocol --example log_throughput`.

use gitlab_runner_protocol::SecretText;
use gitlab_runner_protocol::log::{JobLog, LogSettings, Stream};
use jiff::Timestamp;
use std::io::Write;
use std::time::Instant;

/// Bytes of a write, as they come of a pipe.
const PIECE: usize = 64 * 1024;
/// Bytes of a round, and rounds: the shortest counts, as nothing but other work disturbs it.
const BYTES: usize = 128 * 1024 * 1024;
const ROUNDS: usize = 3;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let text = terraform_like();
    for (masks, timestamps) in
        [(0, false), (1, false), (20, false), (20, true), (50, false), (100, false), (200, false)]
    {
        let settings = LogSettings {
            limit_bytes: usize::MAX,
            masks: (0..masks).map(|it| SecretText::new(secret(it))).collect(),
            timestamps,
            ..LogSettings::default()
        };
        let rate = (0..ROUNDS).map(|_| round(&settings, &text)).fold(0.0, f64::max);
        let stamped = if timestamps { ", time stamps" } else { "" };
        writeln!(out, "{masks} masks{stamped}: {rate:.0} MB/s")?;
    }
    Ok(())
}

/// MB in a second.
fn round(settings: &LogSettings, text: &[u8]) -> f64 {
    let started = Instant::now();
    let mut done = 0;
    while done < BYTES {
        // The log keeps what it is given, so a new one now and then keeps the memory small.
        let log = JobLog::new(settings.clone());
        for piece in text.chunks(PIECE) {
            log.write(Stream::Script, Timestamp::UNIX_EPOCH, piece);
            done += piece.len();
        }
    }
    done as f64 / 1e6 / started.elapsed().as_secs_f64()
}

/// 32 MiB of what terraform prints, a secret in it now and then.
fn terraform_like() -> Vec<u8> {
    let mut text = Vec::with_capacity(32 * 1024 * 1024);
    let mut number = 0;
    while text.len() < 32 * 1024 * 1024 {
        number += 1;
        let lines = format!(
            "\x1b[1maws_subnet.private[{number}]: Refreshing state... [id=subnet-0a1b2c3d4e5f{number:06}]\x1b[0m\n  \
             + resource \"aws_route_table_association\" \"private\" {{\n      + subnet_id = (known after apply)\n    }}\n"
        );
        text.extend_from_slice(lines.as_bytes());
        if number % 100 == 0 {
            text.extend_from_slice(
                format!("password = {} ?x=1&y=2\n", secret(number / 100 % 200)).as_bytes(),
            );
        }
    }
    text
}

/// One of 200 secrets of different kinds and lengths.
fn secret(number: usize) -> String {
    let random = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    match number % 4 {
        0 => format!("AKIA{random:016X}"),
        1 => format!("{random:016x}{number:024x}"),
        2 => format!("p{number:02}ss-{random:x}-word"),
        _ => format!("eyJhbGciOiJSUzI1NiJ9.{}.{random:x}", "eyJzdWIiOiJwcm9qZWN0".repeat(number % 40 + 1)),
    }
}

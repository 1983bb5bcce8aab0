//! The text that bash reads for one step of a job.
//!
//! Its shape is that of GitLab's runner: one shell, all entries of the step evaluated in one subshell without input, each
//! behind its echo. What differs is the traps: GitLab's shell traps `TERM` alone, so that after an `INT` the line after an
//! interrupted `terraform apply || true` is started. With these, nothing is started after the interrupted command. Bash runs
//! a trap only when the command in front of it has ended, so terraform gets its time.

use crate::quote::quote;

/// The beginning of each shell: how it ends when it is asked to.
const TRAPS: &str = "trap 'exit 130' INT\ntrap 'exit 143' TERM\n";

const GREEN: &str = "\x1b[32;1m";
const RESET: &str = "\x1b[0;m";

/// A shell's script: `exports` as [`crate::exports`] writes them, then the entries of a step. `traces` has the shell print
/// each command that it runs.
///
/// The exit code of the shell is that of the first command that failed, or of the last one.
#[must_use]
pub(crate) fn script(exports: &str, entries: &[String], traces: bool) -> String {
    let mut commands = String::new();
    for entry in entries {
        commands.push_str(&echo(entry));
        commands.push_str(entry);
        commands.push('\n');
    }
    let trace = if traces { "set -o xtrace\n" } else { "" };
    let commands = quote(&commands);
    format!(
        "{TRAPS}set -o pipefail\nset -o errexit\nset +o noclobber\n{exports}{trace}\
         (\n{TRAPS}eval {commands}\n) < /dev/null\nexit 0\n"
    )
}

/// A line that shows an entry in the log, before it runs.
fn echo(entry: &str) -> String {
    let shown = entry.trim();
    let mut lines = shown.lines();
    let text = match (lines.next(), lines.count()) {
        (None, _) => return "builtin printf '\\n'\n".to_owned(),
        (Some(only), 0) => format!("{GREEN}$ {only}{RESET}"),
        (Some(first), more) => {
            let s = if more == 1 { "" } else { "s" };
            format!("{GREEN}$ {first} # and {more} more line{s}{RESET}")
        }
    };
    format!("builtin printf '%s\\n' {}\n", quote(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_traps_options_exports_and_one_subshell_without_input() {
        let entries = ["echo 'a'".to_owned(), "  cat <<E\nx\nE\n".to_owned(), " ".to_owned()];
        insta::assert_snapshot!(script("export A='1'\n", &entries, true).replace('\x1b', "ESC"), @r"
        trap 'exit 130' INT
        trap 'exit 143' TERM
        set -o pipefail
        set -o errexit
        set +o noclobber
        export A='1'
        set -o xtrace
        (
        trap 'exit 130' INT
        trap 'exit 143' TERM
        eval 'builtin printf '\''%s\n'\'' '\''ESC[32;1m$ echo '\''\'\'''\''a'\''\'\'''\''ESC[0;m'\''
        echo '\''a'\''
        builtin printf '\''%s\n'\'' '\''ESC[32;1m$ cat <<E # and 2 more linesESC[0;m'\''
          cat <<E
        x
        E

        builtin printf '\''\n'\''
         
        '
        ) < /dev/null
        exit 0
        ");
    }
}

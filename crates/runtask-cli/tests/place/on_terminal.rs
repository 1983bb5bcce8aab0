//! Runs the command on a terminal.

use crate::place::Place;
use std::process::Command;

/// Runs a program on a terminal and prints what that shows: columns, variables until an empty word, the command.
const TERMINAL: &str = r#"
import fcntl, os, pty, struct, sys, termios
columns, rest = int(sys.argv[1]), sys.argv[2:]
variables, command = rest[:rest.index("")], rest[rest.index("") + 1:]
process, terminal = pty.fork()
if process == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.execve(command[0], command, dict(it.split("=", 1) for it in variables))
shown = b""
while True:
    try:
        some = os.read(terminal, 65536)
    except OSError:
        break
    if not some:
        break
    shown += some
os.waitpid(process, 0)
sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
"#;

/// What a terminal of so many columns shows of the command, which has these variables and no others.
pub(crate) fn shown(place: &Place, columns: usize, variables: &[String], arguments: &[&str]) -> String {
    let mut command = Command::new("python3");
    command.args(["-c", TERMINAL, &columns.to_string()]).args(variables).arg("");
    command.arg(place.program()).args(arguments).current_dir(place.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

//! Prints what the shipped rules say of themselves, which `make docs` puts into `rego/rules.json`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(runtask_policy::rules_json().as_bytes())
}

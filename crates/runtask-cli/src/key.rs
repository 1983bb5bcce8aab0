//! Finds the HMAC key for commands that play the sender.

use anyhow::{Context, bail};
use runtask_protocol::Key;
use runtask_terminal::environment::lookup;
use runtask_terminal::output::Output;
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

/// The key in `file`, without the line end that editors add, or else in HMAC_KEY.
pub(crate) fn find(file: Option<&Path>, output: &Output) -> anyhow::Result<Option<Key>> {
    let text = find_text(file, output)?;
    text.map(|it| Key::new(it.expose_secret())).transpose().context("there is no usable key")
}

/// As [`find`], for who passes the key on. Of a key that is too short a person hears.
pub(crate) fn find_text(file: Option<&Path>, output: &Output) -> anyhow::Result<Option<SecretString>> {
    let text = match file {
        Some(path) => Some(read(path)?),
        None => lookup("HMAC_KEY").filter(|it| !it.is_empty()),
    };
    if let Some(text) = &text {
        // An empty key would be handed on as none at all.
        let key = Key::new(text).context("there is no usable key")?;
        if let Some(weakness) = key.weakness() {
            output.note(&format!("warning: {weakness}\n"));
        }
    }
    Ok(text.map(SecretString::from))
}

/// As [`find`], where there must be one.
pub(crate) fn require(file: Option<&Path>, output: &Output) -> anyhow::Result<Key> {
    match find(file, output)? {
        Some(key) => Ok(key),
        None => bail!("there is no key: set HMAC_KEY or give --key-file"),
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the key file {} cannot be read", path.display()))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

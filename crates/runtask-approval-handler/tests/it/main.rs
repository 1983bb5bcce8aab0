//! Approvals, from a file and an environment to messages and pages.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod flow;
mod settings;

use runtask_approval_handler::HandlerSettings;
use runtask_settings::SettingsReader;
use runtask_setup::{Asking, TasksFile};
use std::path::Path;
use std::time::SystemTime;

/// A key of approvals.
pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// What a file says, with this environment.
pub(crate) fn read(file: &str, environment: &[(&str, &str)]) -> Result<(HandlerSettings, Asking), String> {
    let lookup =
        |name: &str| environment.iter().find(|it| it.0 == name).map(|(_, value)| (*value).to_owned());
    let mut settings = SettingsReader::new(&lookup);
    let file = TasksFile::fetched("runtask.toml", file.into(), Path::new("/nowhere"));
    let asking = Asking::read(&mut settings, Some(file), SystemTime::UNIX_EPOCH);
    let read = asking.as_ref().and_then(|it| HandlerSettings::read(&mut settings, it, true));
    settings.finish().map_err(|error| error.to_string())?;
    Ok((read.unwrap(), asking.unwrap()))
}

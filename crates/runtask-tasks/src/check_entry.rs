//! Tells the reader of a file about a check, or about channels of notifications: names and settings, but not what they do.

use crate::date::Date;
use crate::kind::Kind;
use crate::notes::Notes;
use crate::table::Table;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// A check as files name it.
#[derive(Debug, Clone, Copy)]
pub struct CheckEntry {
    /// Its name in `checks`; its settings are `[tasks.NAME.<name>]`.
    pub name: &'static str,
    /// Whether it reads the run's plan.
    pub reads_plan: bool,
    /// Its settings, where it has any.
    pub settings: Option<SettingsEntry>,
}

/// The settings of a check, as the check itself reads them.
#[derive(Debug, Clone, Copy)]
pub struct SettingsEntry {
    /// Their table.
    pub kind: &'static Kind,
    /// The key without which the check can do nothing, where there is one: then the table must be there.
    pub required: Option<&'static str>,
    /// Reads them.
    pub read: ReadSettings,
}

/// Reads the settings of a check. What is wrong with them is in the notes, and then what is returned is thrown away. The
/// day decides nothing but what has expired.
#[derive(Debug, Clone, Copy)]
pub enum ReadSettings {
    /// One table: `[tasks.NAME.<name>]`.
    Table(fn(&Table<'_>, Date, &mut Notes<'_>) -> CheckSettings),
    /// Several tables, at least one: `[[tasks.NAME.<name>]]`.
    Tables(fn(&[Table<'_>], Date, &mut Notes<'_>) -> CheckSettings),
}

/// Channels, `[notify.NAME]`, as whoever tells people through them reads them.
#[derive(Debug, Clone, Copy)]
pub struct ChannelEntry {
    /// The table of a channel.
    pub kind: &'static Kind,
    /// Reads the table. What is wrong with it is in the notes, and then what is returned is thrown away.
    pub read: fn(&Table<'_>, &mut Notes<'_>) -> CheckSettings,
}

/// Channels of which nothing is read, for whoever tells nobody: tests of what else a file holds.
pub static NO_CHANNELS: ChannelEntry =
    ChannelEntry { kind: &ANY_CHANNEL, read: |_, _| CheckSettings::new(()) };
static ANY_CHANNEL: Kind = Kind::new("`[notify.NAME]`", &[]);

/// Settings of a check, or of a channel, that it has read itself, and that nobody else can look into.
#[derive(Clone)]
pub struct CheckSettings(Arc<dyn Any + Send + Sync>);

impl CheckSettings {
    /// Wraps them.
    pub fn new<S: Send + Sync + 'static>(settings: S) -> Self {
        Self(Arc::new(settings))
    }

    /// Unwraps them; `None` where they are another check's.
    #[must_use]
    pub fn get<S: Send + Sync + 'static>(&self) -> Option<&S> {
        self.0.downcast_ref()
    }
}

impl fmt::Debug for CheckSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckSettings")
    }
}

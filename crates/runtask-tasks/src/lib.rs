#![doc = include_str!("../README.md")]

mod channels;
mod check_entry;
mod date;
mod filter;
mod kind;
mod names;
mod notes;
mod parse;
mod problem;
mod read;
mod run_facts;
mod section;
mod syntax;
mod table;
mod task;

pub use check_entry::{ChannelEntry, CheckEntry, CheckSettings, NO_CHANNELS, ReadSettings, SettingsEntry};
pub use date::Date;
pub use filter::{Filter, NotAdmitted};
pub use kind::{Form, Key, Kind, words};
pub use names::AddressPattern;
pub use notes::Notes;
pub use parse::MAX_FILE_BYTES;
pub use problem::{Place, Problem, ProblemKind, Problems};
pub use read::{file_kind, task_kind};
pub use run_facts::RunFacts;
pub use section::{Around, Section};
pub use table::{Table, Text, one_of, shown, suggestion, table, texts, wrong_type};
pub use task::{DEFAULT_TASK, OnSkip, Task, TaskCheck, Tasks};

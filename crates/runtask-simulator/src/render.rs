//! Writes the time line and the result as text, for a terminal or a pipe.
//!
//! Texts come from the run task. Whatever in them a terminal would obey is made visible instead.

mod faults;
mod page;
mod style;
#[cfg(test)]
mod tests;
mod text;
mod time_line;

pub use faults::{judgement, summary, title};
pub use page::result;
pub use style::Style;
pub use text::visible;
pub use time_line::{event, time_line};

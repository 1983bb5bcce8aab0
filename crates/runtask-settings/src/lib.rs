#![doc = include_str!("../README.md")]

mod names;
pub mod numbers;
mod reference;

pub use names::unknown_settings;
pub use numbers::Number;
pub use reference::Reference;

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

/// Everything that is wrong with the settings, one line each.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", .0.join("\n"))]
pub struct SettingsError(Vec<String>);

/// Reads settings by name and collects what is wrong with them.
pub struct SettingsReader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl std::fmt::Debug for SettingsReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SettingsReader").field("problems", &self.problems).finish_non_exhaustive()
    }
}

impl<'a> SettingsReader<'a> {
    /// Reads through `lookup`.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, problems: Vec::new() }
    }

    /// Reads a setting as text. An empty one counts as unset, because that is how many tools unset a variable.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|it| !it.is_empty())
    }

    /// Reads a setting that must be there. If it is not, returns an empty text, and [`SettingsReader::finish`] fails.
    pub fn required(&mut self, name: &str, meaning: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.problem(format!("{name} is not set: {meaning}"));
            String::new()
        })
    }

    /// Reads a setting of any type that can be made from text, other than numbers; returns `default` where it is unset or wrong.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str, default: T) -> T {
        match self.text(name).map(|it| it.trim().parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                self.problem(format!("{name}: {error}"));
                default
            }
        }
    }

    /// Reads `true` or `false`; unset is `false`.
    pub fn flag(&mut self, name: &str) -> bool {
        match self.text(name).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.problem(format!("{name}: write `true` or `false`"));
                false
            }
        }
    }

    /// Reads a number; returns its default where it is unset, or not within its bounds.
    pub fn number(&mut self, number: &Number) -> u64 {
        self.number_or(number, number.default)
    }

    /// As [`SettingsReader::number`], with another default.
    pub fn number_or(&mut self, number: &Number, default: u64) -> u64 {
        let Some(text) = self.text(number.name) else { return default };
        let read = text.trim().parse().ok().filter(|it| number.range().contains(it));
        read.unwrap_or_else(|| {
            let Number { name, lowest, highest, .. } = number;
            self.problem(format!("{name}: write a whole number from {lowest} to {highest}"));
            default
        })
    }

    /// Reads a number that counts what is held in memory.
    pub fn count(&mut self, number: &Number) -> usize {
        usize::try_from(self.number(number)).unwrap_or(usize::MAX)
    }

    /// Reads a time in milliseconds; its name ends in `_MS`.
    pub fn milliseconds(&mut self, number: &Number) -> Duration {
        Duration::from_millis(self.number(number))
    }

    /// Reads a time in days; its name ends in `_DAYS`.
    pub fn days(&mut self, number: &Number) -> Duration {
        Duration::from_secs(self.number(number) * 24 * 60 * 60)
    }

    /// Notes a problem that the other methods cannot see.
    pub fn problem(&mut self, text: impl Into<String>) {
        // Several tasks may read the same setting.
        let text = text.into();
        if !self.problems.contains(&text) {
            self.problems.push(text);
        }
    }

    /// Ends reading.
    ///
    /// # Errors
    ///
    /// Everything that was wrong. A program that gets it prints it and does not start.
    pub fn finish(self) -> Result<(), SettingsError> {
        if self.problems.is_empty() { Ok(()) } else { Err(SettingsError(self.problems)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        let all = [("EMPTY", ""), ("WORD", "hunter2"), ("YES", "true"), ("RUNTASK_DEADLINE_MS", "60000")];
        all.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn good_settings_are_read() {
        let mut settings = SettingsReader::new(&lookup);
        assert_eq!(settings.text("EMPTY"), None);
        assert_eq!(settings.parsed("WORD", String::new()), "hunter2");
        assert_eq!(settings.parsed("EMPTY", 'x'), 'x');
        assert!(settings.flag("YES") && !settings.flag("EMPTY"));
        assert_eq!(settings.milliseconds(&numbers::DEADLINE), Duration::from_mins(1));
        assert_eq!(settings.milliseconds(&numbers::HTTP_TIMEOUT), Duration::from_secs(10));
        assert_eq!(settings.count(&numbers::MAX_JOBS), 1000);
        assert_eq!(settings.finish(), Ok(()));
    }

    #[test]
    fn all_problems_are_reported_together_and_without_values() {
        let mut settings = SettingsReader::new(&lookup);
        settings.required("EMPTY", "it names the function to call");
        settings.parsed("WORD", 'x');
        settings.flag("WORD");
        let text = settings.finish().unwrap_err().to_string();
        assert_eq!(
            text,
            "EMPTY is not set: it names the function to call\n\
             WORD: too many characters in string\n\
             WORD: write `true` or `false`"
        );
    }
}

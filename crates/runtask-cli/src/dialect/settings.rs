//! Reads the environment of the original, and writes the file of tasks that it stands for.

use runtask_approvals::channels::LinkForm;
use runtask_log::event;
use runtask_settings::SettingsReader;
use runtask_setup::TasksFile;
use std::path::Path;
use std::str::FromStr;

/// The one task's name, which is its path.
pub(crate) const TASK: &str = "teams-approval";

/// What of the original's environment is ours to read; the rest is read where it always is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// `FILTER_SPECULATIVE_PLANS_ONLY`: only speculative runs are asked about, and all others pass; not unless set.
    pub(crate) speculative_only: bool,
    /// `RUNTASK_INSECURE_ONE_CLICK`: whoever, or whatever, follows a link in a message has decided; not unless set.
    pub(crate) one_click: bool,
    /// `RUNTASK_TEAMS_CARD`: the form of messages; `text` unless set, as the original's flows expect it.
    pub(crate) card: Card,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Card {
    #[default]
    Text,
    Envelope,
    Bare,
}

impl FromStr for Card {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "envelope" => Ok(Self::Envelope),
            "bare" => Ok(Self::Bare),
            _ => Err("it is `text`, `envelope` or `bare`"),
        }
    }
}

/// A truth as the original reads it.
#[derive(Debug, Clone, Copy, Default)]
struct Truth(bool);

impl FromStr for Truth {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => Ok(Self(true)),
            "0" | "false" | "no" => Ok(Self(false)),
            _ => Err("it is `1`, `true` or `yes`, or else `0`, `false` or `no`"),
        }
    }
}

impl Dialect {
    /// Reads it; `None` where it is not asked for.
    pub(crate) fn read(settings: &mut SettingsReader<'_>) -> Option<Self> {
        let dialect = settings.text("RUNTASK_DIALECT")?;
        if dialect != TASK {
            settings.problem(format!("RUNTASK_DIALECT: `{TASK}` is the only one"));
            return None;
        }
        if settings.text("RUNTASK_CONFIG").is_some() {
            settings.problem(format!(
                "RUNTASK_DIALECT brings a task of its own, and there is a file of tasks, too: start without the file, or \
                 without the dialect and with a task `{TASK}` in the file"
            ));
        }
        settings.required("TEAMS_WEBHOOK_URL", "it is the address that Teams gave the webhook");
        Some(Self {
            speculative_only: settings.parsed("FILTER_SPECULATIVE_PLANS_ONLY", Truth::default()).0,
            one_click: settings.flag("RUNTASK_INSECURE_ONE_CLICK"),
            card: settings.parsed("RUNTASK_TEAMS_CARD", Card::Text),
        })
    }

    /// What whoever starts it should know, with the names of events.
    pub(crate) fn warnings(self) -> Vec<(&'static str, &'static str)> {
        let one_click = (
            event::SERVE_ONE_CLICK,
            "RUNTASK_INSECURE_ONE_CLICK is set: whoever follows a link in a message has decided, and so have programs that \
             look at links before people do. Unset it, and links lead to a page",
        );
        let speculative_only = (
            event::SERVE_SPECULATIVE_ONLY,
            "FILTER_SPECULATIVE_PLANS_ONLY is set: every run that could change something passes without approval",
        );
        let all = [(self.one_click, one_click), (self.speculative_only, speculative_only)];
        all.into_iter().filter_map(|(holds, warning)| holds.then_some(warning)).collect()
    }

    /// What the links in messages do.
    pub(crate) fn links(self) -> LinkForm {
        if self.one_click { LinkForm::OneClick } else { LinkForm::Pages }
    }

    /// The file that somebody would write who wants what the original does.
    pub(crate) fn tasks(self) -> TasksFile {
        let card = match self.card {
            Card::Text => "text",
            Card::Envelope => "envelope",
            Card::Bare => "bare",
        };
        let text = format!(
            r#"
            [approval]
            identity = "link"
            unknown_creator = "allow"
            [approval.teams.{TASK}]
            card = "{card}"
            [tasks.{TASK}.approval]
            when = ["always"]
            speculative = true
            required = [{{ group = "anybody" }}]
            self_approval = true
            reject_reason = false
            confirm_name = false
            channels = ["teams:{TASK}"]
            "#
        );
        TasksFile::fetched("RUNTASK_DIALECT", text.into_bytes(), Path::new(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtask_setup::Asking;
    use std::time::UNIX_EPOCH;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Dialect>, String> {
        let lookup = |name: &str| variables.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
        let mut settings = SettingsReader::new(&lookup);
        let dialect = Dialect::read(&mut settings);
        settings.finish().map(|()| dialect).map_err(|it| it.to_string())
    }

    const HERE: (&str, &str) = ("RUNTASK_DIALECT", "teams-approval");
    const WEBHOOK: (&str, &str) = ("TEAMS_WEBHOOK_URL", "https://example.com/x");

    /// T-01: the original's variables, as it spells truth.
    #[test]
    fn the_environment_of_the_original_is_understood() {
        assert_eq!(read(&[]), Ok(None));
        let plain = Dialect::default();
        assert_eq!(read(&[HERE, WEBHOOK]), Ok(Some(plain)));
        for (text, expected) in [("1", true), ("True", true), ("YES", true), ("0", false), ("no", false)] {
            let read = read(&[HERE, WEBHOOK, ("FILTER_SPECULATIVE_PLANS_ONLY", text)]).unwrap().unwrap();
            assert_eq!(read.speculative_only, expected, "{text}");
        }
    }

    /// T-01: what is missing or wrong is named, all at once.
    #[test]
    fn what_is_wrong_is_named() {
        let problems = read(&[
            HERE,
            ("RUNTASK_CONFIG", "runtask.toml"),
            ("FILTER_SPECULATIVE_PLANS_ONLY", "perhaps"),
            ("RUNTASK_TEAMS_CARD", "postcard"),
        ])
        .unwrap_err();
        for name in
            ["TEAMS_WEBHOOK_URL", "RUNTASK_DIALECT", "FILTER_SPECULATIVE_PLANS_ONLY", "RUNTASK_TEAMS_CARD"]
        {
            assert!(problems.contains(name), "{name}: {problems}");
        }
        assert!(read(&[("RUNTASK_DIALECT", "slack-approval")]).is_err());
    }

    /// Each form makes a file that is read without an objection.
    #[test]
    fn the_file_that_it_stands_for_is_right() {
        for card in [Card::Text, Card::Envelope, Card::Bare] {
            let dialect = Dialect { card, ..Dialect::default() };
            let nothing = |_: &str| None;
            let mut settings = SettingsReader::new(&nothing);
            let asking = Asking::read(&mut settings, Some(dialect.tasks()), UNIX_EPOCH).unwrap();
            settings.finish().unwrap();
            assert_eq!(asking.tasks.keys().collect::<Vec<_>>(), [TASK]);
            assert_eq!(asking.channels().count(), 1);
        }
    }
}

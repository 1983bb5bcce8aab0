//! What can be set about the check `fmt`: its table in `runtask.toml`, and `RUNTASK_FMT_ENGINE`.

use crate::terraform::{FindError, Terraform};
use runtask_settings::SettingsReader;
use runtask_tasks::{CheckSettings, Form, Key, Kind, ReadSettings, SettingsEntry, words};
use std::str::FromStr;

/// Who says whether a file is formatted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// Terraform does, and starts for each check.
    Terraform,
    /// The crate `terraform-fmt` does, within this process.
    Native,
    /// Terraform does, and where the crate says something else, a log line and a metric tell of it.
    Both,
}

/// The words for [`Engine`], in `runtask.toml` and in the environment.
const ENGINES: [(&str, Engine); 3] =
    [("terraform", Engine::Terraform), ("native", Engine::Native), ("both", Engine::Both)];

const ENGINE_WORDS: [&str; 3] = words(&ENGINES);

/// The table `[tasks.NAME.fmt]`.
static TABLE: Kind = Kind::new(
    "`[tasks.NAME.fmt]`",
    &[
        Key::new(
            "engine",
            Form::Word(&ENGINE_WORDS),
            "Who judges formatting; as RUNTASK_FMT_ENGINE says unless set",
        ),
        Key::new(
            "show_variable_files",
            Form::Boolean,
            "true shows lines of .tfvars files, whose values may be secrets; false unless set",
        ),
    ],
);

/// The table, for whoever reads a file of tasks.
pub(super) const SETTINGS: SettingsEntry = SettingsEntry {
    kind: &TABLE,
    required: None,
    read: ReadSettings::Table(|table, _today, notes| {
        CheckSettings::new(FmtSettings {
            engine: table.word("engine", &ENGINES, notes),
            show_variable_files: table.boolean("show_variable_files", notes).unwrap_or_default(),
        })
    }),
};

/// What the table says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct FmtSettings {
    /// `engine`: who judges; where it is not set, `RUNTASK_FMT_ENGINE` says it for all tasks.
    pub(super) engine: Option<Engine>,
    /// `show_variable_files`: whether lines of `.tfvars` files may be shown; not unless set.
    pub(super) show_variable_files: bool,
}

/// What `RUNTASK_FMT_ENGINE` says.
struct OfEnvironment(Option<Engine>);

impl FromStr for OfEnvironment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = ENGINES.iter().find(|(word, _)| *word == text);
        found.map(|(_, engine)| Self(Some(*engine))).ok_or("write `terraform`, `native` or `both`")
    }
}

impl FmtSettings {
    /// Who judges. Where nothing says it, that is terraform, unless there is none and nobody has named one: whoever has
    /// named one that is not there is to hear of it.
    pub(super) fn engine(
        &self,
        terraform: &Result<Terraform, FindError>,
        settings: &mut SettingsReader<'_>,
    ) -> Engine {
        let OfEnvironment(of_environment) = settings.parsed("RUNTASK_FMT_ENGINE", OfEnvironment(None));
        let usual = match terraform {
            Err(FindError::Nowhere) => Engine::Native,
            Err(FindError::Setting) | Ok(_) => Engine::Terraform,
        };
        self.engine.or(of_environment).unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(
        of_task: Option<Engine>,
        of_environment: Option<&str>,
        terraform: Result<Terraform, FindError>,
    ) -> Result<Engine, String> {
        let lookup =
            |name: &str| (name == "RUNTASK_FMT_ENGINE").then(|| of_environment.map(str::to_owned))?;
        let mut settings = SettingsReader::new(&lookup);
        let of_task = FmtSettings { engine: of_task, show_variable_files: false };
        let engine = of_task.engine(&terraform, &mut settings);
        settings.finish().map(|()| engine).map_err(|error| error.to_string())
    }

    #[test]
    fn the_task_comes_before_the_environment_and_that_before_what_is_there() {
        let there = || Ok(Terraform::new("/terraform"));
        let nowhere = || Err(FindError::Nowhere);
        assert_eq!(engine(None, None, there()), Ok(Engine::Terraform));
        assert_eq!(engine(None, None, nowhere()), Ok(Engine::Native));
        assert_eq!(engine(None, None, Err(FindError::Setting)), Ok(Engine::Terraform));
        assert_eq!(engine(None, Some("native"), there()), Ok(Engine::Native));
        assert_eq!(engine(None, Some("both"), nowhere()), Ok(Engine::Both));
        assert_eq!(engine(Some(Engine::Terraform), Some("native"), nowhere()), Ok(Engine::Terraform));
        let error = engine(None, Some("fast"), there()).unwrap_err();
        assert_eq!(error, "RUNTASK_FMT_ENGINE: write `terraform`, `native` or `both`");
    }
}

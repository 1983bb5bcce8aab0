//! Reads the settings of the request handler.

use crate::handler::TaskNames;
use runtask_log::event;
use runtask_protocol::{AllowedOrigins, Key};
use runtask_settings::{SettingsError, numbers};
use std::time::Duration;
use tracing::warn;

/// Where the HMAC key is.
#[derive(Debug, Clone)]
pub enum KeySetting {
    /// `HMAC_KEY`: the key itself.
    Key(Key),
    /// `HMAC_SECRET_KEY_PARAM`: the name of a parameter in Parameter Store that holds it.
    Parameter {
        /// The parameter's name.
        name: String,
        /// `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`: read through the extension on this port, not through the SDK.
        extension_port: Option<u16>,
    },
    /// `RUNTASK_ALLOW_UNSIGNED=true` and no key: whoever reaches us is believed.
    Unsigned,
}

impl KeySetting {
    /// Reads where the key is; notes a problem when there are two answers, or none.
    pub fn read(settings: &mut runtask_settings::SettingsReader<'_>) -> Self {
        Self::read_from(settings, "neither HMAC_KEY nor HMAC_SECRET_KEY_PARAM is set")
    }

    /// As [`KeySetting::read`], for a program that takes no parameter.
    pub fn read_key(settings: &mut runtask_settings::SettingsReader<'_>) -> Self {
        let read = Self::read_from(settings, "HMAC_KEY is not set");
        if let Self::Parameter { .. } = read {
            settings.problem("HMAC_SECRET_KEY_PARAM is read by the Lambda function only: set HMAC_KEY");
        }
        read
    }

    /// `missing` says that there is no key.
    fn read_from(settings: &mut runtask_settings::SettingsReader<'_>, missing: &str) -> Self {
        let key = settings.text("HMAC_KEY");
        let name = settings.text("HMAC_SECRET_KEY_PARAM");
        let unsigned = settings.flag("RUNTASK_ALLOW_UNSIGNED");
        match (key, name) {
            (Some(_), Some(_)) => {
                settings.problem(
                    "HMAC_KEY and HMAC_SECRET_KEY_PARAM are both set: the key can have one source only",
                );
                Self::Unsigned
            }
            (Some(key), None) => match Key::new(&key) {
                Ok(key) => {
                    if let Some(weakness) = key.weakness() {
                        warn!(event = event::KEY_SHORT, "{weakness}");
                    }
                    Self::Key(key)
                }
                Err(error) => {
                    settings.problem(format!("HMAC_KEY: {error}"));
                    Self::Unsigned
                }
            },
            (None, Some(name)) => {
                let is_set = settings.text(numbers::EXTENSION_PORT.name).is_some();
                let port = is_set.then(|| settings.number(&numbers::EXTENSION_PORT));
                Self::Parameter { name, extension_port: port.and_then(|it| u16::try_from(it).ok()) }
            }
            (None, None) => {
                if !unsigned {
                    settings.problem(format!(
                        "{missing}: nobody could be trusted (RUNTASK_ALLOW_UNSIGNED=true accepts requests from anybody, \
                         for trials only)"
                    ));
                }
                Self::Unsigned
            }
        }
    }
}

/// Settings of the Lambda function `request-handler`.
#[derive(Debug, Clone)]
pub struct RequestSettings {
    /// Where the HMAC key is.
    pub key: KeySetting,
    /// `RUNTASK_CALLBACK_FUNCTION`: name or ARN of the function that does the work.
    pub callback_function: String,
    /// `RUNTASK_TASKS`: the tasks that can be asked for, separated by commas; `default` unless set. They are those of
    /// the callback function's `RUNTASK_CONFIG`.
    pub tasks: TaskNames,
    /// `RUNTASK_ALLOWED_ORIGINS`: where results may be sent; HCP Terraform's own origins unless set. They are those of the
    /// callback function.
    pub origins: AllowedOrigins,
    /// `RUNTASK_HAND_OVER_TIMEOUT_MS`: limit for handing a job over, all attempts together; 2 000 unless set.
    pub hand_over_timeout: Duration,
}

impl RequestSettings {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, by name.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut settings = runtask_settings::SettingsReader::new(lookup);
        let read = Self {
            key: KeySetting::read(&mut settings),
            callback_function: settings
                .required("RUNTASK_CALLBACK_FUNCTION", "it names the Lambda function that does the work"),
            tasks: settings.parsed("RUNTASK_TASKS", TaskNames::default()),
            origins: settings.parsed("RUNTASK_ALLOWED_ORIGINS", AllowedOrigins::default()),
            hand_over_timeout: settings.milliseconds(&numbers::HAND_OVER_TIMEOUT),
        };
        settings.finish()?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<RequestSettings, String> {
        let lookup =
            |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        RequestSettings::read(&lookup).map_err(|error| error.to_string())
    }

    const CALLBACK: (&str, &str) = ("RUNTASK_CALLBACK_FUNCTION", "callback-handler");

    /// P-04: without a key nothing starts, unless that was asked for.
    #[test]
    fn no_key_is_an_error_unless_allowed() {
        let error = read(&[CALLBACK]).unwrap_err();
        assert!(error.contains("HMAC_KEY") && error.contains("RUNTASK_ALLOW_UNSIGNED=true"), "{error}");
        assert!(read(&[CALLBACK, ("RUNTASK_ALLOW_UNSIGNED", "false")]).is_err());
        let unsigned = read(&[CALLBACK, ("RUNTASK_ALLOW_UNSIGNED", "true")]).unwrap();
        assert!(matches!(unsigned.key, KeySetting::Unsigned));
    }

    /// one source wins, and two are an error that names both and shows neither.
    #[test]
    fn two_keys_are_an_error() {
        let error =
            read(&[CALLBACK, ("HMAC_KEY", "hunter2"), ("HMAC_SECRET_KEY_PARAM", "/x/hunter3")]).unwrap_err();
        assert_eq!(
            error,
            "HMAC_KEY and HMAC_SECRET_KEY_PARAM are both set: the key can have one source only"
        );
    }

    /// the parameter's name, and the extension's port where there is one.
    #[test]
    fn a_parameter_is_read_by_sdk_or_extension() {
        let port = |pairs: &[(&str, &str)]| match read(pairs).unwrap().key {
            KeySetting::Parameter { name, extension_port } => (name, extension_port),
            other => panic!("{other:?}"),
        };
        let name = ("HMAC_SECRET_KEY_PARAM", "/terraform-run-task/hmac-secret-key");
        assert_eq!(port(&[CALLBACK, name]), (name.1.to_owned(), None));
        let extension = ("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773");
        assert_eq!(port(&[CALLBACK, name, extension]), (name.1.to_owned(), Some(2773)));
    }

    #[test]
    fn all_problems_come_together() {
        let error = read(&[("RUNTASK_HAND_OVER_TIMEOUT_MS", "soon")]).unwrap_err();
        assert_eq!(error.lines().count(), 3, "{error}");
    }
}

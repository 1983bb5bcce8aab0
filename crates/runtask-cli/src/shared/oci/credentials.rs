//! Reads who we are for a registry.

use runtask_settings::SettingsReader;
use secrecy::SecretString;

/// A name and a password for one registry, and for no other.
#[derive(Debug)]
pub(in crate::shared) struct Credentials {
    /// Its host, with its port where that is said.
    pub(in crate::shared) registry: String,
    pub(super) username: String,
    pub(super) password: SecretString,
}

impl Credentials {
    /// Reads `RUNTASK_OCI_REGISTRY`, `RUNTASK_OCI_USERNAME` and `RUNTASK_OCI_PASSWORD`: all or none.
    pub(in crate::shared) fn read(settings: &mut SettingsReader<'_>) -> Option<Self> {
        let registry = settings.text("RUNTASK_OCI_REGISTRY");
        let username = settings.text("RUNTASK_OCI_USERNAME");
        let password = settings.text("RUNTASK_OCI_PASSWORD").map(SecretString::from);
        match (registry, username, password) {
            (None, None, None) => None,
            (Some(registry), Some(username), Some(password)) => Some(Self { registry, username, password }),
            _ => {
                settings.problem(
                    "set RUNTASK_OCI_REGISTRY, RUNTASK_OCI_USERNAME and RUNTASK_OCI_PASSWORD together, or none of them",
                );
                None
            }
        }
    }
}

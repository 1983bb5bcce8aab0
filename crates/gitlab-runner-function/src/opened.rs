//! Members of the secret, and variables in their place, as they are; decrypted where they are encrypted.

use crate::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gitlab_runner::SealedText;
use runtask_aws::{DecryptError, Keys};
use secrecy::{ExposeSecret, SecretString};

/// What stands under names: in the environment, or else in the secret.
#[derive(Debug, Clone)]
pub(crate) struct Members<'a> {
    /// The secret.
    pub secret: &'a Secret,
    /// The function's own environment.
    pub lookup: runtask_aws::Lookup,
    /// What decrypts.
    pub keys: &'a Keys,
    /// The function's name, for which values are encrypted.
    pub function: &'a str,
}

/// A value that cannot be decrypted.
#[derive(Debug, thiserror::Error)]
#[error("{name} cannot be decrypted")]
pub struct NotOpened {
    name: String,
    #[source]
    why: WhyNot,
}

#[derive(Debug, thiserror::Error)]
enum WhyNot {
    #[error("it is no base64 after `kms:`")]
    Form,
    #[error("what it holds is no text")]
    Text,
    #[error(transparent)]
    Decrypt(DecryptError),
}

impl Members<'_> {
    /// What stands under a name, for jobs of this project, or for the function itself. `None` where there is nothing, or
    /// nothing for that project.
    ///
    /// The environment goes before the secret, except for what AWS itself puts there: the credentials of the function's role
    /// must never stand in for the secret's.
    ///
    /// # Errors
    ///
    /// When it is encrypted, and not for us.
    pub(crate) async fn get(
        &self,
        name: &str,
        project: Option<&str>,
    ) -> Result<Option<SecretString>, NotOpened> {
        let own = if name.starts_with("AWS_") { None } else { (self.lookup)(name) };
        match own.as_deref().filter(|it| !it.is_empty()).or_else(|| self.secret.get(name)) {
            Some(text) => self.open(name, text, project).await,
            None => Ok(None),
        }
    }

    async fn open(
        &self,
        name: &str,
        text: &str,
        project: Option<&str>,
    ) -> Result<Option<SecretString>, NotOpened> {
        let Some(sealed) = SealedText::parse(text) else { return Ok(Some(text.into())) };
        let is_for = |it: &str| project.is_some_and(|project| project.eq_ignore_ascii_case(it));
        if sealed.project.is_some_and(|it| !is_for(it)) {
            return Ok(None);
        }
        let not = |why| NotOpened { name: name.to_owned(), why };
        let ciphertext = STANDARD.decode(sealed.ciphertext).map_err(|_no_base64| not(WhyNot::Form))?;
        let context = SealedText::context(self.function, sealed.project).into_iter().collect();
        let plain = self.keys.decrypt(ciphertext, context).await.map_err(|it| not(WhyNot::Decrypt(it)))?;
        let text = std::str::from_utf8(plain.expose_secret()).map_err(|_its_bytes| not(WhyNot::Text))?;
        Ok(Some(text.into()))
    }
}

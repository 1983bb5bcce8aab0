//! What an operator chooses about messages in Teams.

use std::str::FromStr;

/// The form that a flow expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CardForm {
    /// A message with the card as its attachment: flows that were made from Microsoft's template.
    #[default]
    Envelope,
    /// The card alone: flows that hand all they get to “Post card in a chat or channel”.
    Bare,
    /// `{"text": …}` in Markdown: flows that were built for the run task that this one replaces.
    Text,
}

/// A word that names no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are `envelope`, `bare` and `text`")]
pub struct UnknownForm;

impl FromStr for CardForm {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, UnknownForm> {
        match text {
            "envelope" => Ok(Self::Envelope),
            "bare" => Ok(Self::Bare),
            "text" => Ok(Self::Text),
            _ => Err(UnknownForm),
        }
    }
}

/// Somebody whom a message calls upon. Settings name them, never a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What to call them.
    pub name: String,
    /// Their user principal name, or their object id in Entra ID.
    pub id: String,
}

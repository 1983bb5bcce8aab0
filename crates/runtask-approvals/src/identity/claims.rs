//! A token's claims as a map in which no name stands twice.

use super::token_error::TokenError;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Claims by name. A claim that stands twice means different things to different readers, so it makes the whole
/// unreadable.
#[derive(Debug, Clone, Default)]
pub(super) struct RawClaims(Map<String, Value>);

impl<'de> Deserialize<'de> for RawClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Unique)
    }
}

struct Unique;

impl<'de> Visitor<'de> for Unique {
    type Value = RawClaims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with each name once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<RawClaims, A::Error> {
        let mut claims = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if claims.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(RawClaims(claims))
    }
}

impl RawClaims {
    /// A claim that is a text, where it is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, TokenError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TokenError::Malformed),
        }
    }

    /// A claim that is a list of texts, or one text alone.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&str>>, TokenError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(vec![text])),
            Some(Value::Array(items)) => {
                let texts = items.iter().map(|it| it.as_str().ok_or(TokenError::Malformed));
                texts.collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(TokenError::Malformed),
        }
    }

    /// A claim that is a time, in seconds since 1970. A fraction is cut off.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<u64>, TokenError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => whole_seconds(number).map(Some),
            Some(_) => Err(TokenError::Malformed),
        }
    }

    /// Whether a claim says yes. Some providers write it as a text.
    pub(super) fn is_true(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(yes)) => *yes,
            Some(Value::String(text)) => text == "true" || text == "1",
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            _ => false,
        }
    }

    /// Whether a claim is there, whatever it says.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A claim that is an object: whether it has an entry `name`.
    pub(super) fn has_in(&self, object: &str, name: &str) -> bool {
        self.0.get(object).and_then(Value::as_object).is_some_and(|it| it.contains_key(name))
    }
}

fn whole_seconds(number: &serde_json::Number) -> Result<u64, TokenError> {
    if let Some(seconds) = number.as_u64() {
        return Ok(seconds);
    }
    let seconds = number.as_f64().filter(|it| (0.0..1e15).contains(it)).ok_or(TokenError::Malformed)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
    Ok(seconds as u64)
}

//! Says who somebody is whom Slack names by an id.
//!
//! Source: Slack, "users.info" and "User object".

use super::api::SlackApi;
use crate::person::{Identity, Proof};
use crate::time::UnixTime;
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long somebody is remembered.
const LIFE: Duration = Duration::from_mins(5);
/// How many are.
const PEOPLE: usize = 500;

/// Why somebody in Slack is nobody. Each `Display` is a sentence for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlackPersonError {
    /// Slack did not say.
    #[error("Slack does not say at the moment who you are. Nothing was decided; try again in a minute.")]
    Unavailable,
    /// A guest, a bot, somebody of another workspace or gone.
    #[error("Only full members of this Slack workspace can answer.")]
    NoMember,
}

/// Remembers people for a few minutes.
#[derive(Debug, Default)]
pub(super) struct People {
    known: Mutex<HashMap<String, (Identity, UnixTime)>>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    team_id: Option<String>,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    is_bot: bool,
    #[serde(default)]
    is_restricted: bool,
    #[serde(default)]
    is_ultra_restricted: bool,
    #[serde(default)]
    is_stranger: bool,
    is_email_confirmed: Option<bool>,
    #[serde(default)]
    profile: Profile,
}

#[derive(Default, Deserialize)]
struct Profile {
    email: Option<String>,
    real_name: Option<String>,
}

impl People {
    /// Who `user` is, in the workspace `team`.
    pub(super) async fn identity(
        &self,
        api: &SlackApi,
        team: &str,
        user: &str,
        now: UnixTime,
    ) -> Result<Identity, SlackPersonError> {
        if let Some(known) = self.remembered(user, now) {
            return Ok(known);
        }
        let answer = api.ask("users.info", &[("user", user)]).await;
        let answer = answer.map_err(|_call| SlackPersonError::Unavailable)?;
        let found = answer.get("user").cloned().unwrap_or_default();
        let found: User = serde_json::from_value(found).map_err(|_json| SlackPersonError::Unavailable)?;
        if found.id != user {
            return Err(SlackPersonError::Unavailable);
        }
        let identity = member(found, team)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= PEOPLE {
            known.clear();
        }
        known.insert(user.to_owned(), (identity.clone(), now));
        Ok(identity)
    }

    fn remembered(&self, user: &str, now: UnixTime) -> Option<Identity> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (identity, since) = known.get(user)?;
        (now < since.plus(LIFE)).then(|| identity.clone())
    }
}

fn member(user: User, team: &str) -> Result<Identity, SlackPersonError> {
    let guest = user.is_restricted || user.is_ultra_restricted || user.is_stranger;
    let unconfirmed = user.is_email_confirmed == Some(false);
    if user.deleted || user.is_bot || guest || unconfirmed || user.team_id.as_deref() != Some(team) {
        return Err(SlackPersonError::NoMember);
    }
    let email = user.profile.email.filter(|it| !it.is_empty()).map(|it| it.to_lowercase());
    let mut identifiers = BTreeSet::from([format!("slack:{team}/{}", user.id)]);
    identifiers.extend(email.clone());
    Ok(Identity {
        proof: Proof::Slack,
        issuer: format!("slack:{team}"),
        subject: user.id,
        email,
        name: user.profile.real_name,
        identifiers,
        hints: BTreeSet::new(),
        roles: BTreeSet::new(),
        // Slack's channels and user groups are nobody's proof of anything here.
        groups: Some(BTreeSet::new()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(more: &Value) -> Result<Identity, SlackPersonError> {
        let mut user = json!({ "id": "U0EXAMPLE01", "team_id": "T0EXAMPLE01", "name": "ada", "deleted": false,
            "is_email_confirmed": true, "profile": { "email": "Ada@example.com", "real_name": "Ada Lovelace" } });
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        member(serde_json::from_value(user).unwrap(), "T0EXAMPLE01")
    }

    #[test]
    fn a_member_is_known_by_team_and_id_and_never_by_a_name_they_can_change() {
        let ada = check(&json!({})).unwrap();
        assert_eq!((ada.issuer.as_str(), ada.subject.as_str()), ("slack:T0EXAMPLE01", "U0EXAMPLE01"));
        assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
        let known = ["ada@example.com", "slack:T0EXAMPLE01/U0EXAMPLE01"].map(str::to_owned);
        assert_eq!(ada.identifiers, BTreeSet::from(known));
    }

    #[test]
    fn guests_bots_and_strangers_are_nobody() {
        for more in [
            json!({ "deleted": true }),
            json!({ "is_bot": true }),
            json!({ "is_restricted": true }),
            json!({ "is_ultra_restricted": true }),
            json!({ "is_stranger": true }),
            json!({ "is_email_confirmed": false }),
            json!({ "team_id": "T0OTHER" }),
            json!({ "team_id": null }),
        ] {
            assert_eq!(check(&more), Err(SlackPersonError::NoMember), "{more}");
        }
    }
}

//! Keeps somebody signed in for a quarter of an hour, in a sealed cookie: there is no session on our side.

use super::cookie::{self, SameSite, SetCookie};
use super::random::random_text;
use crate::directory::Directory;
use crate::keys::{Keys, Purpose, SealError};
use crate::person::{Identity, Proof};
use crate::public_address::PublicAddress;
use crate::time::UnixTime;
use http::HeaderMap;
use ring::rand::SystemRandom;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long somebody stays signed in. Groups are as old as that when a vote is counted.
pub const SESSION: Duration = Duration::from_mins(15);

const NAME: &str = "rt-session";

/// Bytes of a cookie's value; browsers keep 4096 with name and attributes.
const COOKIE_BYTES: usize = 3800;

/// Raise it when an older reader would do the wrong thing.
const VERSION: u32 = 1;

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub identity: Identity,
    /// Which of their sessions: forms are bound to it.
    pub id: String,
    /// Until when.
    pub expires: UnixTime,
}

/// Why there is no cookie.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The system has no randomness.
    #[error("the session could not be sealed")]
    Seal(#[source] SealError),
    /// Names and groups do not fit into a cookie.
    #[error("what the provider says of this person does not fit into a cookie")]
    TooLarge,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    v: u32,
    id: String,
    exp: UnixTime,
    proof: Proof,
    iss: String,
    sub: String,
    email: Option<String>,
    name: Option<String>,
    ids: BTreeSet<String>,
    hints: BTreeSet<String>,
    roles: BTreeSet<String>,
    groups: Option<BTreeSet<String>>,
}

/// Signs in, recognizes and signs out.
#[derive(Debug, Clone)]
pub struct Sessions {
    address: PublicAddress,
    keys: Arc<Keys>,
    roles: BTreeSet<String>,
    groups: BTreeSet<String>,
}

impl Sessions {
    /// Sessions of people who come to `address`. Of their roles and groups, those are kept that `directory` asks for.
    #[must_use]
    pub fn new(address: PublicAddress, keys: Arc<Keys>, directory: &Directory) -> Self {
        let roles = directory.groups.values().flat_map(|it| &it.roles).cloned().collect();
        let groups = directory.groups.values().flat_map(|it| &it.groups).cloned().collect();
        Self { address, keys, roles, groups }
    }

    /// Signs `identity` in.
    ///
    /// # Errors
    ///
    /// When the cookie cannot be made; nobody is signed in then.
    pub fn begin(&self, identity: Identity, now: UnixTime) -> Result<SetCookie, SessionError> {
        let kept = Kept {
            v: VERSION,
            id: random_text().map_err(SessionError::Seal)?,
            exp: now.plus(SESSION),
            proof: identity.proof,
            iss: identity.issuer,
            sub: identity.subject,
            email: identity.email,
            name: identity.name,
            ids: identity.identifiers,
            hints: identity.hints,
            roles: identity.roles.intersection(&self.roles).cloned().collect(),
            groups: identity.groups.map(|it| it.intersection(&self.groups).cloned().collect()),
        };
        let plain = serde_json::to_vec(&kept).unwrap_or_default();
        let sealed = self.keys.seal(Purpose::Session, &self.context(), &plain, &SystemRandom::new());
        let sealed = cookie::written(&sealed.map_err(SessionError::Seal)?);
        if sealed.len() > COOKIE_BYTES {
            return Err(SessionError::TooLarge);
        }
        Ok(SetCookie::new(&self.address, NAME, &sealed, SameSite::Lax, SESSION.as_secs()))
    }

    /// Who is signed in, by the cookie of a request.
    #[must_use]
    pub fn read(&self, headers: &HeaderMap, now: UnixTime) -> Option<Session> {
        let sealed = cookie::sealed(&cookie::read(&self.address, headers, NAME)?)?;
        let plain = self.keys.open(Purpose::Session, &self.context(), &sealed, now)?;
        let kept: Kept = serde_json::from_slice(plain.expose_secret()).ok()?;
        if kept.v != VERSION || kept.exp <= now {
            return None;
        }
        let identity = Identity {
            proof: kept.proof,
            issuer: kept.iss,
            subject: kept.sub,
            email: kept.email,
            name: kept.name,
            identifiers: kept.ids,
            hints: kept.hints,
            roles: kept.roles,
            groups: kept.groups,
        };
        Some(Session { identity, id: kept.id, expires: kept.exp })
    }

    /// What signs out.
    #[must_use]
    pub fn end(&self) -> SetCookie {
        SetCookie::clear(&self.address, NAME)
    }

    /// A cookie of one deployment is worth nothing at another, though both have the same secret.
    fn context(&self) -> [&str; 2] {
        ["session", self.address.origin()]
    }
}

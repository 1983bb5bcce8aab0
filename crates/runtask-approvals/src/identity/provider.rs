//! Makes an identity of a token's claims, as each provider means them.
//!
//! Sources: Microsoft, "ID token claims reference" and "Optional claims reference" (`tid`, `oid`, `acct`, `idp`, `hasgroups`,
//! `_claim_names`); Google, "OpenID Connect" (`hd`, `email_verified`); HashiCorp, "Use Okta for OIDC authentication" (groups are
//! cut at 100); OpenID Connect Core 1.0, section 5.7 (`email_verified`).

use super::claims::RawClaims;
use super::settings::Provider;
use super::token_error::TokenError;
use crate::person::{Identity, Proof};
use std::collections::BTreeSet;
use tracing::warn;

/// As many groups as Okta sends at most.
const OKTA_GROUPS: usize = 100;

/// The way out of Entra ID's overage, for whoever reads the log; the person is told by the refusal.
const ENTRA_CURE: &str = "Entra ID tells no groups of people who are in more than 200, so nobody can say which they are in: in \
                          the app registration, use app roles, or set the groups claim to “Groups assigned to the application”";

/// The way out of Okta's limit.
const OKTA_CURE: &str = "Okta tells at most 100 groups of a person, and this one has that many or more, so nobody can say \
                         which are missing: give the groups claim a filter, so that only groups of approvers are sent";

/// Why a token that is right makes nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PersonError {
    /// Of another tenant, or another company's domain.
    #[error("this account does not belong to the company's directory")]
    Foreign,
    /// A guest in the tenant, whose address somebody else vouches for.
    #[error("guests of the directory cannot approve; sign in with an account of the company")]
    Guest,
    /// A claim is missing that says who it is, or has another form.
    #[error("the provider did not say who this is")]
    Unknown,
}

impl PersonError {
    /// One word, for metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Foreign => "foreign",
            Self::Guest => "guest",
            Self::Unknown => "unknown",
        }
    }
}

/// Who the claims are about; `issuer` is the one that was expected, and was found.
pub(super) fn identity(
    claims: &RawClaims,
    provider: &Provider,
    issuer: &str,
    proof: Proof,
) -> Result<Identity, PersonError> {
    let unknown = |_malformed: TokenError| PersonError::Unknown;
    let text = |name: &str| claims.text(name).map_err(unknown).map(|it| it.filter(|it| !it.is_empty()));
    let required = |name: &str| text(name)?.ok_or(PersonError::Unknown);
    let list = |name: &str| {
        let texts = claims.texts(name).map_err(unknown)?.unwrap_or_default();
        Ok(texts.into_iter().map(str::to_owned).collect::<BTreeSet<_>>())
    };
    let email = text("email")?.map(str::to_lowercase);
    let verified = claims.is_true("email_verified");

    let subject;
    let believed;
    let groups;
    let mut identifiers = BTreeSet::new();
    match provider {
        Provider::Entra { tenant } => {
            if !required("tid")?.eq_ignore_ascii_case(tenant) {
                return Err(PersonError::Foreign);
            }
            // Who comes from elsewhere has the other directory in `idp`.
            let elsewhere =
                text("idp")?.is_some_and(|it| !it.to_lowercase().contains(&tenant.to_lowercase()));
            if claims.is_true("acct") || elsewhere {
                return Err(PersonError::Guest);
            }
            let object = required("oid")?;
            subject = format!("{tenant}/{object}");
            identifiers.insert(format!("oid:{object}"));
            // Only the tenant's administrators write the address of a member, unless Entra says it is nobody's domain.
            believed = !claims.has("xms_edov") || claims.is_true("xms_edov");
            let left_out = claims.is_true("hasgroups") || claims.has_in("_claim_names", "groups");
            groups = if left_out { Err(ENTRA_CURE) } else { Ok(list("groups")?) };
        }
        Provider::Google { domain } => {
            if !text("hd")?.is_some_and(|it| it.eq_ignore_ascii_case(domain)) || !verified {
                return Err(PersonError::Foreign);
            }
            subject = required("sub")?.to_owned();
            believed = true;
            groups = Ok(BTreeSet::new());
        }
        Provider::Okta { groups_claim } => {
            subject = required("sub")?.to_owned();
            believed = verified;
            let found = list(groups_claim)?;
            groups = if found.len() >= OKTA_GROUPS { Err(OKTA_CURE) } else { Ok(found) };
        }
        Provider::Other { groups_claim } => {
            subject = required("sub")?.to_owned();
            believed = verified;
            groups = Ok(groups_claim.as_deref().map(list).transpose()?.unwrap_or_default());
        }
    }
    let groups = match groups {
        Ok(known) => Some(known),
        Err(cure) => {
            warn!("{cure}");
            None
        }
    };
    let mut hints = BTreeSet::new();
    for name in ["preferred_username", "upn", "email", "unique_name"] {
        hints.extend(text(name)?.map(str::to_lowercase));
    }
    let email = email.filter(|_| believed);
    identifiers.insert(format!("sub:{subject}"));
    identifiers.extend(email.clone());
    Ok(Identity {
        proof,
        issuer: issuer.to_owned(),
        subject,
        email,
        name: text("name")?.map(str::to_owned),
        identifiers,
        hints,
        roles: list("roles")?,
        groups,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const TENANT: &str = "99999999-8888-7777-6666-555555555555";

    fn check(provider: &Provider, claims: Value) -> Result<Identity, PersonError> {
        let claims = serde_json::from_value(claims).unwrap();
        identity(&claims, provider, "https://issuer.example.com", Proof::Oidc)
    }

    fn set<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
        texts.map(str::to_owned).into()
    }

    fn entra() -> Provider {
        Provider::Entra { tenant: TENANT.to_owned() }
    }

    #[test]
    fn entra_identifies_by_tenant_and_object_and_believes_its_own_members_addresses() {
        let ada = check(
            &entra(),
            json!({ "sub": "pairwise", "tid": TENANT, "oid": "o-1", "email": "Ada@Example.com", "upn": "ada@corp.example",
                "groups": ["g-1"], "roles": ["payments-approver"] }),
        )
        .unwrap();
        assert_eq!(ada.subject, format!("{TENANT}/o-1"));
        assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
        assert_eq!(ada.hints, set(["ada@corp.example", "ada@example.com"]));
        assert_eq!(ada.identifiers, set(["ada@example.com", "oid:o-1", &format!("sub:{TENANT}/o-1")]));
        assert_eq!(ada.groups, Some(set(["g-1"])));
        assert_eq!(ada.roles, set(["payments-approver"]));
    }

    #[test]
    fn entras_guests_and_people_of_other_tenants_are_nobody() {
        let with = |more: Value| {
            let mut claims = json!({ "sub": "s", "tid": TENANT, "oid": "o" });
            claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            check(&entra(), claims)
        };
        assert!(with(json!({ "acct": 0, "idp": format!("https://sts.windows.net/{TENANT}/") })).is_ok());
        assert_eq!(with(json!({ "acct": 1 })), Err(PersonError::Guest));
        assert_eq!(with(json!({ "idp": "https://sts.windows.net/other/" })), Err(PersonError::Guest));
        assert_eq!(with(json!({ "tid": "other" })), Err(PersonError::Foreign));
        assert_eq!(with(json!({ "oid": null })), Err(PersonError::Unknown));
    }

    #[test]
    fn an_address_that_entra_does_not_vouch_for_only_counts_against_somebody() {
        let ada =
            json!({ "sub": "s", "tid": TENANT, "oid": "o", "email": "ada@example.com", "xms_edov": false });
        let ada = check(&entra(), ada).unwrap();
        assert_eq!((ada.email, &ada.hints), (None, &set(["ada@example.com"])));
        assert!(ada.identifiers.is_disjoint(&ada.hints));
    }

    #[test]
    fn groups_that_a_provider_has_cut_off_are_unknown() {
        let overage = json!({ "sub": "s", "tid": TENANT, "oid": "o", "_claim_names": { "groups": "src1" } });
        assert_eq!(check(&entra(), overage).unwrap().groups, None);
        let hinted = json!({ "sub": "s", "tid": TENANT, "oid": "o", "hasgroups": true, "groups": ["g"] });
        assert_eq!(check(&entra(), hinted).unwrap().groups, None);
        let none = json!({ "sub": "s", "tid": TENANT, "oid": "o" });
        assert_eq!(check(&entra(), none).unwrap().groups, Some(set([])));

        let okta = Provider::Okta { groups_claim: "groups".to_owned() };
        let groups = |count: usize| (0..count).map(|it| format!("g{it}")).collect::<BTreeSet<_>>();
        assert_eq!(check(&okta, json!({ "sub": "s", "groups": groups(100) })).unwrap().groups, None);
        let most = check(&okta, json!({ "sub": "s", "groups": groups(99) })).unwrap();
        assert_eq!(most.groups, Some(groups(99)));
    }

    #[test]
    fn google_needs_its_domain_and_a_verified_address() {
        let google = Provider::Google { domain: "example.com".to_owned() };
        let ada =
            json!({ "sub": "1", "hd": "example.com", "email": "ada@example.com", "email_verified": true });
        assert_eq!(check(&google, ada).unwrap().email.as_deref(), Some("ada@example.com"));
        let unverified = json!({ "sub": "1", "hd": "example.com", "email": "ada@example.com" });
        assert_eq!(check(&google, unverified), Err(PersonError::Foreign));
        let private = json!({ "sub": "1", "email": "ada@example.com", "email_verified": true });
        assert_eq!(check(&google, private), Err(PersonError::Foreign));
    }

    #[test]
    fn any_other_issuer_is_believed_in_addresses_it_has_verified() {
        let other = Provider::Other { groups_claim: Some("teams".to_owned()) };
        let ada = |verified: Value| json!({ "sub": "1", "email": "ada@example.com", "email_verified": verified, "teams": ["ops"] });
        let seen = check(&other, ada(json!(true))).unwrap();
        assert_eq!(seen.email.as_deref(), Some("ada@example.com"));
        assert_eq!(seen.groups, Some(set(["ops"])));
        for not in [json!(false), json!(null), json!("no")] {
            assert_eq!(check(&other, ada(not)).unwrap().email, None);
        }
        assert_eq!(check(&other, json!({ "sub": "1", "teams": [7] })), Err(PersonError::Unknown));
    }
}

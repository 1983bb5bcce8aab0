//! Believes Azure's built-in sign-in ("Easy Auth") in front of us, which says in plain headers who somebody is.
//!
//! Nothing in them is signed: whoever reaches us around the platform is whoever they like. So they count only where that is
//! configured, and the platform is the only way in.
//!
//! Source: Microsoft, "Work with user identities in Azure App Service authentication".

use super::provider::PersonError;
use crate::person::{Identity, Proof};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde::Deserialize;
use std::collections::BTreeSet;
use tracing::warn;

/// Bytes of the header.
const PRINCIPAL_BYTES: usize = 32 * 1024;

const OBJECT: [&str; 2] = ["http://schemas.microsoft.com/identity/claims/objectidentifier", "oid"];
const TENANT: [&str; 2] = ["http://schemas.microsoft.com/identity/claims/tenantid", "tid"];
const EMAIL: [&str; 2] = ["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "email"];
const UPN: [&str; 3] =
    ["preferred_username", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "upn"];
const ROLES: [&str; 2] = ["roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"];

#[derive(Deserialize)]
struct Principal {
    auth_typ: String,
    claims: Vec<Claim>,
}

#[derive(Deserialize)]
struct Claim {
    typ: String,
    val: String,
}

/// Who sends a request with these headers, by the word of the platform; only people of `tenant`.
///
/// # Errors
///
/// When the platform names nobody of this tenant.
pub fn easy_auth_identity(headers: &HeaderMap, tenant: &str) -> Result<Identity, PersonError> {
    let mut values = headers.get_all("x-ms-client-principal").iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(PersonError::Unknown) };
    if value.len() > PRINCIPAL_BYTES {
        return Err(PersonError::Unknown);
    }
    let bytes = STANDARD.decode(value.as_bytes()).map_err(|_base64| PersonError::Unknown)?;
    let principal: Principal = serde_json::from_slice(&bytes).map_err(|_json| PersonError::Unknown)?;
    if principal.auth_typ != "aad" {
        return Err(PersonError::Foreign);
    }
    let all = |names: &[&str]| -> BTreeSet<String> {
        let claims = principal.claims.iter().filter(|it| names.contains(&it.typ.as_str()));
        claims.map(|it| it.val.clone()).filter(|it| !it.is_empty()).collect()
    };
    let one = |names: &[&str]| {
        let mut found = all(names).into_iter();
        // Two values that differ name two people.
        found.next().filter(|_| found.next().is_none())
    };
    let is = |name: &str, value: &str| principal.claims.iter().any(|it| it.typ == name && it.val == value);
    if !one(&TENANT).ok_or(PersonError::Unknown)?.eq_ignore_ascii_case(tenant) {
        return Err(PersonError::Foreign);
    }
    if is("acct", "1") {
        return Err(PersonError::Guest);
    }
    let object = one(&OBJECT).ok_or(PersonError::Unknown)?;
    let left_out = is("hasgroups", "true") || principal.claims.iter().any(|it| it.typ == "_claim_names");
    if left_out {
        warn!(
            "Entra ID tells no groups of people who are in more than 200: use app roles, or set the groups claim to \
             “Groups assigned to the application”"
        );
    }
    let subject = format!("{tenant}/{object}");
    let hints = all(&UPN).into_iter().chain(all(&EMAIL)).map(|it| it.to_lowercase()).collect();
    Ok(Identity {
        proof: Proof::ProxyHeader,
        issuer: format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        identifiers: BTreeSet::from([format!("oid:{object}"), format!("sub:{subject}")]),
        subject,
        email: None,
        name: one(&["name"]),
        hints,
        roles: all(&ROLES),
        groups: (!left_out).then(|| all(&["groups"])),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const TENANT_ID: &str = "99999999-8888-7777-6666-555555555555";

    fn check(principal: &Value) -> Result<Identity, PersonError> {
        let mut headers = HeaderMap::new();
        let value = STANDARD.encode(principal.to_string());
        headers.insert("x-ms-client-principal", value.parse().unwrap());
        easy_auth_identity(&headers, TENANT_ID)
    }

    fn principal(more: &[(&str, &str)]) -> Value {
        let mut claims = vec![(OBJECT[0], "11111111-2222-3333-4444-555555555555"), (TENANT[0], TENANT_ID)];
        claims.extend([("preferred_username", "Ada@example.com"), ("roles", "payments-approver")]);
        claims.extend(more);
        let claims: Vec<_> = claims.into_iter().map(|(typ, val)| json!({ "typ": typ, "val": val })).collect();
        json!({ "auth_typ": "aad", "name_typ": "name", "role_typ": "roles", "claims": claims })
    }

    #[test]
    fn the_platform_names_somebody_by_tenant_and_object() {
        let ada = check(&principal(&[("groups", "g-1"), ("name", "Ada Lovelace")])).unwrap();
        assert_eq!(ada.subject, format!("{TENANT_ID}/11111111-2222-3333-4444-555555555555"));
        assert_eq!((ada.proof, ada.email), (Proof::ProxyHeader, None));
        assert_eq!(ada.hints, BTreeSet::from(["ada@example.com".to_owned()]));
        assert_eq!(ada.roles, BTreeSet::from(["payments-approver".to_owned()]));
        assert_eq!(ada.groups, Some(BTreeSet::from(["g-1".to_owned()])));
        assert_eq!(ada.name.as_deref(), Some("Ada Lovelace"));
    }

    #[test]
    fn strangers_guests_and_two_people_in_one_are_nobody() {
        let object = "66666666-2222-3333-4444-555555555555";
        assert_eq!(check(&principal(&[(OBJECT[0], object)])), Err(PersonError::Unknown));
        assert_eq!(check(&principal(&[("acct", "1")])), Err(PersonError::Guest));
        let mut github = principal(&[]);
        github["auth_typ"] = json!("github");
        assert_eq!(check(&github), Err(PersonError::Foreign));
        let foreign = json!({ "auth_typ": "aad", "claims": [{ "typ": "tid", "val": "other" }] });
        assert_eq!(check(&foreign), Err(PersonError::Foreign));
        assert_eq!(easy_auth_identity(&HeaderMap::new(), TENANT_ID), Err(PersonError::Unknown));
    }

    #[test]
    fn groups_that_entra_left_out_are_unknown() {
        assert_eq!(check(&principal(&[("hasgroups", "true")])).unwrap().groups, None);
        assert_eq!(check(&principal(&[("_claim_names", "{}")])).unwrap().groups, None);
    }
}

//! A proxy in front of us signs who somebody is, and only the one that is configured is believed.

use crate::surroundings::{now, outbound};
use http::HeaderMap;
use runtask_approvals::identity::{
    PersonError, Provider, ProxyError, ProxySettings, ProxySignIn, TokenError,
};
use runtask_approvals::{Identity, Proof};
use runtask_simulator::stand_ins::{Account, Forgery, Signing, StandInIssuer};
use serde_json::{Value, json};

const ARN: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/approvals/50dc6c495c0c9188";
const KEY_ID: &str = "a4e0e1b2-0000-4000-8000-000000000001";
const TENANT: &str = "99999999-8888-7777-6666-555555555555";
const IAP: &str = "https://cloud.google.com/iap";

/// A proxy that knows ada.
async fn start() -> StandInIssuer {
    let claims =
        json!({ "sub": "ada-1", "email": "Ada@example.com", "tid": TENANT, "oid": "o-1", "groups": ["g-1"] });
    let ada = Account { name: "ada".to_owned(), claims: claims.as_object().unwrap().clone() };
    let address = "127.0.0.1:0".parse().unwrap();
    let issuer = StandInIssuer::start(address, "runtask", "", Vec::new(), vec![ada]).await.unwrap();
    issuer.use_rsa_key(include_bytes!("fixtures/issuer-rs256.pk8")).unwrap();
    issuer.rotate_key(KEY_ID).unwrap();
    issuer
}

fn believing(settings: ProxySettings) -> ProxySignIn {
    ProxySignIn::new(settings, outbound())
}

fn url(text: &str) -> url::Url {
    text.parse().unwrap()
}

async fn ask(proxy: &ProxySignIn, header: &'static str, token: &str) -> Result<Identity, ProxyError> {
    let mut headers = HeaderMap::new();
    headers.insert(header, token.parse().unwrap());
    proxy.identity(&headers, now()).await
}

fn alb(issuer: &StandInIssuer) -> ProxySignIn {
    believing(ProxySettings::Alb {
        arn: ARN.to_owned(),
        client_id: "runtask".to_owned(),
        keys: url(issuer.issuer()),
        issuer: issuer.issuer().to_owned(),
        provider: Provider::Entra { tenant: TENANT.to_owned() },
    })
}

/// What an AWS load balancer makes: padded, with itself in the header and no audience.
fn by_alb(header: Value, claims: Value) -> Forgery {
    let mut forgery = Forgery { padded: true, ..Forgery::default() };
    forgery.header.extend([("signer".to_owned(), ARN.into()), ("client".to_owned(), "runtask".into())]);
    forgery.header.extend(header.as_object().unwrap().clone());
    forgery.claims.insert("aud".to_owned(), Value::Null);
    forgery.claims.extend(claims.as_object().unwrap().clone());
    forgery
}

#[tokio::test]
async fn a_load_balancer_is_believed_by_its_arn_and_its_padding_is_borne() {
    let issuer = start().await;
    let proxy = alb(&issuer);
    let check = async |forgery: Forgery| {
        issuer.forge(forgery);
        ask(&proxy, "x-amzn-oidc-data", &issuer.token("ada", "").unwrap()).await
    };
    let ada = check(by_alb(json!({}), json!({}))).await.unwrap();
    assert_eq!((ada.proof, ada.subject), (Proof::ProxyJwt, format!("{TENANT}/o-1")));
    assert!(issuer.token("ada", "").unwrap().ends_with("=="), "the token is padded");

    let others = json!({ "signer": ARN.replace("approvals", "evil") });
    assert_eq!(check(by_alb(others, json!({}))).await, Err(ProxyError::Signer));
    assert_eq!(check(by_alb(json!({ "signer": null }), json!({}))).await, Err(ProxyError::Signer));
    for client in [json!("payroll"), Value::Null] {
        let elses = by_alb(json!({ "client": client }), json!({}));
        assert_eq!(check(elses).await, Err(ProxyError::Token(TokenError::Audience)));
    }
    let path = json!({ "kid": "../../evil" });
    assert_eq!(check(by_alb(path, json!({}))).await, Err(ProxyError::Token(TokenError::UnknownKey)));
    let missing = json!({ "kid": KEY_ID.replace('1', "2") });
    assert_eq!(check(by_alb(missing, json!({}))).await, Err(ProxyError::Unavailable));
    let expired = json!({ "exp": now().0 - 61 });
    assert_eq!(check(by_alb(json!({}), expired)).await, Err(ProxyError::Token(TokenError::Expired)));
    let elsewhere = json!({ "iss": "https://evil.example" });
    assert_eq!(check(by_alb(json!({}), elsewhere)).await, Err(ProxyError::Token(TokenError::Issuer)));
    let foreign = json!({ "tid": "other" });
    assert_eq!(check(by_alb(json!({}), foreign)).await, Err(ProxyError::Person(PersonError::Foreign)));
    for (signing, error) in [
        (Signing::AnotherKey, TokenError::Signature),
        (Signing::ThenAltered, TokenError::Signature),
        (Signing::Nothing, TokenError::Algorithm),
        (Signing::HmacOfPublicKey, TokenError::Algorithm),
    ] {
        let forgery = Forgery { signing, ..by_alb(json!({}), json!({})) };
        assert_eq!(check(forgery).await, Err(ProxyError::Token(error)), "{signing:?}");
    }
}

#[tokio::test]
async fn cloudflare_and_google_are_believed_for_their_audience_alone() {
    let issuer = start().await;
    let cloudflare =
        believing(ProxySettings::Cloudflare { team: url(issuer.issuer()), audience: "tag".to_owned() });
    let iap = believing(ProxySettings::Iap {
        audience: "/projects/1/apps/acme".to_owned(),
        keys: url(&format!("{}/keys", issuer.issuer())),
    });
    let from_iap = |issuer: &str| {
        let claims = json!({ "iss": issuer }).as_object().unwrap().clone();
        Forgery { claims, ..Forgery::default() }
    };

    issuer.forge(Forgery { signing: Signing::Rs256, ..Forgery::default() });
    let token = issuer.token("ada", "tag").unwrap();
    let ada = ask(&cloudflare, "cf-access-jwt-assertion", &token).await.unwrap();
    assert_eq!((ada.subject.as_str(), ada.email.as_deref()), ("ada-1", Some("ada@example.com")));
    let other = issuer.token("ada", "another tag").unwrap();
    let refused = ask(&cloudflare, "cf-access-jwt-assertion", &other).await;
    assert_eq!(refused, Err(ProxyError::Token(TokenError::Audience)));
    let refused = ask(&iap, "x-goog-iap-jwt-assertion", &token).await;
    assert_eq!(refused, Err(ProxyError::Token(TokenError::Algorithm)), "Google signs with ES256 alone");

    issuer.forge(from_iap(IAP));
    let token = issuer.token("ada", "/projects/1/apps/acme").unwrap();
    assert!(ask(&iap, "x-goog-iap-jwt-assertion", &token).await.is_ok());
    issuer.forge(from_iap("https://accounts.google.com"));
    let token = issuer.token("ada", "/projects/1/apps/acme").unwrap();
    let refused = ask(&iap, "x-goog-iap-jwt-assertion", &token).await;
    assert_eq!(refused, Err(ProxyError::Token(TokenError::Issuer)));
}

#[tokio::test]
async fn headers_of_another_proxy_or_two_of_them_name_nobody() {
    let issuer = start().await;
    let proxy = alb(&issuer);
    issuer.forge(by_alb(json!({}), json!({})));
    let token = issuer.token("ada", "").unwrap();
    assert_eq!(ask(&proxy, "cf-access-jwt-assertion", &token).await, Err(ProxyError::Missing));
    assert_eq!(proxy.identity(&HeaderMap::new(), now()).await, Err(ProxyError::Missing));
    let mut twice = HeaderMap::new();
    twice.append("x-amzn-oidc-data", token.parse().unwrap());
    twice.append("x-amzn-oidc-data", token.parse().unwrap());
    assert_eq!(proxy.identity(&twice, now()).await, Err(ProxyError::Token(TokenError::Malformed)));
}

//! People sign in at an identity provider that signs with real keys, and every wrong token is refused.

use crate::surroundings::{now, outbound};
use http::{HeaderMap, header};
use runtask_approvals::identity::{
    IssuerUrl, OidcSettings, OidcSignIn, PersonError, Provider, ReturnPath, SESSION, Sessions, SignInError,
    TokenError,
};
use runtask_approvals::{Directory, Group, Identity, Keys, Proof, PublicAddress, Secret, UnixTime};
use runtask_simulator::stand_ins::{Account, Forgery, Signing, StandInIssuer};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const ADDRESS: &str = "https://approve.example.com";
const LINK: &str = "/-/a/eyJ2IjoxfQ.c2lnbmF0dXJl";

fn account(name: &str, claims: Value) -> Account {
    Account { name: name.to_owned(), claims: claims.as_object().unwrap().clone() }
}

async fn start() -> (StandInIssuer, OidcSignIn) {
    let callback = format!("{ADDRESS}/-/signin/callback");
    let ada = json!({ "sub": "1", "email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace",
        "groups": ["payments", "lunch"] });
    let accounts = vec![account("ada", ada), account("grace", json!({ "sub": "2" }))];
    let address = "127.0.0.1:0".parse().unwrap();
    let issuer =
        StandInIssuer::start(address, "runtask", "s3cret/+", vec![callback], accounts).await.unwrap();
    issuer.use_rsa_key(include_bytes!("fixtures/issuer-rs256.pk8")).unwrap();
    let sign_in = sign_in(issuer.issuer(), "s3cret/+", keys(0));
    (issuer, sign_in)
}

fn keys(byte: u8) -> Arc<Keys> {
    Arc::new(Keys::new(&Secret::new([byte; 32]), None))
}

fn sign_in(issuer: &str, secret: &str, keys: Arc<Keys>) -> OidcSignIn {
    let settings = OidcSettings {
        issuer: IssuerUrl::new(issuer).unwrap(),
        client_id: "runtask".to_owned(),
        client_secret: secret.to_owned().into(),
        provider: Provider::Other { groups_claim: Some("groups".to_owned()) },
    };
    OidcSignIn::new(settings, PublicAddress::new(ADDRESS).unwrap(), keys, outbound())
}

/// The headers of a browser that has taken a `Set-Cookie` header.
fn browser(set_cookie: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, set_cookie.split(';').next().unwrap().parse().unwrap());
    headers
}

/// Somebody's way to the provider: the address they come back with, and their cookie.
async fn trip(issuer: &StandInIssuer, sign_in: &OidcSignIn, name: &str) -> (String, HeaderMap) {
    let departure = sign_in.depart(&ReturnPath::new(LINK).unwrap(), now()).await.unwrap();
    let back = issuer.pick(&departure.url, name).unwrap();
    let query = back.strip_prefix(&format!("{ADDRESS}/-/signin/callback?")).unwrap().to_owned();
    (query, browser(departure.cookie.header()))
}

async fn signed_in(issuer: &StandInIssuer, sign_in: &OidcSignIn) -> Result<Identity, SignInError> {
    let (query, cookies) = trip(issuer, sign_in, "ada").await;
    sign_in.arrive(&query, &cookies, now()).await.map(|it| it.identity)
}

#[tokio::test]
async fn somebody_signs_in_and_returns_to_the_page_they_wanted() {
    let (issuer, sign_in) = start().await;
    let (query, cookies) = trip(&issuer, &sign_in, "ada").await;
    let arrival = sign_in.arrive(&query, &cookies, now()).await.unwrap();
    assert_eq!(arrival.then.as_str(), LINK);
    assert!(arrival.cookie.header().contains("Max-Age=0"), "the trip's cookie is taken away");
    let ada = arrival.identity;
    assert_eq!((ada.proof, ada.issuer.as_str(), ada.subject.as_str()), (Proof::Oidc, issuer.issuer(), "1"));
    assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
    assert_eq!(ada.name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(ada.groups, Some(BTreeSet::from(["payments".to_owned(), "lunch".to_owned()])));
    assert_eq!(issuer.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn what_goes_along_is_sealed_and_differs_each_time() {
    let (_issuer, sign_in) = start().await;
    let then = ReturnPath::new(LINK).unwrap();
    let (one, two) =
        (sign_in.depart(&then, now()).await.unwrap(), sign_in.depart(&then, now()).await.unwrap());
    let value = |url: &url::Url, name: &str| {
        url.query_pairs().find(|it| it.0 == name).map(|it| it.1.into_owned()).unwrap()
    };
    for name in ["state", "nonce", "code_challenge"] {
        assert_ne!(value(&one.url, name), value(&two.url, name), "{name}");
        assert!(!one.cookie.header().contains(&value(&one.url, "nonce")));
    }
    assert!(one.cookie.header().starts_with("__Host-rt-trip-"));
    assert!(one.cookie.header().contains("HttpOnly; SameSite=Lax; Secure"));
    assert!(!format!("{sign_in:?}").contains("s3cret"));
}

#[tokio::test]
async fn rs256_is_accepted_too() {
    let (issuer, sign_in) = start().await;
    issuer.forge(Forgery { signing: Signing::Rs256, ..Forgery::default() });
    assert_eq!(signed_in(&issuer, &sign_in).await.map(|it| it.subject).as_deref(), Ok("1"));
}

#[tokio::test]
async fn every_wrong_token_is_refused_by_name() {
    let (issuer, sign_in) = start().await;
    let at = |seconds: i64| json!(now().0.checked_add_signed(seconds).unwrap());
    let signed = |signing| Forgery { signing, ..Forgery::default() };
    let header = |it: Value| Forgery { header: it.as_object().unwrap().clone(), ..Forgery::default() };
    let claims = |it: Value| Forgery { claims: it.as_object().unwrap().clone(), ..Forgery::default() };
    let raw = |it: String| Forgery { raw_claims: Some(it), ..Forgery::default() };
    let twice =
        format!(r#"{{"iss":"{}","aud":"runtask","sub":"1","sub":"2","exp":9999999999}}"#, issuer.issuer());
    let cases = [
        ("none", signed(Signing::Nothing), TokenError::Algorithm),
        ("HS256 with the public key", signed(Signing::HmacOfPublicKey), TokenError::Algorithm),
        ("HS256 said, ES256 done", header(json!({ "alg": "HS256" })), TokenError::Algorithm),
        ("PS256", header(json!({ "alg": "PS256" })), TokenError::Algorithm),
        ("a foreign key", signed(Signing::AnotherKey), TokenError::Signature),
        ("altered", signed(Signing::ThenAltered), TokenError::Signature),
        ("a key that is not there", header(json!({ "kid": "key-9" })), TokenError::UnknownKey),
        ("no key", header(json!({ "kid": null })), TokenError::UnknownKey),
        ("RS256 with the key for ES256", header(json!({ "alg": "RS256" })), TokenError::UnknownKey),
        ("ES256 with the key for RS256", header(json!({ "kid": "rsa-1" })), TokenError::UnknownKey),
        ("an extension", header(json!({ "crit": ["b64"] })), TokenError::Malformed),
        ("another issuer", claims(json!({ "iss": "https://evil.example" })), TokenError::Issuer),
        ("no issuer", claims(json!({ "iss": null })), TokenError::Issuer),
        (
            "a slash behind the issuer",
            claims(json!({ "iss": format!("{}/", issuer.issuer()) })),
            TokenError::Issuer,
        ),
        ("another audience", claims(json!({ "aud": "payroll" })), TokenError::Audience),
        ("no audience", claims(json!({ "aud": null })), TokenError::Audience),
        ("several, and no party", claims(json!({ "aud": ["runtask", "payroll"] })), TokenError::Audience),
        (
            "several, and another party",
            claims(json!({ "aud": ["runtask", "payroll"], "azp": "payroll" })),
            TokenError::Audience,
        ),
        ("another party", claims(json!({ "azp": "payroll" })), TokenError::Audience),
        ("another sign-in", claims(json!({ "nonce": "AAAAAAAAAAAAAAAAAAAAAA" })), TokenError::Nonce),
        ("no nonce", claims(json!({ "nonce": null })), TokenError::Nonce),
        ("expired", claims(json!({ "exp": at(-61) })), TokenError::Expired),
        ("without an end", claims(json!({ "exp": null })), TokenError::Expired),
        ("made in the future", claims(json!({ "iat": at(90) })), TokenError::NotYet),
        ("not yet", claims(json!({ "nbf": at(90) })), TokenError::NotYet),
        ("nobody", claims(json!({ "sub": null })), TokenError::Subject),
        ("an empty name", claims(json!({ "sub": "" })), TokenError::Subject),
        ("an end in words", claims(json!({ "exp": "tomorrow" })), TokenError::Malformed),
        ("an end below zero", claims(json!({ "exp": -1 })), TokenError::Malformed),
        ("a name that is a number", claims(json!({ "sub": 1 })), TokenError::Malformed),
        ("a claim twice", raw(twice), TokenError::Malformed),
        ("no JSON", raw("ada".to_owned()), TokenError::Malformed),
        ("huge", claims(json!({ "groups": vec!["x".repeat(100); 200] })), TokenError::TooLong),
    ];
    for (what, forgery, expected) in cases {
        issuer.forge(forgery);
        assert_eq!(signed_in(&issuer, &sign_in).await.err(), Some(SignInError::Token(expected)), "{what}");
    }
    let fine = [
        ("a clock that is a little behind", claims(json!({ "exp": at(-50) }))),
        ("a clock that is a little ahead", claims(json!({ "iat": at(50), "nbf": at(50) }))),
        ("us among several", claims(json!({ "aud": ["runtask", "payroll"], "azp": "runtask" }))),
        ("a list of one", claims(json!({ "aud": ["runtask"] }))),
    ];
    for (what, forgery) in fine {
        issuer.forge(forgery);
        assert!(signed_in(&issuer, &sign_in).await.is_ok(), "{what}");
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_for_an_unknown_one_at_most_once_a_minute() {
    let (issuer, sign_in) = start().await;
    for _ in 0..3 {
        signed_in(&issuer, &sign_in).await.unwrap();
    }
    assert_eq!(issuer.key_requests(), 1);
    issuer.rotate_key("key-2").unwrap();
    let unknown = Err(SignInError::Token(TokenError::UnknownKey));
    assert_eq!(signed_in(&issuer, &sign_in).await.map(|it| it.subject), unknown);
    assert_eq!(issuer.key_requests(), 1, "asked again within a minute");
    let later = now().plus(Duration::from_mins(1));
    let (query, cookies) = trip(&issuer, &sign_in, "ada").await;
    assert!(sign_in.arrive(&query, &cookies, later).await.is_ok());
    assert_eq!(issuer.key_requests(), 2);
}

#[tokio::test]
async fn a_sign_in_counts_once_in_its_own_browser_and_in_time() {
    let (issuer, sign_in) = start().await;
    let (query, cookies) = trip(&issuer, &sign_in, "ada").await;
    let arrive = async |query: &str, cookies: &HeaderMap, at| {
        sign_in.arrive(query, cookies, at).await.map(|it| it.identity.subject)
    };
    assert_eq!(arrive(&query, &HeaderMap::new(), now()).await, Err(SignInError::Stale), "another browser");
    let late = now().plus(Duration::from_mins(11));
    assert_eq!(arrive(&query, &cookies, late).await, Err(SignInError::Stale));
    assert_eq!(arrive(&query, &cookies, now()).await.as_deref(), Ok("1"));
    assert_eq!(arrive(&query, &cookies, now()).await, Err(SignInError::CodeRefused), "replayed");
}

#[tokio::test]
async fn two_tabs_do_not_disturb_each_other_and_cannot_be_swapped() {
    let (issuer, sign_in) = start().await;
    let (ada, adas) = trip(&issuer, &sign_in, "ada").await;
    let (grace, graces) = trip(&issuer, &sign_in, "grace").await;
    assert_eq!(sign_in.arrive(&ada, &graces, now()).await.err(), Some(SignInError::Stale));
    // The state of one, the code of the other: the verifier does not fit, and the code is used up.
    let part = |query: &str, name: &str| {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.into_owned().find(|it| it.0 == name).map(|it| it.1).unwrap()
    };
    let swapped = grace.replace(&part(&grace, "code"), &part(&ada, "code"));
    assert_eq!(sign_in.arrive(&swapped, &graces, now()).await.err(), Some(SignInError::CodeRefused));
    let mut both = adas.clone();
    both.append(header::COOKIE, graces[header::COOKIE].clone());
    assert_eq!(sign_in.arrive(&grace, &both, now()).await.unwrap().identity.subject, "2");
}

#[tokio::test]
async fn what_comes_back_must_be_whole_and_from_the_issuer() {
    let (issuer, sign_in) = start().await;
    let (query, cookies) = trip(&issuer, &sign_in, "ada").await;
    let check = async |query: &str| sign_in.arrive(query, &cookies, now()).await.err();
    let state = query.split('&').find(|it| it.starts_with("state=")).unwrap();
    let without_issuer = query.split("&iss=").next().unwrap();
    assert_eq!(check("").await, Some(SignInError::Malformed));
    assert_eq!(check("code=x").await, Some(SignInError::Malformed));
    assert_eq!(check("code=x&state=short").await, Some(SignInError::Malformed));
    assert_eq!(check(&format!("code=x&{state}&{state}")).await, Some(SignInError::Malformed));
    assert_eq!(check(&format!("{query}&error=access_denied")).await, Some(SignInError::Malformed));
    assert_eq!(check(&format!("{query}&pad={}", "x".repeat(9000))).await, Some(SignInError::Malformed));
    assert_eq!(check(without_issuer).await, Some(SignInError::OtherIssuer), "it said that it names itself");
    let other = format!("{without_issuer}&iss=https%3A%2F%2Fevil.example");
    assert_eq!(check(&other).await, Some(SignInError::OtherIssuer));
    let named = format!("&iss={}", query.split("&iss=").nth(1).unwrap());
    let denied = format!("error=access_denied&{state}{named}");
    assert_eq!(check(&denied).await, Some(SignInError::Denied));
    let elsewhere = format!("error=access_denied&state=AAAAAAAAAAAAAAAAAAAAAA{named}");
    assert_eq!(check(&elsewhere).await, Some(SignInError::Stale), "nobody else's refusal is believed");
}

#[tokio::test]
async fn a_cookie_of_another_deployment_is_worth_nothing() {
    let (issuer, sign_in_here) = start().await;
    let (query, cookies) = trip(&issuer, &sign_in_here, "ada").await;
    let elsewhere = sign_in(issuer.issuer(), "s3cret/+", keys(7));
    assert_eq!(elsewhere.arrive(&query, &cookies, now()).await.err(), Some(SignInError::Stale));
}

#[tokio::test]
async fn an_issuer_that_is_down_or_does_not_know_us_lets_nobody_in() {
    let (issuer, sign_in_here) = start().await;
    let (query, cookies) = trip(&issuer, &sign_in_here, "ada").await;
    issuer.set_down(true);
    assert_eq!(sign_in_here.arrive(&query, &cookies, now()).await.err(), Some(SignInError::Unavailable));
    let cold = sign_in(issuer.issuer(), "s3cret/+", keys(0));
    let then = ReturnPath::new(LINK).unwrap();
    assert_eq!(cold.depart(&then, now()).await.err(), Some(SignInError::Unavailable));
    issuer.set_down(false);
    let wrong_secret = sign_in(issuer.issuer(), "guess", keys(0));
    assert_eq!(signed_in(&issuer, &wrong_secret).await.err(), Some(SignInError::Unavailable));
    let wrong_issuer = sign_in(&format!("{}/", issuer.issuer()), "s3cret/+", keys(0));
    assert_eq!(wrong_issuer.depart(&then, now()).await.err(), Some(SignInError::Unavailable));
}

#[tokio::test]
async fn somebody_of_another_company_is_nobody() {
    let (issuer, _) = start().await;
    let settings = OidcSettings {
        issuer: IssuerUrl::new(issuer.issuer()).unwrap(),
        client_id: "runtask".to_owned(),
        client_secret: "s3cret/+".to_owned().into(),
        provider: Provider::Google { domain: "example.com".to_owned() },
    };
    let sign_in = OidcSignIn::new(settings, PublicAddress::new(ADDRESS).unwrap(), keys(0), outbound());
    assert_eq!(signed_in(&issuer, &sign_in).await.err(), Some(SignInError::Person(PersonError::Foreign)));
}

#[tokio::test]
async fn a_session_lasts_a_quarter_of_an_hour_and_keeps_what_matters() {
    let (issuer, sign_in) = start().await;
    let ada = signed_in(&issuer, &sign_in).await.unwrap();
    let payments = Group { groups: ["payments".to_owned()].into(), ..Group::default() };
    let directory = Directory { groups: [("payments".to_owned(), payments)].into(), ..Directory::default() };
    let address = PublicAddress::new(ADDRESS).unwrap();
    let sessions = Sessions::new(address.clone(), keys(0), &directory);
    let start = UnixTime(1_796_000_000);
    let cookie = sessions.begin(ada.clone(), start).unwrap();
    assert!(cookie.header().starts_with("__Host-rt-session="));
    let cookies = browser(cookie.header());

    let read = sessions.read(&cookies, start).unwrap();
    assert_eq!(read.identity.groups, Some(BTreeSet::from(["payments".to_owned()])), "and not lunch");
    assert_eq!(read.identity, Identity { groups: read.identity.groups.clone(), ..ada.clone() });
    let end = start.plus(SESSION);
    assert!(sessions.read(&cookies, UnixTime(end.0 - 1)).is_some());
    assert_eq!(sessions.read(&cookies, end), None);

    let again = browser(sessions.begin(ada.clone(), start).unwrap().header());
    assert_ne!(sessions.read(&again, start).unwrap().id, read.id);
    let elsewhere = PublicAddress::new("https://other.example.com").unwrap();
    assert_eq!(Sessions::new(elsewhere, keys(0), &directory).read(&cookies, start), None);
    assert_eq!(Sessions::new(address, keys(9), &directory).read(&cookies, start), None);
    assert!(sessions.end().header().contains("Max-Age=0"));

    let huge = Identity { hints: (0..200).map(|it| format!("{it:040}")).collect(), ..ada };
    assert!(sessions.begin(huge, start).is_err(), "browsers keep 4096 bytes");
}

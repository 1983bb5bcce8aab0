//! People sign in on their way to the page.

use crate::house::{ADDRESS, CONFIRMED, House, form, from_page, keys, location, mark, pair, text};
use crate::surroundings::outbound;
use http::{HeaderMap, Method, StatusCode, header};
use runtask_approvals::PublicAddress;
use runtask_approvals::identity::{IssuerUrl, OidcSettings, OidcSignIn, Provider};
use runtask_approvals::pages::SignIn;
use runtask_approvals::test_util::question;
use runtask_simulator::stand_ins::{Account, StandInIssuer};
use serde_json::json;

/// A house in which people sign in, and a browser's cookies.
async fn with_issuer() -> (StandInIssuer, House) {
    let callback = format!("{ADDRESS}/-/signin/callback");
    let ada = json!({ "sub": "1", "email": "ada@example.com", "email_verified": true });
    let accounts = vec![Account { name: "ada".to_owned(), claims: ada.as_object().unwrap().clone() }];
    let address = "127.0.0.1:0".parse().unwrap();
    let issuer = StandInIssuer::start(address, "runtask", "secret", vec![callback], accounts).await.unwrap();
    let settings = OidcSettings {
        issuer: IssuerUrl::new(issuer.issuer()).unwrap(),
        client_id: "runtask".to_owned(),
        client_secret: "secret".to_owned().into(),
        provider: Provider::Other { groups_claim: None },
    };
    let oidc = OidcSignIn::new(settings, PublicAddress::new(ADDRESS).unwrap(), keys(), outbound());
    let house = House::new(question(), SignIn::Oidc(Box::new(oidc)), None).await;
    (issuer, house)
}

#[tokio::test]
async fn somebody_follows_a_link_signs_in_and_approves() {
    let (issuer, house) = with_issuer().await;
    let first = house.get(house.path(), &HeaderMap::new()).await;
    assert_eq!(first.status(), StatusCode::SEE_OTHER);
    let away = house.get(location(&first), &HeaderMap::new()).await;
    assert_eq!(away.status(), StatusCode::SEE_OTHER);
    let mut browser = HeaderMap::new();
    browser
        .append(header::COOKIE, pair(away.headers()[header::SET_COOKIE].to_str().unwrap()).parse().unwrap());
    let back = issuer.pick(&location(&away).parse().unwrap(), "ada").unwrap();
    let arrived = house.get(back.strip_prefix(ADDRESS).unwrap(), &browser).await;
    assert_eq!((arrived.status(), location(&arrived)), (StatusCode::SEE_OTHER, house.path()));
    let cookies: Vec<_> =
        arrived.headers().get_all(header::SET_COOKIE).iter().map(|it| it.to_str().unwrap()).collect();
    assert!(cookies[0].starts_with("__Host-rt-session=") && cookies[1].contains("Max-Age=0"), "{cookies:?}");
    let mut browser = HeaderMap::new();
    browser.append(header::COOKIE, pair(cookies[0]).parse().unwrap());

    assert_eq!(house.hand_in(&browser, "approve", &CONFIRMED).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.approval().await.votes[0].who.email.as_deref(), Some("ada@example.com"));

    let out = house.send(Method::POST, "/-/signout", &browser, "", 1).await;
    assert_eq!(out.status(), StatusCode::FORBIDDEN, "no other site signs anybody out");
    let out = house.send(Method::POST, "/-/signout", &from_page(&browser), "", 1).await;
    assert!(
        out.headers()[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .starts_with("__Host-rt-session=; Path=/; Max-Age=0")
    );

    let mark = mark(&text(&house.get(house.path(), &browser).await));
    let body = form(&mark, "withdraw", &[]);
    let late = house.send(Method::POST, house.path(), &from_page(&browser), &body, 16).await;
    assert_eq!(late.status(), StatusCode::UNAUTHORIZED);
    assert!(text(&late).contains("/-/signin?then=%2F-%2Fa%2F"), "a link, and no redirect of a form");
    assert_eq!(house.approval().await.counted().count(), 1);
}

#[tokio::test]
async fn nobody_is_sent_to_another_site_and_a_provider_that_is_down_decides_nothing() {
    let (issuer, house) = with_issuer().await;
    for then in ["", "?then=", "?then=https://evil.example/-/a/x", "?then=//evil.example", "?then=/-/a/../x"]
    {
        let answer = house.get(&format!("/-/signin{then}"), &HeaderMap::new()).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{then}");
    }
    let stale = house.get("/-/signin/callback?code=x&state=AAAAAAAAAAAA", &HeaderMap::new()).await;
    assert_eq!(stale.status(), StatusCode::FORBIDDEN);
    let hostile = house
        .get("/-/signin/callback?error=%3Cscript%3E&error_description=%3Cscript%3E", &HeaderMap::new())
        .await;
    assert_eq!(hostile.status(), StatusCode::BAD_REQUEST);
    assert!(!text(&hostile).contains("script"), "nothing that came is repeated");
    issuer.set_down(true);
    let down = house.get("/-/signin?then=/-/a/x", &HeaderMap::new()).await;
    assert_eq!(down.status(), StatusCode::SERVICE_UNAVAILABLE);
}

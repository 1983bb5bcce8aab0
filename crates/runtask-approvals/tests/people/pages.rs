//! People look at the page of an approval, and answer.

use crate::house::{
    ADDRESS, CONFIRMED, House, behind_proxy, by_link, form, from_page, keys, location, mark, pair, proxied,
    text,
};
use http::{HeaderMap, Method, StatusCode, header};
use runtask_approvals::channels::{LinkForm, Links};
use runtask_approvals::pages::SignIn;
use runtask_approvals::test_util::question;
use runtask_approvals::{Approval, Cause, Choice, Event, PublicAddress, store};

#[tokio::test]
async fn every_answer_keeps_the_page_to_itself() {
    let house = by_link().await;
    for (method, path) in [
        (Method::GET, house.path()),
        (Method::GET, "/"),
        (Method::GET, "/healthz"),
        (Method::GET, "/-/style.css"),
        (Method::OPTIONS, house.path()),
        (Method::POST, house.path()),
        (Method::DELETE, "/-/signout"),
    ] {
        let answer = house.send(method.clone(), path, &HeaderMap::new(), "", 1).await;
        let headers =
            answer.headers().iter().filter(|it| it.0 != header::SET_COOKIE && it.0 != header::ALLOW);
        let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        let mut headers: Vec<_> = headers.filter(|it| !it.starts_with("content-type")).collect();
        headers.sort();
        assert_eq!(
            headers,
            [
                "cache-control: no-store",
                "content-security-policy: default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
                "cross-origin-opener-policy: same-origin",
                "cross-origin-resource-policy: same-origin",
                "referrer-policy: same-origin",
                "strict-transport-security: max-age=31536000",
                "x-content-type-options: nosniff",
                "x-frame-options: DENY",
                "x-robots-tag: noindex, nofollow",
            ],
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn routes_answer_their_methods_and_no_other() {
    let house = by_link().await;
    let status = async |method: Method, path: &str| {
        house.send(method, path, &HeaderMap::new(), "", 1).await.status().as_u16()
    };
    assert_eq!(status(Method::GET, "/healthz").await, 200);
    assert_eq!(status(Method::POST, "/healthz").await, 405);
    assert_eq!(status(Method::GET, "/-/slack/interactions").await, 405);
    assert_eq!(status(Method::POST, "/-/slack/interactions").await, 404, "there is no app");
    assert_eq!(status(Method::OPTIONS, house.path()).await, 405);
    assert_eq!(status(Method::PUT, house.path()).await, 405);
    assert_eq!(status(Method::GET, "/-/signin?then=/-/a/x").await, 404, "nobody signs in");
    assert_eq!(status(Method::GET, "/approve?run_id=run-1").await, 404);
    let long = "x".repeat(16 * 1024 + 1);
    assert_eq!(house.send(Method::POST, house.path(), &HeaderMap::new(), &long, 1).await.status(), 413);
}

#[tokio::test]
async fn looking_changes_nothing_however_often_and_by_whomever() {
    let house = by_link().await;
    let before = store::load(&house.store, "taskrs-abc123", house.opened).await.unwrap().unwrap();
    let reject = house.links.reject.strip_prefix(ADDRESS).unwrap();
    for path in [house.path(), reject, &format!("{}?decision=approve&reason=x", house.path())] {
        for method in [Method::GET, Method::HEAD] {
            let answer = house.send(method.clone(), path, &HeaderMap::new(), "decision=approve", 1).await;
            assert_eq!(answer.status(), StatusCode::OK);
            assert_eq!(answer.body().is_empty(), method == Method::HEAD);
        }
    }
    let after = store::load(&house.store, "taskrs-abc123", house.opened).await.unwrap().unwrap();
    assert_eq!(after.version, before.version, "not even written again");
}

#[tokio::test]
async fn links_that_lead_nowhere_have_one_answer() {
    let house = by_link().await;
    let get = async |path: &str, minutes| house.send(Method::GET, path, &HeaderMap::new(), "", minutes).await;
    let forged = format!("{}x", house.path());
    let nobodys = Approval { id: "taskrs-other".to_owned(), ..house.approval().await };
    let others =
        Links::new(&nobodys, &keys(), &PublicAddress::new(ADDRESS).unwrap(), LinkForm::Pages).approve;
    let expired = get(house.path(), 50 + 24 * 60).await;
    assert_eq!(expired.status(), StatusCode::NOT_FOUND);
    for path in ["/-/a/", "/-/a/x.y", "/-/a/x/y", &forged, others.strip_prefix(ADDRESS).unwrap()] {
        let answer = get(path, 1).await;
        assert_eq!((answer.status(), answer.body()), (StatusCode::NOT_FOUND, expired.body()), "{path}");
    }
}

#[tokio::test]
async fn what_others_wrote_is_shown_and_does_nothing() {
    let mut question = question();
    let hostile = "<script>alert(1)</script>\"'><img src=x>";
    question.run.workspace = hostile.to_owned();
    question.run.message = Some(hostile.to_owned());
    question.run.created_by = Some(hostile.to_owned());
    question.plan.as_mut().unwrap().destroys = vec![hostile.to_owned()];
    question.policies[0].text = hostile.to_owned();
    question.run.run_url = Some("javascript:alert(1)".to_owned());
    let house = House::new(question, SignIn::Slack, None).await;
    let page = text(&house.get(house.path(), &HeaderMap::new()).await);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("javascript:"), "{page}");
    assert!(!page.contains("<form"), "here one answers in Slack");
}

#[tokio::test]
async fn somebody_with_the_link_answers_under_a_name_that_nobody_checked() {
    let house = by_link().await;
    let answer = house.hand_in(&HeaderMap::new(), "approve", &[("name", "Ada"), CONFIRMED[0]]).await;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, house.path()));
    let page = text(&house.get(house.path(), &HeaderMap::new()).await);
    assert!(page.contains("Approved by Ada (unverified) (1 of 1)."), "{page}");
    assert!(!page.contains("<form"), "there is nothing left to answer");
}

#[tokio::test]
async fn a_form_from_elsewhere_or_of_somebody_else_counts_for_nothing() {
    let house = by_link().await;
    let page = house.get(house.path(), &HeaderMap::new()).await;
    let cookie = page.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(
        cookie.starts_with("__Host-rt=") && cookie.contains("HttpOnly; SameSite=Strict; Secure"),
        "{cookie}"
    );
    let mut browser = HeaderMap::new();
    browser.insert(header::COOKIE, pair(&cookie).parse().unwrap());
    let mark = mark(&text(&page));
    let fields = [("name", "Ada"), CONFIRMED[0]];
    let body = form(&mark, "approve", &fields);
    let own = from_page(&browser);
    let check = async |headers: &HeaderMap, body: &str, minutes| {
        house.send(Method::POST, house.path(), headers, body, minutes).await.status().as_u16()
    };

    let mut cross = own.clone();
    cross.insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(check(&cross, &body, 1).await, 403);
    let mut sandboxed = own.clone();
    sandboxed.remove("sec-fetch-site");
    sandboxed.insert(header::ORIGIN, "null".parse().unwrap());
    assert_eq!(check(&sandboxed, &body, 1).await, 403);
    let mut silent = sandboxed.clone();
    silent.remove(header::ORIGIN);
    assert_eq!(check(&silent, &body, 1).await, 403, "a scanner that posts what it has fetched");
    assert_eq!(check(&from_page(&HeaderMap::new()), &body, 1).await, 403, "without the cookie");
    let mut others = HeaderMap::new();
    others.insert(header::COOKIE, format!("__Host-rt={}", "A".repeat(43)).parse().unwrap());
    assert_eq!(check(&from_page(&others), &body, 1).await, 403, "with another's cookie");
    assert_eq!(check(&own, &form("", "approve", &fields), 1).await, 403);
    assert_eq!(check(&own, &form(&mark, "approve", &[("decision", "reject")]), 1).await, 400, "twice");
    assert_eq!(check(&own, &form(&mark, "pass", &fields), 1).await, 400);
    assert_eq!(check(&own, &form(&mark, "approve", &[CONFIRMED[0]]), 1).await, 400, "without a name");
    let mut json = own.clone();
    json.insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
    assert_eq!(check(&json, &body, 1).await, 400);
    assert_eq!(check(&own, &body, 11).await, 403, "too late");
    assert_eq!(house.approval().await.votes, []);
    assert_eq!(check(&own, &body, 10).await, 303, "and this one counts");
}

#[tokio::test]
async fn two_people_approve_and_the_page_says_so() {
    let (issuer, house) = proxied().await;
    let ada = behind_proxy(&issuer, "ada");
    let page = text(&house.get(house.path(), &ada).await);
    assert!(page.contains("You are <strong>ada@example.com</strong>"), "{page}");
    assert!(page.contains("0 of 2 approvals so far: it needs 2 of payments."), "{page}");
    assert_eq!(house.hand_in(&ada, "approve", &CONFIRMED).await.status(), StatusCode::SEE_OTHER);
    let page = text(&house.get(house.path(), &ada).await);
    assert!(page.contains("You approved at 00:54 UTC.") && page.contains("Take it back"), "{page}");
    assert!(!page.contains("value=\"approve\""), "nobody approves twice");

    let edsger = behind_proxy(&issuer, "edsger");
    assert_eq!(house.hand_in(&edsger, "approve", &CONFIRMED).await.status(), StatusCode::SEE_OTHER);
    let page = text(&house.get(house.path(), &edsger).await);
    assert!(page.contains("Approved by ada@example.com and edsger@example.com (2 of 2)."), "{page}");
}

#[tokio::test]
async fn an_answer_is_taken_back_and_given_anew() {
    let (issuer, house) = proxied().await;
    let ada = behind_proxy(&issuer, "ada");
    house.hand_in(&ada, "approve", &CONFIRMED).await;
    assert_eq!(house.hand_in(&ada, "withdraw", &[]).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(house.approval().await.counted().count(), 0);
    assert_eq!(
        house.hand_in(&ada, "reject", &[("reason", "not today")]).await.status(),
        StatusCode::SEE_OTHER
    );
    assert_eq!(house.approval().await.status.decision().map(|it| it.cause), Some(Cause::Rejected));
}

#[tokio::test]
async fn what_is_missing_is_asked_for_and_what_is_too_late_is_told() {
    let (issuer, house) = proxied().await;
    let ada = behind_proxy(&issuer, "ada");
    for (decision, fields, sentence) in [
        ("approve", [("confirm", "payments"), ("reason", "seen <it>")], "Type the workspace's name exactly"),
        ("reject", [("confirm", ""), ("reason", "  ")], "A reason is needed."),
    ] {
        let answer = house.hand_in(&ada, decision, &fields).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let page = text(&answer);
        assert!(page.contains("role=\"alert\"") && page.contains(sentence), "{page}");
        assert_eq!(
            page.contains("seen &lt;it&gt;</textarea>"),
            decision == "approve",
            "nobody types it twice"
        );
    }
    let mark = mark(&text(&house.get(house.path(), &ada).await));
    let edsger = runtask_approvals::test_util::person("edsger", &["payments"]);
    house.apply(Event::Vote(runtask_approvals::test_util::ballot(edsger, Choice::Reject))).await;
    let body = form(&mark, "approve", &CONFIRMED);
    let late = house.send(Method::POST, house.path(), &from_page(&ada), &body, 2).await;
    assert_eq!(late.status(), StatusCode::CONFLICT);
    assert!(
        text(&late).contains("This was already decided by edsger@example.com at 00:54 UTC."),
        "{}",
        text(&late)
    );
}

#[tokio::test]
async fn whoever_may_not_answer_is_told_why_and_sees_no_form_for_it() {
    let (issuer, house) = proxied().await;
    let mallory = behind_proxy(&issuer, "mallory");
    let page = text(&house.get(house.path(), &mallory).await);
    assert!(page.contains("You are in none of the groups that are asked."), "{page}");
    assert!(!page.contains("<form"), "{page}");
    let grace = behind_proxy(&issuer, "grace");
    let page = text(&house.get(house.path(), &grace).await);
    assert!(page.contains("You started this run, so somebody else has to approve it."), "{page}");
    assert!(!page.contains("value=\"approve\"") && page.contains("value=\"reject\""), "{page}");
    let adas = mark(&text(&house.get(house.path(), &behind_proxy(&issuer, "ada")).await));
    let body = form(&adas, "approve", &CONFIRMED);
    let swapped = house.send(Method::POST, house.path(), &from_page(&grace), &body, 1).await;
    assert_eq!(swapped.status(), StatusCode::FORBIDDEN, "another's form");
    let nobody = house.get(house.path(), &HeaderMap::new()).await;
    assert_eq!(nobody.status(), StatusCode::FORBIDDEN, "around the proxy");
    assert_eq!(house.approval().await.votes, []);
}

#[tokio::test]
async fn the_glass_is_offered_to_whoever_may_break_it() {
    let (issuer, house) = proxied().await;
    let page = text(&house.get(house.path(), &behind_proxy(&issuer, "ada")).await);
    assert!(!page.contains("break-glass"));
    let edsger = behind_proxy(&issuer, "edsger");
    let fields = [("confirm", "payments-prod"), ("reason", "the ledger is down")];
    assert_eq!(house.hand_in(&edsger, "break-glass", &fields).await.status(), StatusCode::SEE_OTHER);
    let page = text(&house.get(house.path(), &edsger).await);
    assert!(
        page.contains("Emergency, passed without the required approvals by edsger@example.com."),
        "{page}"
    );
}

#[tokio::test]
async fn the_link_to_reject_offers_that_first_and_decides_nothing() {
    let (issuer, house) = proxied().await;
    let ada = behind_proxy(&issuer, "ada");
    let first = |page: &str| {
        page.split("name=\"decision\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    assert_eq!(first(&text(&house.get(house.path(), &ada).await)), "approve");
    let reject = house.links.reject.strip_prefix(ADDRESS).unwrap().to_owned();
    assert_eq!(first(&text(&house.get(&reject, &ada).await)), "reject");
}

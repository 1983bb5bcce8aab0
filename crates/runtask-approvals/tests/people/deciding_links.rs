//! People follow links that decide.

use crate::house::{ADDRESS, House, keys, proxied};
use runtask_approvals::channels::{LinkForm, Links};
use runtask_approvals::pages::{Followed, SignIn};
use runtask_approvals::test_util::{question, rules};
use runtask_approvals::{Cause, Choice, PublicAddress};

/// T-37: a link that decides when it is followed, for those who ask for that by name: each decides once, and only its own run.
#[tokio::test]
async fn a_link_that_decides_is_good_once_and_for_its_run() {
    let mut question = question();
    question.rules = rules(&[("payments", 1)]);
    question.rules.by_link = true;
    question.rules.confirm_name = false;
    let house = House::new(question, SignIn::Link, None).await;
    let run_id = house.approval().await.run.run_id;
    let address = PublicAddress::new(ADDRESS).unwrap();
    let links = Links::new(&house.approval().await, &keys(), &address, LinkForm::OneClick);
    let (path, token) = links.approve.strip_prefix(ADDRESS).unwrap().split_once("&token=").unwrap();
    assert_eq!(path, format!("/approve?run_id={run_id}"));
    assert!(links.reject.starts_with(&format!("{ADDRESS}/reject?run_id={run_id}&token=")));
    let follow = async |token: &str, run_id: &str, choice| {
        house.pages.follow(token, run_id, choice, house.at(1)).await
    };
    for (token, run_id) in [("", run_id.as_str()), ("x.y", &run_id), (token, "run-another"), (token, "")] {
        assert_eq!(follow(token, run_id, Choice::Approve).await, Followed::Nowhere, "{token} {run_id}");
    }
    assert!(house.approval().await.status.decision().is_none());
    // The token of this run cannot be opened, so nobody can be told.
    assert_eq!(follow(token, &run_id, Choice::Approve).await, Followed::InVain);
    assert_eq!(follow(token, &run_id, Choice::Reject).await, Followed::Nowhere);
    let decision = house.approval().await.status.decision().unwrap();
    assert_eq!(decision.cause, Cause::Approved);
}

/// T-37: where people sign in, no link decides.
#[tokio::test]
async fn no_link_decides_where_people_sign_in() {
    let (_issuer, house) = proxied().await;
    let address = PublicAddress::new(ADDRESS).unwrap();
    let approval = house.approval().await;
    let links = Links::new(&approval, &keys(), &address, LinkForm::OneClick);
    let token = links.approve.split_once("&token=").unwrap().1;
    let followed = house.pages.follow(token, &approval.run.run_id, Choice::Approve, house.opened).await;
    assert_eq!(followed, Followed::Nowhere);
    assert!(house.approval().await.status.decision().is_none());
}

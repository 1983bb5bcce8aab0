//! P-19, T-14: a run's token is kept sealed, for its record and its address.

use ring::rand::SystemRandom;
use runtask_approvals::test_util::{at, question};
use runtask_approvals::{Approval, Keys, Secret, open_token, seal_token};
use runtask_protocol::AccessToken;

const TOKEN: &str = "the.run's.token";

fn keys() -> Keys {
    Keys::new(&Secret::new([3; 32]), None)
}

fn sealed() -> Approval {
    let mut question = question();
    let token = AccessToken::new(TOKEN);
    question.sealed_token =
        seal_token(&keys(), &token, &question.id, &question.callback_url, &SystemRandom::new()).unwrap();
    Approval::ask(question, at(0))
}

fn opened(approval: &Approval) -> Option<String> {
    open_token(&keys(), approval, at(1)).map(|it| it.expose().to_owned())
}

#[test]
fn a_token_opens_for_its_record_and_address_only() {
    assert_eq!(opened(&sealed()).as_deref(), Some(TOKEN));
    assert_eq!(opened(&Approval { id: "taskrs-other".to_owned(), ..sealed() }), None);
    let elsewhere = "https://evil.example/api/v2/task-results/taskrs-abc123/callback".to_owned();
    assert_eq!(opened(&Approval { callback_url: elsewhere, ..sealed() }), None);
    assert_eq!(opened(&Approval { sealed_token: None, ..sealed() }), None);
}

#[test]
fn a_record_tells_nobody_the_token() {
    let record = String::from_utf8(sealed().to_json()).unwrap();
    let printed = format!("{:?} {:?}", sealed(), keys());
    let base64 = "dGhlLnJ1bidzLnRva2Vu";
    for text in [record, printed] {
        assert!(!text.contains(TOKEN) && !text.contains(base64), "{text}");
    }
}

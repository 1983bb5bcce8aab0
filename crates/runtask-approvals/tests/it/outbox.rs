//! What is still to be sent, and what answers make of it.

use runtask_approvals::test_util::{approval, at, ballot, person, question};
use runtask_approvals::{
    Answer, Approval, Cause, Channel, Choice, Event, Message, Sending, Status, apply, due_at, effects,
};

const TAKEN: Answer = Answer::Taken { reference: None };

fn again(maybe_taken: bool) -> Answer {
    Answer::Again { after_s: None, maybe_taken }
}

fn tried(approval: &Approval, message: &str, answer: Answer, minute: u64) -> Approval {
    let message = message.parse().unwrap();
    apply(approval, Event::Tried { message, answer }, at(minute)).unwrap()
}

fn rejected() -> Approval {
    let asked = tried(&approval(), "card/teams:payments", TAKEN, 0);
    apply(&asked, Event::Vote(ballot(person("ada", &["payments"]), Choice::Reject)), at(1)).unwrap()
}

/// Each message and the minute in which it is due.
fn due(approval: &Approval) -> Vec<String> {
    let minute = |it: runtask_approvals::UnixTime| it.since(at(0)).as_secs_f64() / 60.0;
    effects(approval).iter().map(|it| format!("{} {}", it.message, minute(it.due_at))).collect()
}

/// What is due besides the audit.
fn sent(approval: &Approval) -> Vec<String> {
    due(approval).into_iter().filter(|it| !it.starts_with("audit/")).collect()
}

#[test]
fn a_question_goes_to_its_channels_and_word_of_it_to_hcp_terraform() {
    assert_eq!(due(&approval()), ["running 4", "card/teams:payments 0", "audit/asked 0"]);
    assert_eq!(due_at(&approval()), Some(at(0)));
    let asked = tried(&approval(), "card/teams:payments", TAKEN, 0);
    let asked = tried(&asked, "audit/asked", TAKEN, 0);
    assert_eq!(due(&asked), ["running 4"]);
    assert_eq!(due_at(&asked), Some(at(4)));
    let running = tried(&asked, "running", TAKEN, 5);
    assert_eq!(due(&running), ["running 9"]);
    let last = tried(&running, "running", TAKEN, 48);
    assert_eq!(due_at(&last), Some(at(50)), "it closes before the next word");
}

/// A channel hears of a verdict only when HCP Terraform has it.
#[test]
fn a_verdict_goes_to_hcp_terraform_first() {
    let decided = rejected();
    assert_eq!(due(&decided), ["verdict 1", "audit/asked 0", "audit/vote/0 1", "audit/decided 1"]);
    let unanswered = tried(&decided, "verdict", again(false), 1);
    assert_eq!(sent(&unanswered), ["verdict 1.25"]);
    let reported = tried(&unanswered, "verdict", TAKEN, 2);
    assert_eq!(sent(&reported), ["follow-up/teams:payments 2"]);
    assert!(reported.sealed_token.is_none());
    let told = tried(&reported, "follow-up/teams:payments", TAKEN, 2);
    assert_eq!(sent(&told), Vec::<String>::new());
}

#[test]
fn an_end_is_told_only_where_the_question_may_be() {
    let none = apply(&approval(), Event::Stop, at(1)).unwrap();
    assert_eq!(sent(&tried(&none, "verdict", TAKEN, 1)), Vec::<String>::new());
    // The question was on its way when the verdict came, and arrived.
    let late = tried(&none, "card/teams:payments", TAKEN, 1);
    assert_eq!(sent(&tried(&late, "verdict", TAKEN, 1)), ["follow-up/teams:payments 1"]);
    let maybe = tried(&none, "card/teams:payments", again(true), 1);
    assert_eq!(sent(&tried(&maybe, "verdict", TAKEN, 1)), ["follow-up/teams:payments 1"]);
}

#[test]
fn nothing_is_left_when_everything_was_taken() {
    let mut approval = rejected();
    while let Some(now) = due_at(&approval) {
        for effect in effects(&approval) {
            approval =
                apply(&approval, Event::Tried { message: effect.message, answer: TAKEN }, now).unwrap();
        }
    }
    assert_eq!(effects(&approval), []);
    assert!(matches!(approval.status, Status::Reported { confirmed: true, .. }));
}

/// What each answer of HCP Terraform to a verdict means, after none was lost and after one was.
#[test]
fn a_verdict_is_reported_lost_or_not_wanted() {
    let after = |lost: bool, answer: Answer| {
        let first = if lost { tried(&rejected(), "verdict", again(true), 1) } else { rejected() };
        match tried(&first, "verdict", answer, 2).status {
            Status::Reported { confirmed, .. } => format!("reported, confirmed: {confirmed}"),
            status => status.as_str().to_owned(),
        }
    };
    let answers = [TAKEN, Answer::Over, Answer::TokenRefused, Answer::NotFound, Answer::Refused, again(true)];
    let table =
        answers.map(|it| format!("{it:?}: {}; {}", after(false, it.clone()), after(true, it.clone())));
    insta::assert_snapshot!(table.join("\n"), @"
    Taken { reference: None }: reported, confirmed: true; reported, confirmed: true
    Over: cancelled; reported, confirmed: true
    TokenRefused: lost; reported, confirmed: false
    NotFound: lost; reported, confirmed: false
    Refused: lost; lost
    Again { after_s: None, maybe_taken: true }: decided; decided
    ");
    let too_late = tried(&rejected(), "verdict", again(false), 60);
    assert_eq!(too_late.status.as_str(), "lost");
}

/// A token that is not taken any more is seen, and ends it: nobody is asked for what cannot be delivered.
#[test]
fn the_word_that_people_are_asked_finds_out_whether_anybody_waits() {
    let after = |answer| tried(&approval(), "running", answer, 4);
    assert_eq!(after(TAKEN).status, Status::Open);
    for answer in [again(true), Answer::Refused, Answer::NotFound] {
        let later = after(answer);
        assert_eq!(later.status, Status::Open);
        assert_eq!(sent(&later)[0], "running 4.25");
        assert_eq!(sent(&tried(&later, "running", TAKEN, 5))[0], "running 9");
    }
    assert_eq!(after(Answer::Over).status, Status::Cancelled { decision: None, at: at(4) });
    let twice = tried(&after(Answer::NotFound), "running", Answer::NotFound, 5);
    assert_eq!(twice.status, Status::Cancelled { decision: None, at: at(5) });
    let lost = after(Answer::TokenRefused);
    assert_eq!(lost.status, Status::Lost { decision: None, at: at(4) });
    assert_eq!(lost.sealed_token, None);
}

#[test]
fn an_answer_that_comes_too_late_changes_nothing() {
    let decided = rejected();
    assert_eq!(tried(&decided, "running", Answer::TokenRefused, 4), decided);
    let reported = tried(&decided, "verdict", TAKEN, 2);
    assert_eq!(tried(&reported, "verdict", Answer::TokenRefused, 3), reported);
    let open = approval();
    assert_eq!(tried(&open, "verdict", TAKEN, 3), open);
}

/// T-17.
#[test]
fn when_a_channel_does_not_take_the_question_the_fallback_is_asked() {
    let mut question = question();
    question.fallback = Some(Channel("slack:C0EXAMPLE01".to_owned()));
    let asked = Approval::ask(question, at(0));
    assert_eq!(sent(&asked), ["running 4", "card/teams:payments 0"]);
    let early = tried(&asked, "card/teams:payments", again(false), 9);
    assert_eq!(sent(&early), ["running 4", "card/teams:payments 9.25"]);
    let given_up = tried(&early, "card/teams:payments", again(false), 10);
    assert_eq!(given_up.status, Status::Open);
    assert_eq!(sent(&given_up), ["running 4", "card/slack:C0EXAMPLE01 10"]);
    let still = tried(&given_up, "card/slack:C0EXAMPLE01", again(false), 19);
    assert_eq!(still.status, Status::Open);
    let in_vain = tried(&still, "card/slack:C0EXAMPLE01", again(false), 20);
    assert_eq!(in_vain.status.decision().map(|it| it.cause), Some(Cause::Unasked));
}

#[test]
fn a_channel_that_refuses_is_not_asked_again() {
    let refused = tried(&approval(), "card/teams:payments", Answer::Refused, 0);
    assert_eq!(refused.status.decision().map(|it| it.cause), Some(Cause::Unasked));
    let mut two = question();
    two.channels.push(Channel("slack:C0EXAMPLE01".to_owned()));
    let one_left = tried(&Approval::ask(two, at(0)), "card/teams:payments", Answer::Refused, 0);
    assert_eq!(one_left.status, Status::Open);
}

#[test]
fn pauses_grow_and_heed_what_the_receiver_asks_for_within_reason() {
    let mut approval = approval();
    let mut pauses = Vec::new();
    for _ in 0..6 {
        approval = tried(&approval, "card/teams:payments", again(false), 0);
        pauses.push(effects(&approval)[1].due_at.since(at(0)).as_secs());
    }
    assert_eq!(pauses, [15, 30, 60, 120, 120, 120]);
    let asked = |seconds| {
        let answer = Answer::Again { after_s: Some(seconds), maybe_taken: false };
        effects(&tried(&approval, "card/teams:payments", answer, 0))[1].due_at.since(at(0)).as_secs()
    };
    assert_eq!((asked(0), asked(200), asked(u64::MAX)), (120, 200, 300));
}

#[test]
fn what_the_receiver_calls_a_message_is_kept() {
    let answer = Answer::Taken { reference: Some("1796000000.000200".to_owned()) };
    let asked = tried(&approval(), "card/teams:payments", answer, 0);
    let entry = asked.entry(&"card/teams:payments".parse::<Message>().unwrap()).unwrap();
    assert_eq!((entry.state, entry.reference.as_deref()), (Sending::Done, Some("1796000000.000200")));
}

#[test]
fn a_message_is_written_as_it_is_read() {
    for text in [
        "verdict",
        "running",
        "card/teams:a/b",
        "follow-up/slack:C",
        "audit/asked",
        "audit/vote/3",
        "audit/withdrawn/12",
        "audit/decided",
        "audit/ended",
    ] {
        assert_eq!(text.parse::<Message>().unwrap().to_string(), text);
    }
    for text in ["", "card", "audit/vote", "audit/vote/-1", "audit/nothing", "letter/teams:a"] {
        assert!(text.parse::<Message>().is_err(), "{text}");
    }
}

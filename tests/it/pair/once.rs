//! Tests that there is one result, however often the request comes.

use runtask_log::event;
use runtask_tests::lambda::Function;
use runtask_tests::pair::{CALLBACK_HANDLER, Pair};
use runtask_tests::terraform::StandIn;

use crate::run::{PATIENCE, deliver, formatted, origins, result, serve, simulator, spec};

/// P-09: while the first is at work, and after it has finished.
#[tokio::test]
async fn a_repeated_request_is_accepted_and_not_worked_on() {
    let simulator = simulator().await;
    let terraform = StandIn::new("gate");
    let serve = serve(&simulator, &[("RUNTASK_TERRAFORM", terraform.path())]).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    let url = serve.url();

    tokio::join!(deliver(&run, &url), deliver(&run, &url));
    serve.wait_for_event(event::JOB_ALREADY_TAKEN).await;
    terraform.open();
    run.wait_final(PATIENCE).await;
    serve.wait_for_event(event::JOB_DONE).await;
    deliver(&run, &url).await;
    serve.wait_for_event(event::JOB_ALREADY_DONE).await;

    let record = run.record();
    assert_eq!(result(&record), ("passed", "Format check passed"));
    assert_eq!(terraform.started(1).await.len(), 1, "it was checked once");
    let events = serve.events();
    assert_eq!(events.named(event::RESULT_REPORTED).filter(|it| it["status"] == "passed").count(), 1);
}

/// P-09: Lambda itself may deliver an event twice. In one process the claim sees it.
#[tokio::test]
async fn a_repeated_event_is_not_worked_on() {
    let simulator = simulator().await;
    let origins = origins(&simulator);
    let allowed = [("RUNTASK_ALLOWED_ORIGINS", &*origins)];
    let pair = Pair::with(&allowed, |it: Function| it.reserved_concurrency(1)).await;
    let run = simulator.prepare(spec(formatted())).await.unwrap();
    pair.double.deliver_again(CALLBACK_HANDLER);
    deliver(&run, &pair.url()).await;
    pair.double.wait_idle(PATIENCE).await;

    assert_eq!(result(&run.record()), ("passed", "Format check passed"));
    let outcomes = pair.double.invocations(CALLBACK_HANDLER);
    let outcomes: Vec<_> = outcomes.iter().map(|it| it.outcome.payload()).collect();
    assert_eq!(outcomes, ["passed", "finished before"]);
}

//! `runtask simulate`: plays HCP Terraform against a run task.

mod all_faults;
mod arguments;
mod people;
mod run;
mod run_task;

pub(crate) use arguments::SimulateArguments;

use all_faults::all_faults;
use anyhow::{Context, bail};
use arguments::spec;
use http::HeaderMap;
use run::run;
use run_task::{Ours, sender_key, start_pair};
use runtask_simulator::render::{self, Style};
use runtask_simulator::{
    Conduct, Fault, Options, Protocol, Record, RunSpec, Simulator, Target, Timers, Verdict, What,
};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::Path;
use url::Url;
use uuid::Uuid;

pub(crate) async fn simulate(arguments: SimulateArguments, output: &Output) -> anyhow::Result<Exit> {
    if arguments.list_faults {
        list_faults(output)?;
        return Ok(Exit::Passed);
    }
    if !arguments.directory().is_dir() {
        bail!("{} is not a directory", arguments.directory().display());
    }
    let spec = spec(&arguments)?;
    let bind = arguments.listen;
    let options = Options { bind, archivist_bind: Some(arguments.listen_archivist), ..Options::default() };
    let simulator = Simulator::start(options).await.with_context(|| format!("cannot listen on {bind}"))?;
    let style = Style { color: output.color, width: output.width };
    if let Some(directory) = &arguments.by_hand {
        return by_hand(&simulator, &arguments, spec, directory, output, style).await;
    }
    let ours = match &arguments.url {
        Some(url) => Ours {
            target: Target { url: url.clone(), key: sender_key(&simulator, &arguments, output)? },
            crowd: None,
        },
        None => start_pair(&simulator, &arguments, output).await?,
    };
    let Ours { target, crowd } = ours;
    let spec = match &crowd {
        Some((_, open)) => {
            RunSpec { timers: Timers { total: arguments.limit_with_people(*open), ..spec.timers }, ..spec }
        }
        None => spec,
    };
    let live = !output.json;
    if live {
        output.result(&(title(&arguments, style) + "\n"))?;
    }
    if arguments.all_faults {
        let whom = whom(&arguments);
        return all_faults(&simulator, &target, spec, &whom, output, style).await;
    }
    let writer = *output;
    let record = run(&simulator, &target, spec, output, move |event| {
        if live {
            // The time line is not worth failing for; the result below is.
            let _shown = writer.result(&(render::event(event, style) + "\n"));
        }
    });
    let acting = async {
        match &crowd {
            Some((crowd, _)) => crowd.act(output).await,
            None => std::future::pending().await,
        }
    };
    let record = tokio::select! {
        record = record => record?,
        wrong = acting => return Err(wrong),
    };
    if output.json {
        output.json(&json!(record))?;
    } else {
        output.result(&format!("\n{}", render::result(&record, style)))?;
    }
    was_asked_for(&arguments, &record)?;
    judge(&record)
}

/// Says what was named, and what a run task that passed the run never asked for: it was not checked, and must not look as if
/// it had been.
fn was_asked_for(arguments: &SimulateArguments, record: &Record) -> anyhow::Result<()> {
    if record.verdict() != Verdict::Passed {
        return Ok(());
    }
    let asked = |kind: fn(&What) -> bool| record.events.iter().any(|it| kind(&it.what));
    if arguments.plan.is_some() && !asked(|it| matches!(it, What::PlanRequested { .. })) {
        bail!(
            "the run task passed the run and never asked for the plan: whatever is in it, it was not checked"
        );
    }
    let is_alone = arguments.dir.is_some() && arguments.plan.is_none();
    if is_alone && !asked(|it| matches!(it, What::ConfigurationRequested { .. })) {
        bail!(
            "the run task passed the run and never asked for the configuration: whatever is in it, it was not checked"
        );
    }
    Ok(())
}

/// Writes the request for somebody else to deliver, and waits.
async fn by_hand(
    simulator: &Simulator,
    arguments: &SimulateArguments,
    spec: RunSpec,
    directory: &Path,
    output: &Output,
    style: Style,
) -> anyhow::Result<Exit> {
    let key = sender_key(simulator, arguments, output)?;
    let limit = arguments.limit();
    let prepared = simulator.prepare(spec).await.context("the configuration cannot be packed")?;
    let body = prepared.body();
    let event = function_url_event(&prepared.headers(key.as_ref(), &body), &body);
    std::fs::create_dir_all(directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    for (name, content) in [("event.json", event.to_string().as_bytes()), ("payload.json", &body)] {
        let path = directory.join(name);
        std::fs::write(&path, content).with_context(|| format!("{} cannot be written", path.display()))?;
        output.note(&format!("wrote {}\n", path.display()));
    }
    output.note(&format!("waiting up to {} s for the result\n", limit.as_secs()));
    let record = prepared.wait_final(limit).await;
    if output.json {
        output.json(&json!(record))?;
    } else {
        output.result(&format!(
            "{}\n{}",
            render::time_line(&record, style),
            render::result(&record, style)
        ))?;
    }
    was_asked_for(arguments, &record)?;
    judge(&record)
}

/// The event that a Lambda function URL makes of a request.
///
/// Source: "Invoking Lambda function URLs" of the AWS Lambda Developer Guide, payload format version 2.0.
fn function_url_event(headers: &HeaderMap, body: &[u8]) -> Value {
    let headers: Map<String, Value> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "simulated",
            "domainName": "simulated.lambda-url.us-east-1.on.aws",
            "domainPrefix": "simulated",
            "http": { "method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "runtask" },
            "requestId": Uuid::new_v4().to_string(),
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": String::from_utf8_lossy(body),
        "isBase64Encoded": false,
    })
}

fn title(arguments: &SimulateArguments, style: Style) -> String {
    let each = ["each fault in a run of its own"];
    let with: Vec<_> = arguments.fault.iter().map(String::as_str).collect();
    let with = if arguments.all_faults { &each[..] } else { &with };
    render::title(&arguments.directory().display().to_string(), &whom(arguments), with, style)
}

fn whom(arguments: &SimulateArguments) -> String {
    arguments.url.as_ref().map_or_else(|| "our own run task".to_owned(), Url::to_string)
}

/// A broken protocol is worse than any verdict.
fn judge(record: &Record) -> anyhow::Result<Exit> {
    let is_wrong = record.faults.iter().any(|it| it.conduct == Conduct::Wrong);
    match (record.protocol(), record.verdict()) {
        (Protocol::Broken, _) if is_wrong || !record.is_clean() => bail!("the run task broke the protocol"),
        (Protocol::Kept | Protocol::KeptAsFarAsTried, Verdict::Passed) => Ok(Exit::Passed),
        (Protocol::Kept | Protocol::KeptAsFarAsTried, Verdict::Failed) => Ok(Exit::Failed),
        // Its faults keep the result away, whatever a run task does.
        (Protocol::Kept | Protocol::KeptAsFarAsTried, Verdict::Other) if !record.faults.is_empty() => {
            Ok(Exit::Passed)
        }
        _ => bail!("the task result ended as {}", record.result.status.as_str()),
    }
}

fn list_faults(output: &Output) -> anyhow::Result<()> {
    if output.json {
        let all: Vec<_> = Fault::all()
            .iter()
            .map(|it| json!({ "name": it.as_str(), "description": it.description() }))
            .collect();
        return output.json(&json!(all));
    }
    let width = Fault::all().iter().map(|it| it.as_str().len()).max().unwrap_or(0);
    let mut text = String::new();
    for fault in Fault::all() {
        let _infallible = writeln!(text, "{:width$}  {}", fault.as_str(), fault.description());
    }
    output.result(&text)
}

//! Judges, for each fault, whether it came up and whether the run task did what is right for it.

use crate::fault::Fault;
use crate::record::{Conduct, Delivery, Judgement, Record, Status, Verdict, What};

/// What came of each fault of a run, by what is recorded so far.
pub(crate) fn judge(faults: &[Fault], record: &Record) -> Vec<Judgement> {
    let has_end = record.verdict() != Verdict::Other || faults.iter().any(|it| excuses(*it, record));
    let judge = |fault: Fault| {
        let (conduct, happened) = match (wrong(fault, record), seen(fault, record)) {
            (Some(sentence), _) => (Conduct::Wrong, sentence),
            // Where it did not come up, another may be what keeps the result away.
            (None, seen) if !has_end && (seen.is_ok() || faults.len() == 1) => {
                (Conduct::Wrong, no_result(record))
            }
            (None, Ok(sentence)) => (Conduct::Right, sentence),
            (None, Err(sentence)) => (Conduct::Unseen, sentence),
        };
        Judgement { fault, conduct, happened }
    };
    faults.iter().copied().map(judge).collect()
}

impl Record {
    /// Judges it once more, now that it is known how the same run ends without its faults: some must make no difference.
    pub(crate) fn compare(&mut self, control: &Self) {
        let verdict = self.verdict();
        let unread = unread(self, control);
        let control = control.verdict();
        for judgement in &mut self.faults {
            let differs =
                verdict != control && verdict != Verdict::Other && makes_no_difference(judgement.fault);
            if judgement.conduct == Conduct::Right && differs {
                judgement.conduct = Conduct::Wrong;
                judgement.happened = match verdict {
                    Verdict::Passed => "it passed the run, which it does not without the fault".to_owned(),
                    _ => "it failed the run, which it does not without the fault".to_owned(),
                };
            }
            if let (Conduct::Right, Some(what)) = (judgement.conduct, unread) {
                judgement.conduct = Conduct::Wrong;
                judgement.happened =
                    format!("it passed the run without {what}, which it reads without the fault");
            }
        }
    }
}

/// What a run task passed a run without, though it reads it in the run without a fault.
fn unread(record: &Record, control: &Record) -> Option<&'static str> {
    let configuration = |it: &What| matches!(it, What::ArchiveServed { cut: false, .. });
    let plan = |it: &What| matches!(it, What::PlanServed { .. });
    if record.verdict() != Verdict::Passed {
        None
    } else if has(control, configuration) && !has(record, configuration) {
        Some("the configuration")
    } else if has(control, plan) && !has(record, plan) {
        Some("the plan")
    } else {
        None
    }
}

/// Whether a fault leaves all that a verdict depends on where it was.
const fn makes_no_difference(fault: Fault) -> bool {
    matches!(
        fault,
        Fault::SignatureMissing
            | Fault::SignatureEmpty
            | Fault::SignatureWrong
            | Fault::SignatureHeaderTitleCase
            | Fault::SignaturePrefixed
            | Fault::Probe2021
            | Fault::ProbeStageNull
            | Fault::ProbeMinimal
            | Fault::ProbeUnsigned
            | Fault::NoOutcomes
            | Fault::ProjectFields
            | Fault::UnknownFields
            | Fault::StageHyphenated
            | Fault::AnswerAsResult
            | Fault::DuplicateParallel
            | Fault::DuplicateAfterFinal
            | Fault::PlanNotReady
            | Fault::PlanExpiredLink
            | Fault::ConfigurationSlow
            | Fault::DownloadProxyTrouble
            | Fault::ArchiveDotSlash
            | Fault::ArchiveWrapped
            | Fault::ArchivePax
            | Fault::ArchiveGnuLongName
            | Fault::ArchiveAppleDouble
            | Fault::CallbackUrlCode
            | Fault::CallbackDocument
            | Fault::Callback429
            | Fault::Callback500
            | Fault::CallbackProxyTrouble
            | Fault::CallbackRetryAfter0
            | Fault::Callback404First
            | Fault::Callback404Final
            | Fault::Callback422Outcomes
            | Fault::CallbackLost
            | Fault::CallbackSlow
    )
}

/// What the run task did wrong, if it did, apart from sending no result.
fn wrong(fault: Fault, record: &Record) -> Option<String> {
    if !record.is_clean() {
        return Some(record.violations.join("; "));
    }
    if let Some(sentence) = passed_unseen(fault, record) {
        return Some(sentence);
    }
    if let (Fault::TokenMissing | Fault::TokenTest, Some((status, body))) = (fault, refusal(record))
        && !(status == 400 && body.contains("access_token"))
    {
        return Some(format!("the request was answered {status}, and not 400 with the field's name"));
    }
    None
}

/// Whether it is right that a run with this fault has no result.
fn excuses(fault: Fault, record: &Record) -> bool {
    match fault {
        Fault::OriginNotListed => {
            refusal(record).is_some() || record.answers(Delivery::Request).contains(&Some(200))
        }
        Fault::TokenMissing | Fault::TokenTest => refusal(record).is_some(),
        Fault::Cancel | Fault::Cancel404 => record.result.status == Status::Canceled,
        // Who is not believed need not go on.
        Fault::Callback401First | Fault::Callback401Final | Fault::Callback401Always => {
            refused(record, 401) > 0
        }
        Fault::TokenNotExtended => refused(record, 401) > 0 || has(record, data_refused),
        // It may be a proxy that says so, and will not say so again.
        Fault::Callback404Always => refused(record, 404) > 1,
        Fault::FixedDeadline => has(record, timed_out),
        _ => false,
    }
}

/// A run that passed although what the run task asked for cannot have been looked at.
fn passed_unseen(fault: Fault, record: &Record) -> Option<String> {
    if record.verdict() != Verdict::Passed {
        return None;
    }
    let served = |it: &What| matches!(it, What::ArchiveServed { cut: false, .. });
    if has(record, |it| matches!(it, What::ConfigurationRequested { .. })) && !has(record, served) {
        return Some(
            "it passed the run, although it never got the configuration that it asked for".to_owned(),
        );
    }
    if has(record, |it| matches!(it, What::PlanRequested { .. }))
        && !has(record, |it| matches!(it, What::PlanServed { .. }))
    {
        return Some("it passed the run, although it never got the plan that it asked for".to_owned());
    }
    // HashiCorp's own reader refuses these archives, too.
    let refused = matches!(
        fault,
        Fault::ArchiveTraversal
            | Fault::ArchiveLink
            | Fault::ArchiveWriteThroughLink
            | Fault::ArchiveDevice
            | Fault::ArchiveTruncated
            | Fault::ArchiveNotGzip
    );
    (refused && has(record, served)).then(|| "it passed an archive that is to be refused".to_owned())
}

/// What shows that a fault came up; or else why it did not.
fn seen(fault: Fault, record: &Record) -> Result<String, String> {
    if let Some(reason) = left_out(fault, record) {
        return Err(reason);
    }
    let result = || Ok(verdict(record));
    let if_seen = |seen: bool, reason: &str| if seen { result() } else { Err(reason.to_owned()) };
    let answered = |status: u16, reason: &str| match refused(record, status) {
        0 => Err(reason.to_owned()),
        1 => Ok(format!("a callback was answered {status}; {}", verdict(record))),
        more => Ok(format!("{more} callbacks were answered {status}; {}", verdict(record))),
    };
    match fault {
        Fault::SignatureMissing | Fault::SignatureEmpty | Fault::SignatureWrong | Fault::ProbeUnsigned => {
            if sent(fault, record) {
                Ok("it was answered 401, and nothing was started".to_owned())
            } else {
                Err("nothing was forged".to_owned())
            }
        }
        Fault::Probe2021 | Fault::ProbeStageNull | Fault::ProbeMinimal => {
            if sent(fault, record) {
                Ok("the probe was answered 200".to_owned())
            } else {
                Err("no such probe was sent".to_owned())
            }
        }
        Fault::SignatureHeaderTitleCase
        | Fault::SignaturePrefixed
        | Fault::PlanUrlNull
        | Fault::OldEnterprise
        | Fault::NoOutcomes
        | Fault::ProjectFields
        | Fault::UnknownFields
        | Fault::UnknownStage
        | Fault::StageHyphenated
        | Fault::Beta2021
        | Fault::ConfigurationNull
        | Fault::CallbackLenient
        | Fault::CallbackUrlCode
        | Fault::CallbackDocument => result(),
        Fault::AnswerAsResult => Ok(format!("the answer holds no result; {}", verdict(record))),
        Fault::TokenMissing | Fault::TokenTest => match refusal(record) {
            Some((status, _)) => Ok(format!("it was answered {status} with the field's name")),
            None => result(),
        },
        Fault::OriginNotListed => match refusal(record) {
            Some((status, _)) => Ok(format!("it was answered {status}, and nothing went there")),
            None => {
                Ok("it was answered 200, and nothing went there: HCP Terraform would wait in vain".to_owned())
            }
        },
        Fault::AnyTwoHundred => {
            let other = record.answers(Delivery::Request).into_iter().flatten().find(|it| *it != 200);
            other
                .map(|it| format!("the request was answered {it}; {}", verdict(record)))
                .ok_or_else(|| "the request was answered 200".to_owned())
        }
        Fault::DuplicateParallel | Fault::DuplicateAfterFinal => {
            if record.answers(Delivery::Duplicate).is_empty() {
                Err("there was no final result to repeat the request after".to_owned())
            } else {
                Ok(format!("both requests were answered 200; {}", verdict(record)))
            }
        }
        Fault::PlanNotReady | Fault::Plan404 | Fault::Plan422 => {
            let asked = |it: &What| matches!(it, What::PlanRequested { .. });
            if_seen(has(record, asked), "the plan was not asked for")
        }
        Fault::PlanExpiredLink => {
            let expired = |it: &What| matches!(it, What::LinkFollowed { answered: 403, .. });
            if_seen(has(record, expired), "no link to a plan was followed")
        }
        Fault::DownloadProxyTrouble => if_seen(has(record, data_refused), "nothing was asked for"),
        Fault::Configuration404 | Fault::RedirectLoop | Fault::RedirectPrivate | Fault::RedirectPlainHttp => {
            let asked = |it: &What| matches!(it, What::ConfigurationRequested { .. });
            if_seen(has(record, asked), "the configuration was not asked for")
        }
        Fault::ConfigurationSlow
        | Fault::ConfigurationCut
        | Fault::ArchiveDotSlash
        | Fault::ArchiveWrapped
        | Fault::ArchiveTraversal
        | Fault::ArchiveAbsolute
        | Fault::ArchiveLink
        | Fault::ArchiveWriteThroughLink
        | Fault::ArchiveDevice
        | Fault::ArchiveBomb
        | Fault::ArchivePax
        | Fault::ArchiveGnuLongName
        | Fault::ArchiveAppleDouble
        | Fault::ArchiveTruncated
        | Fault::ArchiveNotGzip => {
            let served = |it: &What| matches!(it, What::ArchiveServed { .. });
            if_seen(has(record, served), "the configuration was not fetched")
        }
        Fault::AfterFinal422 => answered(422, "nothing came after the final result"),
        Fault::AfterFinal401 => answered(401, "nothing came after the final result"),
        Fault::Cancel | Fault::Cancel404 => canceled(record),
        Fault::TokenNotExtended => {
            if refused(record, 401) > 0 || has(record, data_refused) {
                Ok(format!("the token's life was over, and it was answered 401; {}", verdict(record)))
            } else {
                Err("the token's life was not over yet".to_owned())
            }
        }
        Fault::FixedDeadline => {
            if has(record, timed_out) {
                Ok("the time was over before the result came".to_owned())
            } else {
                Err("the result came in time".to_owned())
            }
        }
        Fault::Callback429 | Fault::CallbackRetryAfter0 => answered(429, "no callback came"),
        Fault::Callback500 => answered(500, "no callback came"),
        Fault::CallbackProxyTrouble => answered(502, "no callback came"),
        Fault::Callback401First | Fault::Callback401Final | Fault::Callback401Always => {
            answered(401, "no callback came that it is for")
        }
        Fault::Callback404First | Fault::Callback404Final | Fault::Callback404Always => {
            answered(404, "no callback came that it is for")
        }
        Fault::Callback422Outcomes => answered(422, "no outcomes were sent"),
        Fault::CallbackLost | Fault::CallbackSlow => result(),
    }
}

fn canceled(record: &Record) -> Result<String, String> {
    let refused = record.callbacks.iter().filter(|it| it.answered.is_some_and(|it| it != 200)).count();
    match refused {
        _ if record.result.status != Status::Canceled => Err("the run was not canceled".to_owned()),
        0 => Ok("no callback came after the run was canceled".to_owned()),
        1 => Ok("one callback came after the run was canceled, and none after its answer".to_owned()),
        more => Ok(format!("{more} callbacks came after the run was canceled, and were refused")),
    }
}

/// The result that was delivered, or that there is none.
fn verdict(record: &Record) -> String {
    match record.verdict() {
        Verdict::Passed => "it passed the run".to_owned(),
        Verdict::Failed => "it failed the run".to_owned(),
        Verdict::Other => "it gave up".to_owned(),
    }
}

fn no_result(record: &Record) -> String {
    let last = record.callbacks.last().and_then(|it| it.answered.filter(|answered| *answered != 200));
    match (last, &record.result.message) {
        (Some(status), _) => {
            let tries = refused(record, status);
            let times = if tries == 1 { "once".to_owned() } else { format!("{tries} times") };
            format!("no result was delivered; a callback was answered {status} {times}, and then none came")
        }
        (None, Some(message)) => format!("no result was delivered: {}", message.trim_end_matches('.')),
        (None, None) => "no result was delivered".to_owned(),
    }
}

/// How many callbacks were answered so.
fn refused(record: &Record, status: u16) -> usize {
    record.callbacks.iter().filter(|it| it.answered == Some(status)).count()
}

/// The answer that refused the request, with its beginning.
fn refusal(record: &Record) -> Option<(u16, &str)> {
    record.events.iter().find_map(|it| match &it.what {
        What::Answered { delivery: Delivery::Request, status: status @ 400..500, body } => {
            Some((*status, body.as_str()))
        }
        _ => None,
    })
}

/// Why a fault was left out, where that was noted.
fn left_out(fault: Fault, record: &Record) -> Option<String> {
    record.events.iter().find_map(|it| match &it.what {
        What::Skipped { note } => Some(note.strip_prefix(fault.as_str())?.strip_prefix(": ")?.to_owned()),
        _ => None,
    })
}

/// Whether a delivery was shaped by a fault.
fn sent(fault: Fault, record: &Record) -> bool {
    has(record, |it| matches!(it, What::Sent { note: Some(note), .. } if note == fault.as_str()))
}

fn has(record: &Record, is_it: impl Fn(&What) -> bool) -> bool {
    record.events.iter().any(|it| is_it(&it.what))
}

fn timed_out(what: &What) -> bool {
    matches!(what, What::TimedOut { .. })
}

/// Whether a request for data was refused.
fn data_refused(what: &What) -> bool {
    match what {
        What::ConfigurationRequested { answered } | What::PlanRequested { answered } => {
            answered.is_none_or(|it| it >= 400)
        }
        _ => false,
    }
}

//! Names what happened, for programs: a log line that tells of an event has its name in the field `event`.
//!
//! Names are never changed: people filter by them. The message beside a name is for people, and may change.

macro_rules! events {
    ($($constant:ident = $name:literal: $meaning:literal;)+) => {
        $(
            #[doc = $meaning]
            pub const $constant: &str = $name;
        )+

        /// Every name, with a line that says what happened and which fields tell more.
        pub const ALL: &[(&str, &str)] = &[$(($constant, $meaning)),+];
    };
}

events! {
    SERVE_LISTENING = "serve.listening": "`runtask serve` accepts requests at `address`.";
    SERVE_TASK = "serve.task": "`runtask serve` answers for the task `task` at `path`, with the checks `checks`.";
    SERVE_METRICS = "serve.metrics": "`runtask serve` tells its metrics at `address`.";
    SERVE_TRACES = "serve.traces": "`runtask serve` sends traces to the collector at `origin`.";
    SERVE_UNVERIFIED = "serve.unverified": "`runtask serve` will not verify requests, as `RUNTASK_ALLOW_UNSIGNED` says.";
    SERVE_ONE_CLICK = "serve.one_click": "Whoever follows a link in a message decides, as `RUNTASK_INSECURE_ONE_CLICK` says.";
    SERVE_SPECULATIVE_ONLY = "serve.speculative_only": "Runs that are not speculative pass by themselves, as `FILTER_SPECULATIVE_PLANS_ONLY` says.";
    CHECK_OBSTRUCTED = "check.obstructed": "The check `check` of the task `task` will not be able to run.";
    TASKS_READ = "tasks.read": "The tasks' file was read from its URL.";
    TASKS_NOT_READ = "tasks.not_read": "The tasks' file could not be read, and the failure handler does without: `error`.";
    SETTINGS_WRONG = "settings.wrong": "Settings are wrong, and the failure handler takes their defaults.";
    SETTING_UNKNOWN = "setting.unknown": "A variable has a name that begins with `RUNTASK_`, and nobody reads it.";
    FUNCTION_NOT_STARTED = "function.not_started": "The callback handler cannot start: `error`.";

    REQUEST_TOO_LARGE = "request.too_large": "A request was refused: its body is over the limit.";
    REQUEST_NOT_READ = "request.not_read": "A large request was answered 503, as too many others are being read.";
    REQUEST_BROKEN_OFF = "request.broken_off": "The body of a request broke off: `error`.";
    REQUEST_REFUSED = "request.refused": "A request was refused for its signature: `reason`.";
    REQUEST_UNVERIFIED = "request.unverified": "A request was taken without verifying it, as `RUNTASK_ALLOW_UNSIGNED` says.";
    REQUEST_VERIFIED = "request.verified": "The signature of a request matches the key `key.name`, `current` or `previous`.";
    REQUEST_UNREADABLE = "request.unreadable": "A signed request was refused: it is no run task's, `error`.";
    REQUEST_FOREIGN = "request.foreign": "A run was refused: its result may not be sent to its callback URL, `error`.";
    KEY_READ = "key.read": "The HMAC key was read; it is version `key.version`.";
    KEY_SHORT = "key.short": "The HMAC key is so short that it could be guessed.";
    KEY_NOT_READ_AGAIN = "key.not_read_again": "The HMAC key could not be read again, and the known one holds: `error`.";
    KEY_PREVIOUS_NOT_READ = "key.previous_not_read": "The version before the current one of the HMAC key could not be read: `error`.";
    KEY_UNAVAILABLE = "key.unavailable": "There is no key to verify a request with: `error`.";
    EXTENSION_NOT_READY = "extension.not_ready": "The Parameters and Secrets extension is not ready, and is asked again.";
    PROBE_ANSWERED = "probe.answered": "HCP Terraform's probe was answered.";
    JOB_HANDED_OVER = "job.handed_over": "A job was handed over: `task_result.id`.";
    JOB_TOO_LARGE = "job.too_large": "A job is too large to be handed over.";
    JOB_NOT_HANDED_OVER = "job.not_handed_over": "A job could not be handed over: `error`.";

    JOB_EXPIRED = "job.expired": "A job was dropped: it is `age_ms` old, and HCP Terraform does not wait for it any more.";
    JOB_REFUSED = "job.refused": "A job was dropped: its result may not be sent to its callback URL, `error`.";
    JOB_ALREADY_DONE = "job.already_done": "A job came again after its final result.";
    JOB_ALREADY_TAKEN = "job.already_taken": "A job came again while another attempt is at work.";
    CLAIM_AWAITED = "claim.awaited": "Another attempt has the claim; this one waits to see whether that one lives.";
    CLAIM_UNAVAILABLE = "claim.unavailable": "The job is worked on without a claim: `error`.";
    CLAIM_NOT_RENEWED = "claim.not_renewed": "The claim could not be renewed: `error`.";
    CLAIM_LOST = "claim.lost": "Another attempt took the claim over; this one stops.";
    CLAIM_NOT_SETTLED = "claim.not_settled": "The claim could not be finished or released: `error`.";
    JOB_NOT_KEPT = "job.not_kept": "An accepted job could not be kept for other processes, or not be forgotten: `error`.";
    JOBS_LOOKED_AT = "jobs.looked_at": "`jobs` that another process may have left are looked at.";
    JOB_TAKEN = "job.taken": "The work on a job begins.";
    JOB_NOT_WANTED = "job.not_wanted": "Nobody waits for a result, and nothing was done: `http.status`.";
    JOB_NEWER = "job.newer": "A job was declined: it is of version `version`, which this function does not know.";
    STAGE_UNKNOWN = "stage.unknown": "The stage is one that this version does not know.";
    TASK_UNKNOWN = "task.unknown": "The task is not configured.";
    TASK_SKIPPED = "task.skipped": "The task is not for this run.";
    TASK_UNCLEAR = "task.unclear": "Whether the task is for this run is not known, and `on_error` decides: `reason`.";

    DOWNLOAD_ANSWERED = "download.answered": "A download was answered `http.status` by `origin`.";
    DOWNLOAD_FAILED = "download.failed": "A download failed, and is tried again in `pause_ms`.";
    DOWNLOAD_BROKEN_OFF = "download.broken_off": "A download broke off in the middle: `error`.";
    CONFIGURATION_UNPACKED = "configuration.unpacked": "`files` of the configuration's `entries` were unpacked.";
    CONFIGURATION_MISSING = "configuration.missing": "There is no configuration to check: `error`.";
    PLAN_FETCHED = "plan.fetched": "The plan was downloaded: `plan.bytes`.";
    PLAN_MISSING = "plan.missing": "There is no plan to check: `error`.";
    CHECK_STARTED = "check.started": "The check `check` begins.";
    TERRAFORM_STARTED = "terraform.started": "terraform was started: `command`.";
    TERRAFORM_ENDED = "terraform.ended": "terraform ended with `exit_code`, after `duration_ms`.";
    TERRAFORM_KILLED = "terraform.killed": "terraform was ended by `signal`, after `duration_ms`.";
    TERRAFORM_STOPPED = "terraform.stopped": "terraform was stopped after `duration_ms`: its time was up, or it said too much.";
    FMT_DIFFERENT = "fmt.different": "terraform and the native formatter differ about `file`, first on line `line`; terraform decides.";
    SCANNER_STARTED = "scanner.started": "The program of `scanner` was started.";
    SCANNER_ENDED = "scanner.ended": "The program of `scanner` ended, or was stopped, after `duration_ms`.";
    CHECK_UNAVAILABLE = "check.unavailable": "The check `check` could not run: `cause`.";
    CHECK_PANICKED = "check.panicked": "A check panicked: `error`.";
    WORK_OUT_OF_TIME = "work.out_of_time": "Time is up, for the reason `limit`, and work is stopped.";
    WORK_NOT_WANTED = "work.not_wanted": "Nobody waits for a result any more, and work was stopped: `http.status`.";
    DIRECTORY_LEFT_BEHIND = "directory.left_behind": "A temporary directory could not be removed.";

    RESULT_REPORTED = "result.reported": "HCP Terraform was told `status`, at the attempt `attempt`.";
    RESULT_UNPROCESSABLE = "result.unprocessable": "HCP Terraform refused a result as unprocessable; the bare verdict is sent.";
    RESULT_NOT_TAKEN = "result.not_taken": "HCP Terraform did not take a result; it is sent again in `pause_ms`.";
    PROGRESS_NOT_REPORTED = "progress.not_reported": "HCP Terraform could not be told that work goes on: `error`.";
    RESULT_NOT_WANTED = "result.not_wanted": "HCP Terraform wants no final result (any more): `http.status`.";
    REPORT_NOT_KEPT = "report.not_kept": "The page of a result could not be made or kept in time, and its result has no link: `error`.";
    REPORT_NOT_READ = "report.not_read": "A page could not be read from where it is kept: `error`.";
    SCANNER_SECRET_NOT_READ = "scanner.secret_not_read": "A secret that a scanner needs could not be read from Parameter Store: `error`.";
    CHANNEL_NOT_READY = "channel.not_ready": "A channel is told of nothing: its settings or secrets are wrong, `error`.";
    CHANNEL_TOLD = "channel.told": "The channel `channel` was told of a result.";
    CHANNEL_NOT_TOLD = "channel.not_told": "The channel `channel` could not be told of a result: `error`.";
    RESULT_TOLD_AGAIN = "result.told_again": "An attempt before this one may not have told of the result: channels that know a message that they have had are told (again).";
    OWED_NOT_KEPT = "owed.not_kept": "What is to be told of a result could not be written down: `error`. Should the function die in that moment, nobody is told.";
    OWED_NOT_READ = "owed.not_read": "What a function of another release wanted to be told of a result could not be read, and is not told.";
    JOB_NOT_REPORTED = "job.not_reported": "The final result could not be reported: `error`.";
    JOB_PANICKED = "job.panicked": "The callback handler panicked: `error`.";
    JOB_DONE = "job.done": "A job is done: `end` says how it ended, `duration_ms` how long it took.";
    JOB_GIVEN_UP = "job.given_up": "The callback handler gave a job up: `reason`.";
    TOKEN_EXPIRED = "token.expired": "HCP Terraform does not take the token of a job (any more), and may have no result: `error`.";

    APPROVAL_ASKED = "approval.asked": "People are asked about `task_result.id`, until `closes_at`.";
    APPROVAL_REFUSED = "approval.refused": "Somebody's answer to an approval does not count: `reason`.";
    APPROVAL_DECIDED = "approval.decided": "The verdict of an approval stands: `cause`.";
    APPROVAL_REPORTED = "approval.reported": "HCP Terraform has the verdict of an approval.";
    APPROVAL_CANCELLED = "approval.cancelled": "Nobody waits for the verdict of an approval any more.";
    APPROVAL_LOST = "approval.lost": "The verdict of an approval cannot be delivered any more.";
    APPROVAL_NOT_SENT = "approval.not_sent": "A `message` of an approval was not taken: `answer`.";
    APPROVAL_FAILED = "approval.failed": "An approval could not be read or written.";
    APPROVAL_AUDIT = "approval.audit": "A line of the audit log of approvals: `fact`, and `audit` with all there is to say.";
    APPROVALS_SWEPT = "approvals.swept": "Of `due` approvals, the sweep attended to `attended`, and `failed` could not be read or written.";
    APPROVALS_LEFT = "approvals.left": "Time was up before all approvals were attended to, or counted; the next sweep goes on.";

    APPROVALS_IN_MEMORY = "approvals.in_memory": "Approvals are kept in memory, and end with the process.";
    APPROVALS_NOT_SWEPT = "approvals.not_swept": "The store does not say which approvals are due: `error`.";
    APPROVALS_ENDED = "approvals.ended": "`runtask serve` ends, and so have `approvals` that were in its memory.";
    STORE_OPENED = "store.opened": "Claims and approvals are kept in `store`.";

    API_ASKED_AGAIN = "api.asked_again": "HCP Terraform's API is to be asked again in `pause_ms`.";

    TRACES_NOT_SENT = "traces.not_sent": "The collector does not have `spans` of traces, since the last such line: `error`.";

    SHUTDOWN_BEGUN = "shutdown.begun": "`runtask serve` accepts no more requests.";
    CONNECTIONS_CLOSED = "connections.closed": "Connections were closed whose requests were not complete.";
    SHUTDOWN_WAITING = "shutdown.waiting": "`runtask serve` waits for `jobs` at work.";
    SHUTDOWN_UNFINISHED = "shutdown.unfinished": "The time to end is up: `jobs` end without a final result.";
    SHUTDOWN_DONE = "shutdown.done": "`runtask serve` ends.";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_distinct_dotted_and_in_lower_case() {
        let distinct: BTreeSet<_> = ALL.iter().map(|(name, _)| name).collect();
        assert_eq!(distinct.len(), ALL.len());
        for (name, _) in ALL {
            let parts: Vec<_> = name.split('.').collect();
            let is_word =
                |it: &&str| !it.is_empty() && it.chars().all(|it| it.is_ascii_lowercase() || it == '_');
            assert!(parts.len() == 2 && parts.iter().all(is_word), "{name}");
        }
    }

    /// Who changes this list changes the table, line by line as it is printed here.
    #[test]
    fn the_table_in_docs_operations_md_is_this_list() {
        let docs = include_str!("../../../docs/operations.md");
        let (_, section) = docs.split_once("\n### Events\n").unwrap();
        let (section, _) = section.split_once("\n### ").unwrap();
        let rows: Vec<_> = section.lines().filter(|it| it.starts_with("| `")).collect();
        let expected: Vec<_> =
            ALL.iter().map(|(name, meaning)| format!("| `{name}` | {meaning} |")).collect();
        assert_eq!(rows, expected, "the table should be:\n{}", expected.join("\n"));
    }
}

//! Names the faults: what HCP Terraform, its older versions and its enemies may do differently.

use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)*) => {
        /// One thing that goes differently from a plain run.
        ///
        /// Written in kebab-case; [`Fault::all`] lists them, [`Fault::description`] says what each does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[doc = $doc])+ $variant,)*
        }

        const ALL: &[Fault] = &[$(Fault::$variant,)*];

        impl Fault {
            /// The name, in kebab-case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it does, in one line.
            #[must_use]
            pub fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+).trim_start(),)*
                }
            }
        }
    };
}

faults! {
    /// Before the request, one without a signature header; it must be refused with 401 and start nothing.
    SignatureMissing = "signature-missing",
    /// Before the request, one with an empty signature; it must be refused with 401 and start nothing.
    SignatureEmpty = "signature-empty",
    /// Before the request, one signed with another key; it must be refused with 401 and start nothing.
    SignatureWrong = "signature-wrong",
    /// Header names in title case: `X-Tfc-Task-Signature`.
    SignatureHeaderTitleCase = "signature-header-title-case",
    /// The signature has the prefix `sha512=`, as another sender writes it.
    SignaturePrefixed = "signature-prefixed",

    /// The verification probe as of September 2021: no stage, no capabilities.
    Probe2021 = "probe-2021",
    /// The verification probe with a null stage.
    ProbeStageNull = "probe-stage-null",
    /// The verification probe with nothing but its token.
    ProbeMinimal = "probe-minimal",
    /// Before the verification probe, one without a signature; it must be refused with 401.
    ProbeUnsigned = "probe-unsigned",

    /// `plan_json_api_url` is null.
    PlanUrlNull = "plan-url-null",
    /// The fields of an old Terraform Enterprise: no capabilities, configuration version or commit hash.
    OldEnterprise = "old-enterprise",
    /// `capabilities.outcomes` is false: results must fit into the message.
    NoOutcomes = "no-outcomes",
    /// The `project_*` fields of 2026.
    ProjectFields = "project-fields",
    /// Fields that nobody knows yet.
    UnknownFields = "unknown-fields",
    /// A stage that nobody knows yet.
    UnknownStage = "unknown-stage",
    /// The stage is written with a hyphen, as Terraform Enterprise of 2022 documents it: `post-plan`.
    StageHyphenated = "stage-hyphenated",
    /// A run as in the beta of 2021: no stage, no `is_speculative`, none of the later fields.
    Beta2021 = "beta-2021",
    /// A run without `access_token`, with a signed callback URL; it needs a result, or a 400 that names the field.
    TokenMissing = "token-missing",
    /// A run whose token is `test-token`, as a probe's; it needs a result, or a 400 that names the field.
    TokenTest = "token-test",
    /// The sender reads a result from the answer to its request, too; the answer must not hold any.
    AnswerAsResult = "answer-as-result",
    /// The request's URLs are of an origin that nobody allowed; nothing may go there.
    OriginNotListed = "origin-not-listed",

    /// Any 2xx is taken as an answer to a request, not 200 alone.
    AnyTwoHundred = "any-2xx",
    /// The request is delivered twice at the same time.
    DuplicateParallel = "duplicate-parallel",
    /// The request is delivered again after the final result.
    DuplicateAfterFinal = "duplicate-after-final",

    /// The plan answers 204 twice before it is there.
    PlanNotReady = "plan-not-ready",
    /// The first link to the plan has expired when it is followed.
    PlanExpiredLink = "plan-expired-link",
    /// The plan answers 404.
    Plan404 = "plan-404",
    /// The plan answers 422, as for a Terraform older than 0.12.
    Plan422 = "plan-422",

    /// The configuration answers 404.
    Configuration404 = "configuration-404",
    /// `configuration_version_download_url` is null.
    ConfigurationNull = "configuration-null",
    /// The configuration trickles in.
    ConfigurationSlow = "configuration-slow",
    /// The connection is closed midway through the configuration, each time.
    ConfigurationCut = "configuration-cut",
    /// A proxy in trouble answers the first four downloads of each kind: 502, 503, 504, then nothing.
    DownloadProxyTrouble = "download-proxy-trouble",

    /// Names in the archive begin with `./`.
    ArchiveDotSlash = "archive-dot-slash",
    /// Everything in the archive is below one wrapping directory.
    ArchiveWrapped = "archive-wrapped",
    /// A file in the archive is named `../…`.
    ArchiveTraversal = "archive-traversal",
    /// A file in the archive has an absolute name.
    ArchiveAbsolute = "archive-absolute",
    /// Links in the archive lead outside.
    ArchiveLink = "archive-link",
    /// A file in the archive lies behind a link that leads outside.
    ArchiveWriteThroughLink = "archive-write-through-link",
    /// The archive holds devices and a FIFO.
    ArchiveDevice = "archive-device",
    /// The archive unpacks to 2 GiB.
    ArchiveBomb = "archive-bomb",
    /// The archive has PAX headers, as `git archive` writes them, and a PAX long name.
    ArchivePax = "archive-pax",
    /// The archive has a GNU long name.
    ArchiveGnuLongName = "archive-gnu-long-name",
    /// The archive has the `._*` files that macOS adds.
    ArchiveAppleDouble = "archive-apple-double",
    /// The archive ends early.
    ArchiveTruncated = "archive-truncated",
    /// The archive is a web page.
    ArchiveNotGzip = "archive-not-gzip",

    /// The configuration redirects for ever.
    RedirectLoop = "redirect-loop",
    /// The configuration redirects to a cloud's metadata address.
    RedirectPrivate = "redirect-private",
    /// The configuration redirects to a plain http origin that nobody allowed.
    RedirectPlainHttp = "redirect-plain-http",

    /// Callbacks are taken as they come.
    CallbackLenient = "callback-lenient",
    /// A callback after the final result is answered 422, not 409.
    AfterFinal422 = "after-final-422",
    /// A callback after the final result is answered 401, not 409.
    AfterFinal401 = "after-final-401",
    /// The run is canceled once the run task has shown that it works; callbacks are answered 409.
    Cancel = "cancel",
    /// As `cancel`, and callbacks are answered 404.
    Cancel404 = "cancel-404",
    /// A progress update does not extend the token's life.
    TokenNotExtended = "token-not-extended",
    /// A progress update does not extend the time limit, as before June 2025.
    FixedDeadline = "fixed-deadline",
    /// The callback URL has a query, `?url_code=…`, that must come back.
    CallbackUrlCode = "callback-url-code",

    /// Callbacks are answered with a document, not an empty body.
    CallbackDocument = "callback-document",
    /// The first callback is answered 429 with `Retry-After: 1`.
    Callback429 = "callback-429",
    /// The first two callbacks are answered 500.
    Callback500 = "callback-500",
    /// A proxy in trouble answers the first four callbacks: 502, 503 and 504 with a web page, then nothing.
    CallbackProxyTrouble = "callback-proxy-trouble",
    /// Callbacks are answered 429 with `Retry-After: 0` for two seconds; more than 20 in that time are too many.
    CallbackRetryAfter0 = "callback-retry-after-0",
    /// The first callback is answered 401.
    Callback401First = "callback-401-first",
    /// The final result is answered 401 twice.
    Callback401Final = "callback-401-final",
    /// Every callback is answered 401.
    Callback401Always = "callback-401-always",
    /// The first two callbacks are answered 404.
    Callback404First = "callback-404-first",
    /// The final result is answered 404 twice.
    Callback404Final = "callback-404-final",
    /// Every callback is answered 404.
    Callback404Always = "callback-404-always",
    /// Callbacks with outcomes are answered 422.
    Callback422Outcomes = "callback-422-outcomes",
    /// The final result is taken, but the connection is closed before the answer.
    CallbackLost = "callback-lost",
    /// The final result is taken, and answered after three seconds.
    CallbackSlow = "callback-slow",
}

impl Fault {
    /// Every fault, in the order of the protocol.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        ALL
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is no fault's.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[error("there is no fault `{0}`")]
pub struct UnknownFault(String);

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        ALL.iter().copied().find(|it| it.as_str() == name).ok_or_else(|| UnknownFault(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_name_reads_back() {
        for fault in Fault::all() {
            assert_eq!(fault.to_string().parse(), Ok(*fault));
            assert!(
                fault.as_str().bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
            );
        }
    }

    #[test]
    fn names_are_distinct_and_descriptions_one_line() {
        let names: HashSet<_> = Fault::all().iter().map(|it| it.as_str()).collect();
        assert_eq!(names.len(), Fault::all().len());
        for fault in Fault::all() {
            let line = fault.description();
            assert!(line.ends_with('.') && !line.contains('\n') && line.len() <= 110, "{line}");
        }
    }

    #[test]
    fn an_unknown_name_is_said() {
        assert_eq!(
            "archive-nice".parse::<Fault>().unwrap_err().to_string(),
            "there is no fault `archive-nice`"
        );
    }
}

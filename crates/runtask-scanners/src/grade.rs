//! Says what a tool's own word for how bad something is comes to here.

use runtask_findings::{Level, Severity};

/// From which severity on a finding fails the task: `fail_on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// From this severity on.
    Severity(Severity),
    /// Everything that a tool counts as a finding.
    Any,
    /// Nothing.
    Never,
}

/// The word of a tool for how bad a result is, as SARIF has them.
///
/// Source: SARIF 2.1.0, section 3.27.10.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rating {
    Error,
    Warning,
    Note,
    /// It is no failure.
    None,
}

/// What decides about results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// From which severity on one fails the task.
    pub fail_on: FailOn,
    /// The severity of what has none.
    pub unknown: Severity,
}

impl Default for Thresholds {
    /// What nobody has graded must not slip below what fails.
    fn default() -> Self {
        Self { fail_on: FailOn::Severity(Severity::High), unknown: Severity::High }
    }
}

impl FailOn {
    /// The words in settings.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("critical", Self::Severity(Severity::Critical)),
        ("high", Self::Severity(Severity::High)),
        ("medium", Self::Severity(Severity::Medium)),
        ("low", Self::Severity(Severity::Low)),
        ("any", Self::Any),
        ("never", Self::Never),
    ];

    fn fails(self, severity: Severity) -> bool {
        match self {
            Self::Severity(lowest) => severity <= lowest,
            Self::Any => true,
            Self::Never => false,
        }
    }
}

impl Rating {
    /// The rating that a tool writes so; none where it is no word of SARIF's.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        match word {
            "error" => Some(Self::Error),
            "warning" => Some(Self::Warning),
            "note" => Some(Self::Note),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

impl Thresholds {
    /// The level and severity of a result that the tool itself grades so; some rate nothing.
    pub(crate) fn grade(
        &self,
        severity: Option<Severity>,
        rating: Option<Rating>,
    ) -> (Level, Option<Severity>) {
        let of_rating = match rating {
            Some(Rating::None) => return (Level::Info, severity),
            Some(Rating::Error) => Some(Severity::High),
            Some(Rating::Warning) => Some(Severity::Medium),
            Some(Rating::Note) => Some(Severity::Low),
            None => None,
        };
        let severity = severity.or(of_rating).unwrap_or(self.unknown);
        let level = match rating {
            _ if self.fail_on.fails(severity) => Level::Error,
            Some(Rating::Note) => Level::Info,
            _ => Level::Warning,
        };
        (level, Some(severity))
    }
}

/// A severity as tools write it: a word of theirs.
pub(crate) fn severity_of_word(word: &str) -> Option<Severity> {
    match word.trim().to_ascii_lowercase().as_str() {
        "moderate" => Some(Severity::Medium),
        word => word.parse().ok(),
    }
}

/// A severity as tools write it: CVSS's number, from 0 to 10.
///
/// Source: CVSS 3.1, section 5, "Qualitative Severity Rating Scale".
pub(crate) fn severity_of_number(number: f64) -> Option<Severity> {
    match number {
        it if it >= 9.0 => Some(Severity::Critical),
        it if it >= 7.0 => Some(Severity::High),
        it if it >= 4.0 => Some(Severity::Medium),
        it if it > 0.0 => Some(Severity::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_graded_fails_unless_somebody_says_otherwise() {
        let usual = Thresholds::default();
        assert_eq!(usual.grade(None, Some(Rating::Error)), (Level::Error, Some(Severity::High)));
        assert_eq!(usual.grade(None, Some(Rating::Warning)), (Level::Warning, Some(Severity::Medium)));
        assert_eq!(usual.grade(None, Some(Rating::Note)), (Level::Info, Some(Severity::Low)));
        assert_eq!(usual.grade(None, Some(Rating::None)), (Level::Info, None));
        assert_eq!(
            usual.grade(Some(Severity::Low), Some(Rating::Error)),
            (Level::Warning, Some(Severity::Low))
        );
        assert_eq!(usual.grade(None, None), (Level::Error, Some(Severity::High)));
        let mild = Thresholds { unknown: Severity::Low, ..usual };
        assert_eq!(mild.grade(None, None), (Level::Warning, Some(Severity::Low)));
    }

    #[test]
    fn a_finding_fails_from_its_severity_on() {
        let fails = |fail_on, severity, rating| {
            let thresholds = Thresholds { fail_on, ..Thresholds::default() };
            thresholds.grade(Some(severity), Some(rating)).0 == Level::Error
        };
        for (number, (_, fail_on)) in FailOn::WORDS.into_iter().enumerate() {
            let all = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
            let failing = all.map(|it| fails(fail_on, it, Rating::Warning));
            let expected = [1, 2, 3, 4, 4, 0][number];
            assert_eq!(failing, [0, 1, 2, 3].map(|it| it < expected), "{fail_on:?}");
        }
        assert!(fails(FailOn::Any, Severity::Low, Rating::Note));
        assert!(!fails(FailOn::Any, Severity::Critical, Rating::None));
    }

    #[test]
    fn a_number_is_a_severity_as_cvss_has_it() {
        let severity = |it: f64| severity_of_number(it).map(Severity::as_str);
        assert_eq!(
            [10.0, 9.0, 8.9, 7.0, 6.9].map(severity),
            ["critical", "critical", "high", "high", "medium"].map(Some)
        );
        assert_eq!([4.0, 3.9, 0.1].map(severity), ["medium", "low", "low"].map(Some));
        assert_eq!([0.0, -1.0, f64::NAN].map(severity), [None; 3]);
    }
}

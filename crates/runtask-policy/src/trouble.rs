//! Words the engine's errors for people.

use crate::message::Trouble;
use crate::place::Place;
use crate::source_file::SourceFile;
use rego::{AskError, CompileError, EvaluationError, HeapError, ParseError};
use std::time::Duration;

impl Trouble {
    /// One line, and no place.
    pub(crate) fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), excerpt: String::new() }
    }

    /// Something that is wrong at a place of a file.
    pub(crate) fn at(file: &SourceFile, place: Place, what: &str) -> Self {
        let Place { line, column } = place;
        Self { summary: format!("{}:{line}:{column}: {what}", file.name), excerpt: place.excerpt(&file.text) }
    }

    /// What is wrong with the text of a file.
    pub(crate) fn of_text(file: &SourceFile, error: &ParseError) -> Self {
        let hint = error.hint.map(|it| format!(" ({it})")).unwrap_or_default();
        Self::at(file, Place::of(&file.text, error.span), &format!("{}{hint}", error.message))
    }

    /// What is wrong with policies that are read.
    pub(crate) fn of_policies(files: &[SourceFile], error: &CompileError) -> Self {
        match files.get(error.file) {
            Some(file) => Self::at(file, Place::of(&file.text, error.span), &error.to_string()),
            None => Self::new(error.to_string()),
        }
    }

    /// What ended the evaluation of a rule. No value of a plan is in it.
    pub(crate) fn of_rule(files: &[SourceFile], error: &AskError, limits: RuleLimits) -> Self {
        let sentence = match &error.error {
            EvaluationError::Stopped | EvaluationError::OutOfSteps => {
                return Self::new(format!("it did not finish within {} s", limits.time.as_secs_f64()));
            }
            EvaluationError::Heap(HeapError::Exhausted) => {
                return Self::new(format!(
                    "it took more memory than the limit of {} MiB, its share of RUNTASK_POLICY_MEMORY_BYTES",
                    limits.memory_bytes >> 20
                ));
            }
            EvaluationError::TooDeep => "it recursed too deep, perhaps without an end".to_owned(),
            other => other.to_string(),
        };
        let file = error.place.and_then(|it| Some((files.get(usize::try_from(it.file).ok()?)?, it.span)));
        match file {
            Some((file, span)) => Self::at(file, Place::of(&file.text, span), &sentence),
            None => Self::new(sentence),
        }
    }

    /// A rule said something, and nothing that could be told.
    pub(crate) fn no_messages() -> Self {
        Self::new("it yields no list of messages: a rule begins with `deny contains \"what is wrong\" if`")
    }
}

/// What one rule may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleLimits {
    pub(crate) time: Duration,
    pub(crate) memory_bytes: u64,
}

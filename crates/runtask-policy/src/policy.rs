//! Judges a plan by policies: has them evaluated, and makes a report of what they say.

use crate::builtin;
use crate::bundle::{Bundle, LoadErrors};
use crate::engine::Policies;
use crate::evaluation::{Evaluation, UnavailableError};
use crate::facts_read::FactRead;
use crate::memory_limit::MemoryLimit;
use crate::message::{Answer, Purpose, Request, RuleEntry, SeenExpression, Solution, Trouble, Violation};
use crate::read_settings::SETTINGS;
use crate::report;
use crate::session;
use crate::settings::{Exception, PolicySettings, Unknown};
use runtask_checks::{Check, Given, Loading, Needs, Stop, Tried};
use runtask_findings::{CheckReport, printable};
use runtask_sources::{Places, cache_directory};
use runtask_tasks::{Date, RunFacts, SettingsEntry, suggestion};
use serde::Serialize;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::Seek;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tracing::info;

/// The policies of one task.
#[derive(Debug, Clone)]
pub struct Policy {
    task: String,
    bundle: Bundle,
    settings: PolicySettings,
    memory: MemoryLimit,
    /// What they are once they have been compiled: a function judges many runs.
    compiled: Arc<OnceLock<Policies>>,
}

/// The results of the tests of policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestResults {
    /// Each test, in the order of files and lines.
    pub tests: Vec<TestResult>,
    /// What is odd about the policies, each with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What happened at each place of the policies, where that was asked for.
    #[serde(skip)]
    pub seen: Vec<SeenExpression>,
}

/// Why a rule found what it found in a plan, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The rules with the code that was asked for, each with what it yields, in its own words.
    pub rules: Vec<(RuleEntry, Vec<String>)>,
    /// What happened at each place of the policies.
    pub seen: Vec<SeenExpression>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestResult {
    /// Its package and name.
    pub name: String,
    /// The file.
    pub file: String,
    /// The line there, from 1.
    pub line: u32,
    /// How long it took.
    pub duration_ms: u64,
    /// What it and the rules that it asks printed, each with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub printed: Vec<String>,
    /// Why it failed, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Trouble>,
}

impl Check for Policy {
    const NAME: &'static str = "policy";
    const NEEDS: Needs = Needs { configuration: None, plan: true };
    const SETTINGS: Option<SettingsEntry> = Some(SETTINGS);

    fn load(loading: &mut Loading<'_, '_>) -> Result<Self, String> {
        let settings = loading.of_task.and_then(|it| it.get::<PolicySettings>());
        let settings = settings.ok_or("which policies to ask, only a file can say: set RUNTASK_CONFIG")?;
        let memory = MemoryLimit::from_settings(loading.settings);
        let cache = cache_directory(|name| loading.settings.text(name));
        Self::load(loading.task, settings, &Places::new(loading.directory, cache), memory)
            .map_err(|error| format!("the policies of task {}: {error}", loading.task))
    }

    async fn try_out(&self) -> Tried {
        let of_task = format!("the policies of task {}", self.task);
        match self.evaluate(Purpose::List, None, &RunFacts::default(), &Stop::never()).await {
            Ok(evaluation) => Tried { errors: Vec::new(), warnings: self.warnings(&evaluation) },
            Err(error) => {
                let text = |it: Trouble| match it.excerpt.is_empty() {
                    true => format!("{of_task}: {}", it.summary),
                    false => format!("{of_task}: {}\n{}", it.summary, it.excerpt),
                };
                Tried { errors: error.troubles().into_iter().map(text).collect(), warnings: Vec::new() }
            }
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        self.bundle.needed()
    }

    async fn run(&self, given: Given<'_>) -> CheckReport {
        match given.plan {
            Some(plan) => {
                let mut report = self.judge(plan, given.run, given.today, given.stop).await;
                report.findings.extend(self.unknown_facts(given.run).into_iter().map(report::fact_not_given));
                report.findings.sort_by_key(|it| it.level);
                report
            }
            None => report::no_plan(given.stage()),
        }
    }
}

impl Policy {
    /// The policies of `task`, whose [`PolicySettings`] are `settings`, read from disk. Nothing is fetched.
    ///
    /// # Errors
    ///
    /// Every path that cannot be read.
    pub fn load(
        task: &str,
        settings: &PolicySettings,
        places: &Places,
        memory: MemoryLimit,
    ) -> Result<Self, LoadErrors> {
        let bundle = Bundle::load(&settings.paths, &settings.data, places)?;
        Ok(Self::new(task, bundle, settings.clone(), memory))
    }

    /// These policies, for the task of this name.
    #[must_use]
    pub fn new(task: &str, bundle: Bundle, settings: PolicySettings, memory: MemoryLimit) -> Self {
        Self { task: task.to_owned(), bundle, settings, memory, compiled: Arc::default() }
    }

    /// Judges a plan, the JSON that `terraform show -json` prints. `today` decides which exceptions have expired.
    async fn judge(&self, plan: File, run: &RunFacts, today: Date, stop: &Stop) -> CheckReport {
        match self.evaluate(Purpose::Judge, Some(plan), run, stop).await {
            Ok(evaluation) => {
                let issues: usize =
                    evaluation.answers.iter().map(|it| it.violations.len() + it.more + it.more_unknown).sum();
                info!(
                    rules = evaluation.rules.len(),
                    issues,
                    "asked {} rules, which found {issues} things",
                    evaluation.rules.len()
                );
                report::report(&self.task, &self.settings, &evaluation, today)
            }
            Err(error) => report::unavailable(&error),
        }
    }

    /// The rules that would be asked.
    ///
    /// # Errors
    ///
    /// When they cannot be compiled.
    pub async fn rules(&self) -> Result<Vec<RuleEntry>, UnavailableError> {
        Ok(self.evaluate(Purpose::List, None, &RunFacts::default(), &Stop::never()).await?.rules)
    }

    /// The facts that the policies read of a run and that are not known of it, each with the first place.
    fn unknown_facts(&self, run: &RunFacts) -> Vec<FactRead> {
        let known = known(run);
        let is_known = |fact: &str| match fact {
            "" => known.as_object().is_some_and(|it| it.len() == RunFacts::NAMES.len()),
            fact => known.get(fact).is_some(),
        };
        // Of policies that cannot be compiled, more is wrong.
        let facts = self.compiled.get().map(|it| it.facts.iter()).into_iter().flatten();
        facts.filter(|it| !is_known(&it.fact)).cloned().collect()
    }

    /// What is odd about the policies, and about exceptions from them.
    fn warnings(&self, evaluation: &Evaluation) -> Vec<String> {
        let is_unasked = |it: &&Exception| !evaluation.rules.iter().any(|rule| rule.code == it.rule);
        let unasked = self.settings.exceptions.iter().filter(is_unasked);
        let unasked = unasked.map(|it| {
            let codes: Vec<&str> = evaluation.rules.iter().map(|rule| rule.code.as_str()).collect();
            format!(
                "the policies of task {}: no rule `{}` is asked, which an exception names (line {} of the tasks' file){}",
                self.task,
                printable(&it.rule),
                it.line,
                suggestion(&it.rule, &codes)
            )
        });
        evaluation.warnings.iter().cloned().chain(unasked).collect()
    }

    /// Runs the rules whose names begin with `test_`. To observe what happens in them takes several times as long.
    ///
    /// # Errors
    ///
    /// When they cannot be compiled.
    pub async fn test(&self, observe: bool) -> Result<TestResults, UnavailableError> {
        let request = Request { observe, ..self.request(Purpose::Test, &RunFacts::default()) };
        let evaluation = self.ask(request, None, &Stop::never()).await?;
        let result = |answer: Answer| {
            let rule = evaluation.rules.get(answer.index)?;
            Some(TestResult {
                name: format!("{}.{}", rule.package, rule.name),
                file: rule.file.clone(),
                line: rule.line,
                duration_ms: answer.duration_ms,
                printed: answer.printed,
                failure: answer.trouble,
            })
        };
        let tests = evaluation.answers.into_iter().filter_map(result).collect();
        Ok(TestResults { tests, warnings: evaluation.warnings, seen: evaluation.seen })
    }

    /// Answers a query, such as `data.main.deny`, about JSON: a plan, or anything else.
    ///
    /// # Errors
    ///
    /// When the policies or the query cannot be compiled, or the input cannot be read.
    pub async fn query(&self, query: &str, input: Option<File>) -> Result<Vec<Solution>, UnavailableError> {
        let query = Some(query.to_owned());
        let request = Request { query, ..self.request(Purpose::Query, &RunFacts::default()) };
        Ok(self.ask(request, input, &Stop::never()).await?.solutions)
    }

    /// Asks the rules with this code, if there are any, about one resource of a plan, or about all of it, and says what
    /// happened in them.
    ///
    /// # Errors
    ///
    /// When the policies cannot be compiled, or the plan cannot be read.
    pub async fn explain(
        &self,
        code: &str,
        plan: File,
        address: Option<&str>,
        run: &RunFacts,
    ) -> Result<Explanation, UnavailableError> {
        let rules = self.rules().await?.into_iter().filter(|it| it.code == code);
        let paths: Vec<String> = rules.map(|it| it.path).collect();
        if paths.is_empty() {
            return Ok(Explanation { rules: Vec::new(), seen: Vec::new() });
        }
        let request = Request {
            only: Some(paths),
            observe: true,
            address: address.map(str::to_owned),
            ..self.request(Purpose::Judge, run)
        };
        let evaluation = self.ask(request, Some(plan), &Stop::never()).await?;
        let words = |answer: Answer| {
            let rule = evaluation.rules.get(answer.index)?.clone();
            let of_violation = |it: Violation| match it.unknown {
                true => format!("not known until apply: {}", it.message),
                false => it.message,
            };
            let trouble = answer.trouble.map(|it| format!("could not be asked: {}", it.summary));
            Some((rule, answer.violations.into_iter().map(of_violation).chain(trouble).collect()))
        };
        let rules = evaluation.answers.into_iter().filter_map(words).collect();
        Ok(Explanation { rules, seen: evaluation.seen })
    }

    async fn evaluate(
        &self,
        purpose: Purpose,
        plan: Option<File>,
        run: &RunFacts,
        stop: &Stop,
    ) -> Result<Evaluation, UnavailableError> {
        self.ask(self.request(purpose, run), plan, stop).await
    }

    async fn ask(
        &self,
        mut request: Request,
        mut plan: Option<File>,
        stop: &Stop,
    ) -> Result<Evaluation, UnavailableError> {
        request.plan_bytes = plan.as_ref().and_then(|it| it.metadata().ok()).map_or(0, |it| it.len());
        // Others may have read it. What cannot be rewound, such as a pipe, is read from where it is.
        let _unseekable = plan.as_mut().map(File::rewind);
        session::run(request, &self.compiled, plan, stop).await
    }

    fn request(&self, purpose: Purpose, run: &RunFacts) -> Request {
        let testing = (purpose == Purpose::Test).then(builtin::testing);
        Request {
            files: self.bundle.files.iter().cloned().chain(testing).collect(),
            configs: self.bundle.configs.clone(),
            data: self.bundle.data.clone(),
            run: known(run),
            params: self.settings.params.clone(),
            namespaces: self.settings.namespaces.clone(),
            only: None,
            purpose,
            time_limit_ms: millis(self.settings.time_limit),
            plan_bytes: 0,
            observe: false,
            address: None,
            query: None,
            has_unknowns: self.settings.unknown != Unknown::Absent,
            memory: self.memory,
        }
    }
}

/// `data.run`. What is not known is left out: null is true to Rego where a rule asks `if data.run.speculative`.
fn known(run: &RunFacts) -> Value {
    let text = |it: &Option<String>| it.clone().map(Value::String);
    let facts = [
        text(&run.id),
        text(&run.organization),
        text(&run.project),
        text(&run.workspace),
        text(&run.stage),
        text(&run.created_by),
        text(&run.message),
        text(&run.branch),
        run.speculative.map(Value::Bool),
    ];
    let known =
        RunFacts::NAMES.into_iter().zip(facts).filter_map(|(name, fact)| Some((name.to_owned(), fact?)));
    Value::Object(known.collect::<Map<_, _>>())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

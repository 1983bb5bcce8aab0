//! Policies, from their text to the answer.

use crate::annotations::annotations;
use crate::at_once::at_once_after;
use crate::code::Place;
use crate::compile::{CompiledQuery, Program};
use crate::compile_error::CompileError;
use crate::error::ParseError;
use crate::evaluation_error::EvaluationError;
use crate::files::Files;
use crate::heap::{Frozen, Heap, HeapError, Value, View};
use crate::input_reader::InputReader;
use crate::limits::Limits;
use crate::machine::{self, Machine};
use crate::metadata::Annotated;
use crate::observation::{Observation, Observations};
use crate::parser::{parse_module, parse_query};
use crate::room::make_room;
use crate::syntax::{Expression, ExpressionKind, Module, Span, Term, TermKind, Version};
use crate::taint::Taints;
use crate::unknowns::Unknowns;
use memchr::memmem;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Policies that were read and not compiled yet.
#[derive(Debug, Default)]
pub struct Policies {
    modules: Vec<Module>,
    texts: Vec<String>,
    names: Vec<String>,
    threads: usize,
}

/// Compiled policies.
#[derive(Debug)]
pub struct Compiled {
    program: Program,
    names: Vec<String>,
}

/// A question to compiled policies.
#[derive(Debug)]
pub struct Query(CompiledQuery);

/// Why a query is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// It is not Rego.
    #[error("the query is not Rego")]
    Parse(Vec<ParseError>),
    /// It asks for what there is not.
    #[error("the query cannot be compiled")]
    Compile(Vec<CompileError>),
}

/// What policies are asked about: an input, and the base document `data`.
#[derive(Debug, Clone)]
pub struct Documents {
    values: Frozen,
    input: Option<Value>,
    data: Value,
    unknowns: u32,
    reader: Option<InputReader>,
    files: Arc<Files>,
}

/// Policies that are asked about documents, one query after the other.
#[derive(Debug)]
pub struct Session<'c> {
    machine: Machine<'c>,
}

/// The solutions of a query.
#[derive(Debug)]
pub struct Answer<'s> {
    heap: &'s Heap,
    names: &'s [String],
    solutions: Vec<machine::Solution>,
    unknowns: &'s Unknowns,
    taints: &'s Taints,
}

/// What ended an evaluation, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct AskError {
    /// What ended it.
    pub error: EvaluationError,
    /// The place that was being evaluated, where one was.
    pub place: Option<Place>,
}

impl Policies {
    /// No policies.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads and compiles on so many threads, and not on the caller's alone.
    #[must_use]
    pub fn on_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Reads a file; `name` is its name in messages. Without a version it is v1 unless it is only v0.
    ///
    /// # Errors
    ///
    /// What is wrong with its text.
    pub fn add(&mut self, name: &str, text: &str, version: Option<Version>) -> Result<(), Vec<ParseError>> {
        self.push(name, text, parse_module(text, version)?);
        Ok(())
    }

    /// Reads files, each a name and a text, as [`add`](Self::add) does without a version. The answer has what is wrong with
    /// each, in their order.
    pub fn add_all(&mut self, files: &[(&str, &str)]) -> Vec<Result<(), Vec<ParseError>>> {
        // The longest first, so that no thread reads one when the others are done.
        let mut by_length: Vec<_> = files.iter().enumerate().collect();
        by_length.sort_by_key(|(_, (_, text))| Reverse(text.len()));
        let read = |(index, (_, text)): (usize, &(&str, &str))| (index, parse_module(text, None));
        let bytes = files.iter().map(|(_, text)| text.len()).sum();
        let mut modules = at_once_after(self.threads, || make_room(bytes), by_length, read);
        modules.sort_by_key(|(index, _)| *index);
        let modules = files.iter().zip(modules);
        modules.map(|((name, text), (_, module))| module.map(|it| self.push(name, text, it))).collect()
    }

    fn push(&mut self, name: &str, text: &str, module: Module) {
        self.modules.push(module);
        self.texts.push(text.to_owned());
        self.names.push(name.to_owned());
    }

    /// The files that were added: the name and the syntax of each.
    pub fn modules(&self) -> impl Iterator<Item = (&str, &Module)> {
        self.names.iter().map(String::as_str).zip(&self.modules)
    }

    /// Compiles them all.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    pub fn compile(&self) -> Result<Compiled, Vec<CompileError>> {
        self.compiled(false)
    }

    /// Compiles policies that were compiled before, and does not hold their types against each other again: that takes a
    /// third of the time.
    ///
    /// # Errors
    ///
    /// Everything else that is wrong with them.
    pub fn compile_again(&self) -> Result<Compiled, Vec<CompileError>> {
        self.compiled(true)
    }

    fn compiled(&self, are_checked: bool) -> Result<Compiled, Vec<CompileError>> {
        // Comments are read where somebody asks for them.
        let are_asked = self.texts.iter().any(|it| memmem::find(it.as_bytes(), b"rego.metadata").is_some());
        let annotated = |(module, text)| {
            let mut heap = Heap::new(METADATA_BYTES);
            let annotations = match are_asked {
                true => annotations(&mut heap, text, module).unwrap_or_default(),
                false => Vec::new(),
            };
            Annotated { module, heap, annotations }
        };
        let files: Vec<Annotated<'_>> =
            self.modules.iter().zip(self.texts.iter().map(String::as_str)).map(annotated).collect();
        Ok(Compiled {
            program: Program::compile(&files, are_checked, self.threads)?,
            names: self.names.clone(),
        })
    }
}

impl Compiled {
    /// The name of a file, by its number in errors.
    #[must_use]
    pub fn file(&self, number: usize) -> Option<&str> {
        self.names.get(number).map(String::as_str)
    }

    /// Every place that an evaluation can come to, in order: what [`Session::take_observations`] tells of.
    #[must_use]
    pub fn places(&self) -> BTreeSet<Place> {
        let nodes = self.program.tree.ids().filter_map(|it| self.program.tree.node(it));
        nodes.flat_map(|it| it.code.places.iter().copied()).collect()
    }

    /// Makes a query ready. One that is a term alone, such as `data.main.deny`, gives its value as [`Answer::value`].
    ///
    /// # Errors
    ///
    /// Why it is refused.
    pub fn prepare(&mut self, query: &str) -> Result<Query, QueryError> {
        let mut body = parse_query(query).map_err(QueryError::Parse)?;
        if let [Expression { kind: ExpressionKind::Term(term), negated: false, .. }] = body.as_mut_slice() {
            let result = Term { span: Span::default(), kind: TermKind::Variable(RESULT.to_owned()) };
            let term = term.clone();
            if let Some(expression) = body.first_mut() {
                expression.kind = ExpressionKind::Unify(result, term);
            }
        }
        self.program.query(&body).map(Query).map_err(QueryError::Compile)
    }

    /// Begins to ask about documents.
    ///
    /// # Errors
    ///
    /// When the limits leave no room for the constants of the policies.
    pub fn session(&self, documents: &Documents, limits: &Limits) -> Result<Session<'_>, EvaluationError> {
        let mut taints = Taints::of_input(documents.unknowns);
        let unknowns = Unknowns::of_input(documents.unknowns, &mut taints);
        let machine = Machine::new(
            &self.program,
            Heap::on(&documents.values, limits.bytes),
            unknowns,
            taints,
            documents.input,
            documents.data,
            limits.clone(),
        );
        let mut machine = machine?;
        machine.reader = documents.reader;
        machine.files = Arc::clone(&documents.files);
        machine.names = &self.names;
        Ok(Session { machine })
    }
}

impl<'c> Session<'c> {
    /// Answers a query that was prepared before the session began. What rules turn out to be is kept for the next one.
    ///
    /// # Errors
    ///
    /// What ended the evaluation. The next query begins anew.
    pub fn ask<'s>(&'s mut self, query: &'c Query) -> Result<Answer<'s>, AskError> {
        match self.machine.run(&query.0) {
            Ok(solutions) => Ok(Answer {
                heap: &self.machine.heap,
                unknowns: &self.machine.unknowns,
                taints: &self.machine.taints,
                names: &query.0.names,
                solutions,
            }),
            Err(failed) => Err(AskError { error: failed.error, place: Some(failed.place) }),
        }
    }

    /// Where values are.
    #[must_use]
    pub fn heap(&self) -> &Heap {
        &self.machine.heap
    }

    /// What policies have printed since this was asked last, line by line, and where.
    pub fn take_printed(&mut self) -> Vec<(Place, String)> {
        std::mem::take(&mut self.machine.printed)
    }

    /// What happened at each place since this was asked last, where [`Limits::observe`] asks for it.
    pub fn take_observations(&mut self) -> BTreeMap<Place, Observation> {
        self.machine.observations.as_mut().map(Observations::take).unwrap_or_default()
    }
}

impl Documents {
    /// Keeps the values of a heap: `input`, where there is one, and `data`, an object.
    ///
    /// # Errors
    ///
    /// When the heap stands on another one.
    pub fn new(heap: Heap, input: Option<Value>, data: Value) -> Result<Self, HeapError> {
        let files = Arc::default();
        Ok(Self { values: heap.freeze()?, input, data, unknowns: 0, reader: None, files })
    }

    /// A heap in which their values are values, and that holds no others.
    #[must_use]
    pub fn heap(&self) -> Heap {
        Heap::on(&self.values, 0)
    }

    /// The input.
    #[must_use]
    pub fn input(&self) -> Option<Value> {
        self.input
    }

    /// Says that `count` values in them are not known yet: those that [`Value::unknown`] made with the numbers below it.
    #[must_use]
    pub fn with_unknowns(self, count: u32) -> Self {
        Self { unknowns: count, ..self }
    }

    /// The same values with another input.
    #[must_use]
    pub fn with_input(self, input: Value) -> Self {
        Self { input: Some(input), ..self }
    }

    /// Gives policies files to read.
    #[must_use]
    pub fn with_files(self, files: Files) -> Self {
        Self { files: Arc::new(files), ..self }
    }

    /// Reads what `with input as` puts in the place of the input.
    #[must_use]
    pub fn with_reader(self, reader: InputReader) -> Self {
        Self { reader: Some(reader), ..self }
    }
}

impl<'s> Answer<'s> {
    /// Where the values of the answer are.
    #[must_use]
    pub fn heap(&self) -> &'s Heap {
        self.heap
    }

    /// The value of a query that is a term alone, of its first solution; `None` where it is undefined.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        self.solutions().next().and_then(|it| it.value())
    }

    /// Whether a value is an array, a set or an object, be it that some of its items may not be there.
    #[must_use]
    pub fn is_collection(&self, value: Value) -> bool {
        match self.heap.view(value) {
            View::Array(_) | View::Set(_) | View::Object(_) => true,
            View::Unknown(id) => self.unknowns.items(id).is_some(),
            _ => false,
        }
    }

    /// Of a text that is not known, what it is with `(known after apply)` for what is not known in it: for people.
    #[must_use]
    pub fn words(&self, value: Value) -> Option<&'s str> {
        let View::Unknown(id) = self.heap.view(value) else { return None };
        match self.heap.view(self.unknowns.words(id)?) {
            View::String(it) => Some(it),
            _ => None,
        }
    }

    /// The solutions, in the order in which they were found.
    pub fn solutions(&self) -> impl Iterator<Item = Solution<'_>> {
        self.solutions.iter().map(|it| Solution {
            names: self.names,
            values: &it.values,
            hangs_on: self.taints.members(it.taint),
        })
    }

    /// The items of a collection, each with the unknowns on which it hangs: whether it is there, or what it is. Where there are
    /// none, it is proved. Of a value that is not known at all there is one item, which is not known.
    #[must_use]
    pub fn items(&self, collection: Value) -> Vec<Item<'_>> {
        let proved = |value: &Value| Item { value: *value, hangs_on: &[] };
        match self.heap.view(collection) {
            View::Array(items) | View::Set(items) => items.iter().map(proved).collect(),
            View::Object(pairs) => pairs.iter().map(|it| proved(&it[1])).collect(),
            View::Unknown(id) => match self.unknowns.items(id) {
                Some(items) => items
                    .iter()
                    .map(|it| Item { value: it.value, hangs_on: self.taints.members(it.taint) })
                    .collect(),
                None => {
                    vec![Item { value: collection, hangs_on: self.taints.members(self.unknowns.taint(id)) }]
                }
            },
            _ => Vec::new(),
        }
    }
}

/// One way in which a query holds.
#[derive(Debug, Clone, Copy)]
pub struct Solution<'a> {
    names: &'a [String],
    values: &'a [Value],
    /// The unknowns on which it hangs, by their numbers; none where it is proved.
    pub hangs_on: &'a [u32],
}

/// An item of a collection.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// The item.
    pub value: Value,
    /// The unknowns on which it hangs, by their numbers; none where it is proved.
    pub hangs_on: &'a [u32],
}

impl<'a> Solution<'a> {
    /// The value of a query that is a term alone.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        self.get(RESULT)
    }

    /// The value of a variable of the query.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        let at = self.names.iter().position(|it| it == name)?;
        self.values.get(at).copied()
    }

    /// The variables of the query and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Value)> {
        self.names.iter().map(String::as_str).zip(self.values.iter().copied())
    }
}

/// Bytes of what the comments of one file say.
const METADATA_BYTES: usize = 1 << 22;

/// No name that a policy can write.
const RESULT: &str = "$result";

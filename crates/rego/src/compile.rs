//! Makes a program of parsed modules.

use crate::at_once::at_once;
use crate::builtins::builtin;
use crate::check_types::check;
use crate::code::{Code, Instruction, NodeId, Operand, Position, Register};
use crate::compile_error::{CompileError, ErrorCode};
use crate::constants::Constants;
use crate::emit::Emitter;
use crate::metadata::{Annotated, Metadata};
use crate::recursion::Needs;
use crate::resolve::{Names, Paths, Resolver};
use crate::resolved::{Definition, Term};
use crate::rules::{Rule, RuleKind, Tree};
use crate::syntax::{self, Body, HeadValue, Module, TermKind, Version};
use foldhash::{HashMap, HashSet};
use std::sync::atomic::AtomicU32;

/// Compiled policies.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) tree: Tree,
    pub(crate) constants: Constants,
    /// How many comprehensions are kept.
    kept: u32,
}

/// A compiled query.
#[derive(Debug)]
pub(crate) struct CompiledQuery {
    pub(crate) code: Code,
    /// The names of what a solution consists of.
    pub(crate) names: Vec<String>,
}

/// What a head's name says: the path below `data`, and the operands after it that are not names.
fn split_name<'m>(package: &'m [String], rule: &'m syntax::Rule) -> (Vec<&'m str>, &'m [syntax::Term]) {
    let mut path = Vec::with_capacity(package.len() + rule.head.name.len());
    path.extend(package.iter().map(String::as_str));
    let mut taken = 0;
    for term in &rule.head.name {
        match &term.kind {
            TermKind::Variable(name) if taken == 0 => path.push(name),
            TermKind::String(name) if taken > 0 => path.push(name),
            _ => break,
        }
        taken += 1;
    }
    (path, rule.head.name.get(taken..).unwrap_or_default())
}

impl Program {
    /// Compiles modules, in the order of their numbers, on so many threads. With `are_checked`, their types were held against
    /// each other before.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    pub(crate) fn compile(
        files: &[Annotated<'_>],
        are_checked: bool,
        threads: usize,
    ) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let constants = Constants::default();
        let mut tree = Tree::default();
        let mut functions = HashMap::default();
        let mut rules: HashMap<&[String], Paths<'_>> = HashMap::default();
        for module in files.iter().map(|it| it.module) {
            let names = rules.entry(module.package.as_slice()).or_default();
            for rule in &module.rules {
                if let Some(name) = rule.head.name.first().and_then(syntax::Term::name) {
                    names.entry(name).or_insert_with(|| below_data(&module.package, name));
                }
                if let Some(parameters) = &rule.head.parameters {
                    let (path, _) = split_name(&module.package, rule);
                    functions.insert(path, parameters.len());
                }
            }
        }
        let arity = |path: &[&str]| functions.get(path).copied();
        let nothing = HashMap::default();
        let globals: Vec<_> = files.iter().map(|it| globals(Some(it.module))).collect();
        let names = files.iter().zip(&globals).enumerate().map(|(file, (annotated, globals))| Names {
            file,
            version: annotated.module.version,
            package: &annotated.module.package,
            rules: rules.get(annotated.module.package.as_slice()).unwrap_or(&nothing),
            globals,
            arity: &arity,
        });
        let names: Vec<Names<'_>> = names.collect();
        let of_files = names.iter().zip(files);
        let of_rules =
            of_files.flat_map(|(names, file)| (0..).zip(&file.module.rules).map(move |it| (names, file, it)));
        let mut resolved = at_once(threads, of_rules.collect(), |(names, file, (index, rule))| {
            let (path, keys) = split_name(names.package, rule);
            let metadata = || Metadata::of(files, file, index, &path, &constants);
            let mut errors = Vec::new();
            let resolver = Resolver::new(names, Some(&metadata), &constants, &mut errors);
            let definition = resolver.definition(rule, keys);
            Resolved { path, keys, definition, errors }
        })
        .into_iter();
        for (names, module) in names.iter().zip(files.iter().map(|it| it.module)) {
            check_imports(names.file, module, &mut errors);
            let package: Vec<&str> = module.package.iter().take(MAX_PATH).map(String::as_str).collect();
            tree.make(&package);
            for (rule, resolved) in module.rules.iter().zip(&mut resolved) {
                add(&mut tree, names, rule, resolved, &mut errors);
            }
        }
        // What cannot be resolved would only be complained about once more.
        if !errors.is_empty() {
            return Err(errors);
        }
        let kept = AtomicU32::new(0);
        let has_rule = |id: &NodeId| tree.node(*id).is_some_and(|it| it.rule.is_some());
        let of_nodes = tree.ids().filter(has_rule).collect();
        for (id, code, of_node) in at_once(threads, of_nodes, |id| emit(&tree, id, &constants, &kept)) {
            for error in of_node {
                error.add_to(&mut errors);
            }
            if let Some(node) = tree.node_mut(id) {
                node.code = code;
            }
        }
        let needs = Needs::of(&tree);
        for id in needs.circles {
            let Some(node) = tree.node(id) else { continue };
            let place = node.rule.as_ref().and_then(|it| it.definitions.first());
            let error = CompileError {
                code: ErrorCode::Recursion,
                message: format!("data.{} needs itself", node.path.join(".")),
                file: place.map_or(0, |(it, _)| it.file),
                span: place.map(|(it, _)| it.span).unwrap_or_default(),
            };
            error.add_to(&mut errors);
        }
        if errors.is_empty() && !are_checked {
            check(&tree, &needs.sequence, &constants, &mut errors);
        }
        let kept = kept.into_inner();
        if errors.is_empty() { Ok(Self { tree, constants, kept }) } else { Err(errors) }
    }

    /// Compiles a query. It can name nothing but `input` and `data`.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn query(&mut self, body: &Body) -> Result<CompiledQuery, Vec<CompileError>> {
        let mut errors = Vec::new();
        let (rules, globals) = (HashMap::default(), globals(None));
        let arity = |path: &[&str]| self.tree.arity(self.tree.find(path)?);
        let names = Names {
            file: 0,
            version: Version::V1,
            package: &[],
            rules: &rules,
            globals: &globals,
            arity: &arity,
        };
        let resolver = Resolver::new(&names, None, &self.constants, &mut errors);
        let (steps, variables, named) = resolver.query(body);
        let kept = AtomicU32::new(self.kept);
        let mut emitter = Emitter::new(&self.tree, &self.constants, &mut errors, &kept, Code::default());
        emitter.begin(0, &variables, 0);
        emitter.body(&steps);
        let values = named.iter().map(|(_, it)| Operand::Register(emitter.register(*it))).collect();
        emitter.push(Instruction::Solution { values });
        let code = emitter.finish();
        if errors.is_empty() {
            Ok(CompiledQuery { code, names: named.into_iter().map(|(name, _)| name).collect() })
        } else {
            Err(errors)
        }
    }
}

/// The path of a rule, from `data` on.
fn below_data<'m>(package: &'m [String], name: &'m str) -> Vec<&'m str> {
    ["data"].into_iter().chain(package.iter().map(String::as_str)).chain([name]).collect()
}

/// What names stand for in all of a module, or of a query, which imports nothing.
fn globals(module: Option<&Module>) -> Paths<'_> {
    let imports = module.into_iter().flat_map(|it| &it.imports);
    let named = imports.filter_map(|it| {
        let path: Vec<&str> = it.path.iter().map(String::as_str).collect();
        let name = it.alias.as_deref().or(path.last().copied())?;
        matches!(path.first(), Some(&("data" | "input"))).then_some((name, path))
    });
    named.chain(["data", "input"].map(|it| (it, vec![it]))).collect()
}

/// Says which imports have the name of an earlier one.
fn check_imports(file: usize, module: &Module, errors: &mut Vec<CompileError>) {
    if module.version == Version::V0 {
        return;
    }
    let mut names = HashSet::default();
    for import in &module.imports {
        let name = import.alias.as_ref().or(import.path.last());
        if let Some(name) = name.filter(|it| !names.insert(*it)) {
            let message = format!("another import above has the name {name}");
            let error = CompileError { code: ErrorCode::Compile, message, file, span: import.span };
            error.add_to(errors);
        }
    }
}

/// A rule, resolved.
struct Resolved<'m> {
    /// Its path below `data`.
    path: Vec<&'m str>,
    /// The operands of its head that are not names.
    keys: &'m [syntax::Term],
    definition: Definition,
    errors: Vec<CompileError>,
}

fn add(
    tree: &mut Tree,
    names: &Names<'_>,
    rule: &syntax::Rule,
    resolved: Resolved<'_>,
    errors: &mut Vec<CompileError>,
) {
    let Resolved { path, keys, definition, errors: of_definition } = resolved;
    let contains = matches!(rule.head.value, HeadValue::Contains(_));
    let kind = match (&rule.head.parameters, keys, contains) {
        (Some(parameters), _, _) => RuleKind::Function(parameters.len()),
        (None, [], false) => RuleKind::Complete,
        (None, [], true) => RuleKind::Set,
        (None, ..) => RuleKind::Object,
    };
    let error = |code, message| CompileError { code, message, file: names.file, span: rule.head.span };
    if let Some(name @ ("input" | "data")) = path.get(names.package.len()).copied() {
        error(ErrorCode::Compile, format!("a rule cannot have the name {name}")).add_to(errors);
    }
    let is_bare =
        rule.body.is_empty() && matches!(rule.head.value, HeadValue::True) && rule.head.parameters.is_some();
    if is_bare {
        let name = path.get(names.package.len()..).unwrap_or_default().join(".");
        if name == "print" || builtin(&name).is_some() {
            error(ErrorCode::Compile, format!("this would define {name}, which is a built-in function"))
                .add_to(errors);
        }
    }
    for error in of_definition {
        error.add_to(errors);
    }
    if path.len() > MAX_PATH {
        error(ErrorCode::Compile, format!("a rule's path has at most {MAX_PATH} names")).add_to(errors);
        return;
    }
    let id = tree.make(&path);
    let name = || format!("data.{}", path.join("."));
    let Some(node) = tree.node_mut(id) else { return };
    let known = node.rule.get_or_insert_with(|| Rule {
        kind,
        definitions: Vec::new(),
        default: None,
        computed_default: None,
    });
    if known.kind != kind {
        error(ErrorCode::Type, format!("{} is defined as two kinds of rule", name())).add_to(errors);
        return;
    }
    if rule.is_default {
        if known.default.is_some() || known.computed_default.is_some() {
            error(ErrorCode::Type, format!("{} has two defaults", name())).add_to(errors);
        }
        let value = rule.head.value.term().map(|it| &it.kind);
        let is_comprehension = matches!(
            value,
            Some(
                TermKind::ArrayComprehension(..)
                    | TermKind::SetComprehension(..)
                    | TermKind::ObjectComprehension(..)
            )
        );
        match definition.branches.first().map(|it| (&it.value, it.body.as_slice())) {
            Some((Term::Constant(id), [])) => known.default = Some(*id),
            _ if is_comprehension => known.computed_default = Some(definition),
            _ => {
                error(ErrorCode::Compile, format!("the default of {} is no constant", name())).add_to(errors)
            }
        }
        return;
    }
    known.definitions.push((definition, contains));
}

/// The code of a node: of its rule, its children, and what is underneath in the base document; and what is wrong with it.
fn emit(
    tree: &Tree,
    id: NodeId,
    constants: &Constants,
    kept: &AtomicU32,
) -> (NodeId, Code, Vec<CompileError>) {
    let mut errors = Vec::new();
    let mut code = Code::with_room();
    let Some(rule) = tree.node(id).and_then(|it| it.rule.as_ref()) else { return (id, code, errors) };
    let arity = match rule.kind {
        RuleKind::Function(arity) => u32::try_from(arity).unwrap_or(u32::MAX),
        _ => 0,
    };
    // The first register after the parameters marks whether a definition gave anything.
    code.registers = arity + 1;
    let is_single =
        rule.kind == RuleKind::Complete || arity > 0 || matches!(rule.kind, RuleKind::Function(_));
    let values: HashSet<_> = rule.definitions.iter().map(|(it, _)| constant_value(it)).collect();
    let same = values.len() == 1 && !values.contains(&None);
    let mut emitter = Emitter::new(tree, constants, &mut errors, kept, code);
    let given = Register(arity);
    let otherwise = rule
        .computed_default
        .as_ref()
        .map(|it| (emitter.push(Instruction::Unless { otherwise: Position(0), mark: given }), it));
    for (definition, contains) in &rule.definitions {
        let next = emitter.push(Instruction::Try { otherwise: Position(0) });
        emitter.begin(definition.file, &definition.names, arity + 1);
        emitter.stand_at(definition.head);
        for (index, parameter) in definition.parameters.iter().enumerate() {
            let operand = Operand::Register(Register(u32::try_from(index).unwrap_or(u32::MAX)));
            emitter.unify_value(parameter, operand);
        }
        let bound = emitter.bound().mark();
        for (index, branch) in definition.branches.iter().enumerate() {
            let is_last = index + 1 == definition.branches.len();
            emitter.bound().restore(bound);
            let unless = (!is_last).then(|| {
                let mark = emitter.fresh();
                (emitter.push(Instruction::Unless { otherwise: Position(0), mark }), mark)
            });
            emitter.body(&branch.body);
            emitter.stand_at(branch.span);
            let terms: Vec<_> = branch.keys.iter().chain([&branch.value]).collect();
            emitter.check_bound(&terms, definition.span);
            if let Some((_, mark)) = unless {
                emitter.push(Instruction::Taken { mark });
            }
            let value = emitter.value(&branch.value);
            if otherwise.is_some() {
                emitter.push(Instruction::Taken { mark: given });
            }
            if is_single {
                let enough = same && matches!(branch.value, Term::Constant(_));
                emitter.push(Instruction::Yield { value, enough });
            } else {
                let keys = branch.keys.iter().map(|it| emitter.value(it)).collect();
                emitter.push(Instruction::YieldAt { keys, value, contains: *contains });
            }
            if let Some((at, _)) = unless {
                emitter.land(at);
            }
        }
        emitter.land(next);
    }
    emitter.push(Instruction::Fail);
    if let Some((at, default)) = otherwise {
        emitter.land(at);
        emitter.begin(default.file, &default.names, arity + 1);
        for branch in &default.branches {
            emitter.body(&branch.body);
            let value = emitter.value(&branch.value);
            emitter.push(Instruction::Yield { value, enough: false });
        }
    }
    let code = emitter.finish();
    (id, code, errors)
}

/// How many names a path below `data` can have.
const MAX_PATH: usize = 100;

/// The value of a definition, where it is the same in all of its branches.
fn constant_value(definition: &Definition) -> Option<crate::resolved::ConstantId> {
    let mut values = definition.branches.iter().map(|it| match it.value {
        Term::Constant(id) => Some(id),
        _ => None,
    });
    let first = values.next().flatten()?;
    values.all(|it| it == Some(first)).then_some(first)
}

//! JSON texts, and parts of values by their paths.

use super::call::{Builtin, Context, Failure, error, name, take, wrong_type};
use crate::heap::{Heap, MAX_DEPTH, Value, View};
use crate::json::{JsonError, parse};
use crate::json_text::{self, Layout, WriteError};
use crate::types::{ARRAY, OBJECT, Type};
use crate::writer::Writer;

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("json.filter", &[OBJECT, PATHS], OBJECT, filter),
    Builtin::new("json.is_valid", &[Type::String], Type::Boolean, is_valid),
    Builtin::new("json.marshal", &[Type::Any], Type::String, marshal),
    Builtin::new("json.marshal_with_options", &[Type::Any, OPTIONS], Type::String, marshal_with_options),
    Builtin::new("json.remove", &[OBJECT, PATHS], OBJECT, remove),
    Builtin::new("json.unmarshal", &[Type::String], Type::Any, unmarshal),
];

const PATH: Type = Type::OneOf(&[Type::String, ARRAY]);
const PATHS: Type = Type::OneOf(&[Type::Array(&PATH), Type::Set(&PATH)]);
const OPTIONS: Type = Type::Record(
    &[("pretty", Type::Boolean), ("indent", Type::String), ("prefix", Type::String)],
    Some((&Type::String, &Type::Any)),
);

fn marshal(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [value] = take(operands)?;
    marshalled(context, value, None)
}

fn marshalled(context: &mut Context<'_>, value: Value, layout: Option<Layout<'_>>) -> Result<Value, Failure> {
    let mut out = Writer::new(context.heap);
    // The prefix stands before the first line too.
    out.push_str(layout.map_or("", |it| it.prefix))?;
    json_text::write(context.heap, value, layout, &mut out).map_err(|it| match it {
        WriteError::Number => error("a number is written as JSON does not have it"),
        WriteError::Heap(it) => it.into(),
    })?;
    context.written(&out)
}

/// With an indent or a prefix on several lines, unless `pretty` says otherwise.
fn marshal_with_options(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [value, options] = take(operands)?;
    let (mut prefix, mut indent) = (String::new(), "\t".to_owned());
    let (mut asked, mut implied) = (None, false);
    for [key, option] in context.object(options, 2)? {
        let text = || context.text(*option, 2).map(str::to_owned);
        match context.text(*key, 2)? {
            "prefix" => (prefix, implied) = (text()?, true),
            "indent" => (indent, implied) = (text()?, true),
            "pretty" => match context.heap.view(*option) {
                View::Bool(it) => asked = Some(it),
                _ => return Err(error("operand 2 must have a boolean for pretty")),
            },
            _ => return Err(error("operand 2 object contained unknown key")),
        }
    }
    let layout = Layout { prefix: &prefix, indent: &indent };
    marshalled(context, value, asked.unwrap_or(implied).then_some(layout))
}

fn is_valid(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    let mark = context.heap.mark();
    let valid = match unmarshal(context, &[text]) {
        Ok(_) => true,
        Err(Failure::Error(_)) => false,
        Err(other) => return Err(other),
    };
    context.heap.release(mark);
    Ok(Value::bool(valid))
}

fn unmarshal(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [text] = take(operands)?;
    context.spend_for(&[text; 8])?;
    let text = context.text(text, 1)?.to_owned();
    parse(context.heap, text.as_bytes()).map_err(|it| match it {
        JsonError::Heap(it) => it.into(),
        it => error(it.to_string()),
    })
}

/// Paths, put together.
enum Tree {
    /// A path ends here, and everything below is meant.
    All,
    /// What follows each key.
    Keys(Vec<(Value, Tree)>),
}

impl Tree {
    fn add(&mut self, heap: &Heap, path: &[Value]) {
        let Self::Keys(keys) = self else { return };
        let [key, rest @ ..] = path else {
            *self = Self::All;
            return;
        };
        let index = match keys.binary_search_by(|(it, _)| heap.compare(*it, *key)) {
            Ok(index) => index,
            Err(index) => {
                keys.insert(index, (*key, Self::Keys(Vec::new())));
                index
            }
        };
        if let Some((_, below)) = keys.get_mut(index) {
            below.add(heap, rest);
        }
    }

    fn get(&self, heap: &Heap, key: Value) -> Option<&Self> {
        let Self::Keys(keys) = self else { return None };
        let index = keys.binary_search_by(|(it, _)| heap.compare(*it, key)).ok()?;
        keys.get(index).map(|(_, below)| below)
    }
}

fn tree(context: &mut Context<'_>, paths: Value) -> Result<Tree, Failure> {
    context.spend_for(&[paths; 4])?;
    let mut tree = Tree::Keys(Vec::new());
    for it in context.items(paths, 2)?.to_vec() {
        let mut path = path(context, it)?;
        // Nothing is deeper than that, and a path without keys means nothing.
        path.truncate(MAX_DEPTH + 1);
        if !path.is_empty() {
            tree.add(context.heap, &path);
        }
    }
    Ok(tree)
}

/// The keys of a path: an array of them, or a text with slashes.
pub(crate) fn path(context: &mut Context<'_>, path: Value) -> Result<Vec<Value>, Failure> {
    context.spend_for(&[path])?;
    let parts: Vec<String> = match context.heap.view(path) {
        View::Array(items) => return Ok(items.to_vec()),
        View::String("") => return Ok(Vec::new()),
        View::String(text) => {
            let parts = text.trim_start_matches('/').split('/');
            parts.map(|it| it.replace("~1", "/").replace("~0", "~")).collect()
        }
        other => {
            return Err(error(format!(
                "operand 2 must be one of {{set, array}} containing string paths or array of path segments but got {}",
                name(other)
            )));
        }
    };
    context.spend(parts.len() as u64)?;
    parts.iter().map(|it| Ok(context.heap.string(it)?)).collect()
}

fn filter(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [object, paths] = take(operands)?;
    selected(context, object, paths, true)
}

fn remove(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [object, paths] = take(operands)?;
    selected(context, object, paths, false)
}

fn selected(context: &mut Context<'_>, object: Value, paths: Value, kept: bool) -> Result<Value, Failure> {
    if !matches!(context.heap.view(object), View::Object(_)) {
        return Err(wrong_type(1, "object", context.heap.view(object)));
    }
    let tree = tree(context, paths)?;
    Ok(select(context, object, &tree, kept)?.unwrap_or(object))
}

/// What is left of a value when only what is at the paths is kept, or just that is not; `None` where it goes as a whole.
fn select(
    context: &mut Context<'_>,
    value: Value,
    tree: &Tree,
    kept: bool,
) -> Result<Option<Value>, Failure> {
    if matches!(tree, Tree::All) {
        return Ok(kept.then_some(value));
    }
    context.spend_for(&[value, value])?;
    let child = |context: &mut Context<'_>, key: Value, child: Value| match tree.get(context.heap, key) {
        Some(below) => select(context, child, below, kept),
        None => Ok((!kept).then_some(child)),
    };
    let left = match context.heap.view(value) {
        View::Object(pairs) => {
            let mut left = Vec::new();
            let pairs = pairs.to_vec();
            for [key, value] in pairs {
                left.extend(child(context, key, value)?.map(|it| [key, it]));
            }
            context.heap.object(left)?
        }
        View::Set(items) => {
            let mut left = Vec::new();
            let items = items.to_vec();
            for item in items {
                left.extend(child(context, item, item)?);
            }
            context.heap.set(left)?
        }
        View::Array(items) => {
            let mut left = Vec::new();
            let items = items.to_vec();
            for (index, item) in items.into_iter().enumerate() {
                // Paths name items by texts.
                let key = context.heap.string(&index.to_string())?;
                left.extend(child(context, key, item)?);
            }
            context.heap.array(&left)?
        }
        _ => value,
    };
    Ok(Some(left))
}

//! `strings.render_template`: of Go's templates what inserts, repeats and chooses; functions and pipes are refused.

use super::call::{Builtin, Context, Failure, error, take};
use crate::heap::{Value, View};
use crate::number::Number;
use crate::types::{NAMED, Type};
use crate::writer::Writer;

pub(crate) static ALL: &[Builtin] =
    &[Builtin::new("strings.render_template", &[Type::String, NAMED], Type::String, render_template)];

/// Blocks deeper in each other than this are refused.
const MAX_NESTING: usize = 32;

fn render_template(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [template, variables] = take(operands)?;
    context.spend_for(&[template; 8])?;
    context.object(variables, 2)?;
    let template = context.text(template, 1)?.to_owned();
    let mut actions = actions(&template)?.into_iter();
    let nodes = match block(&mut actions, 0)? {
        (nodes, None) => nodes,
        _ => return Err(error("unexpected end or else in template")),
    };
    let mut out = Writer::new(context.heap);
    let root = Item::Value(variables);
    Renderer { context, root }.all(&nodes, root, &mut Vec::new(), &mut out)?;
    context.written(&out)
}

/// What a template is made of, before blocks are put together.
enum Action<'t> {
    Text(&'t str),
    Code(&'t str),
}

fn actions(template: &str) -> Result<Vec<Action<'_>>, Failure> {
    let mut actions = Vec::new();
    let mut rest = template;
    let mut trim = false;
    loop {
        let (text, after) = match rest.split_once("{{") {
            Some((text, after)) => (text, Some(after)),
            None => (rest, None),
        };
        let text = if trim { text.trim_start() } else { text };
        let Some(after) = after else {
            actions.push(Action::Text(text));
            return Ok(actions);
        };
        let (trims_before, after) = match after.strip_prefix("- ") {
            Some(after) => (true, after),
            None => (false, after),
        };
        actions.push(Action::Text(if trims_before { text.trim_end() } else { text }));
        let (code, next) = after.split_once("}}").ok_or_else(|| error("unclosed action in template"))?;
        let (code, trims_after) = match code.strip_suffix(" -") {
            Some(code) => (code, true),
            None => (code, false),
        };
        trim = trims_after;
        rest = next;
        let code = code.trim();
        if !(code.starts_with("/*") && code.ends_with("*/")) {
            actions.push(Action::Code(code));
        }
    }
}

enum Node {
    Text(String),
    Print(Operand),
    Set(String, Operand),
    /// `if` and `with`: whether the value becomes the dot.
    Choose {
        of: Operand,
        name: Option<String>,
        dot: bool,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
    Range {
        of: Operand,
        names: Vec<String>,
        then: Vec<Node>,
        otherwise: Vec<Node>,
    },
}

/// Where a value is.
enum Operand {
    /// From the dot, or from a variable: its fields.
    Path(Option<String>, Vec<String>),
    Literal(String),
    Bool(bool),
}

/// Reads up to the `end` or `else` of a block: what stands after the `else`, if it is one.
fn block<'t>(
    actions: &mut std::vec::IntoIter<Action<'t>>,
    depth: usize,
) -> Result<(Vec<Node>, Option<Option<&'t str>>), Failure> {
    if depth > MAX_NESTING {
        return Err(error("blocks of a template nest too deeply"));
    }
    let mut nodes = Vec::new();
    while let Some(action) = actions.next() {
        let code = match action {
            Action::Text(text) => {
                nodes.push(Node::Text(text.to_owned()));
                continue;
            }
            Action::Code(code) => code,
        };
        let (word, rest) = code.split_once(char::is_whitespace).unwrap_or((code, ""));
        match word {
            "end" => return Ok((nodes, Some(None))),
            "else" => return Ok((nodes, Some(Some(rest.trim())))),
            "if" | "with" | "range" => nodes.push(control(word, rest.trim(), actions, depth + 1)?),
            _ => nodes.push(match code.split_once(":=") {
                Some((name, value)) => Node::Set(variable(name)?, operand(value)?),
                None => Node::Print(operand(code)?),
            }),
        }
    }
    Ok((nodes, None))
}

fn control<'t>(
    word: &str,
    header: &str,
    actions: &mut std::vec::IntoIter<Action<'t>>,
    depth: usize,
) -> Result<Node, Failure> {
    let (names, of) = match header.split_once(":=") {
        Some((names, of)) => (names.split(',').map(variable).collect::<Result<Vec<_>, _>>()?, of),
        None => (Vec::new(), header),
    };
    let of = operand(of)?;
    let unclosed = || error("unclosed block in template");
    let (then, end) = block(actions, depth)?;
    let otherwise = match end.ok_or_else(unclosed)? {
        None => Vec::new(),
        Some("") => match block(actions, depth)? {
            (nodes, Some(None)) => nodes,
            _ => return Err(unclosed()),
        },
        // `else if` ends where the outer one does.
        Some(next) => match next.split_once(char::is_whitespace) {
            Some((next @ ("if" | "with"), rest)) if word == next => {
                vec![control(next, rest.trim(), actions, depth + 1)?]
            }
            _ => return Err(error("unexpected words after else in template")),
        },
    };
    match (word, names.len()) {
        ("range", 0..=2) => Ok(Node::Range { of, names, then, otherwise }),
        ("if" | "with", 0 | 1) => {
            Ok(Node::Choose { of, name: names.into_iter().next(), dot: word == "with", then, otherwise })
        }
        _ => Err(error("too many variables in template")),
    }
}

fn variable(name: &str) -> Result<String, Failure> {
    let name = name.trim().strip_prefix('$').filter(|it| is_name(it));
    name.map(str::to_owned).ok_or_else(|| error("a variable is written wrong in template"))
}

fn is_name(it: &str) -> bool {
    !it.is_empty() && it.chars().all(|it| it.is_alphanumeric() || it == '_')
}

fn operand(code: &str) -> Result<Operand, Failure> {
    let code = code.trim();
    let refused = || error("functions and pipes are not supported in templates");
    if let "true" | "false" = code {
        return Ok(Operand::Bool(code == "true"));
    }
    if code.len() >= 2 && (code.starts_with('`') && code.ends_with('`')) && code.matches('`').count() == 2 {
        return Ok(Operand::Literal(code.trim_matches('`').to_owned()));
    }
    if code.len() >= 2 && code.starts_with('"') && code.ends_with('"') && code.matches('"').count() == 2 {
        return if code.contains('\\') {
            Err(refused())
        } else {
            Ok(Operand::Literal(code.trim_matches('"').to_owned()))
        };
    }
    if !code.is_empty() && code.bytes().all(|it| it.is_ascii_digit()) {
        return Ok(Operand::Literal(code.to_owned()));
    }
    let (base, fields) = match code.strip_prefix('$') {
        Some(rest) => {
            let (name, fields) = rest.split_once('.').unwrap_or((rest, ""));
            (Some(name.to_owned()), fields)
        }
        None => (None, code.strip_prefix('.').ok_or_else(refused)?),
    };
    let fields: Vec<String> =
        if fields.is_empty() { Vec::new() } else { fields.split('.').map(str::to_owned).collect() };
    let is_base = base.as_deref().is_none_or(|it| it.is_empty() || is_name(it));
    if is_base && fields.iter().all(|it| is_name(it)) {
        Ok(Operand::Path(base, fields))
    } else {
        Err(refused())
    }
}

#[derive(Clone, Copy)]
enum Item<'n> {
    Value(Value),
    Index(usize),
    Text(&'n str),
    Missing,
}

struct Renderer<'c, 'h, 'n> {
    context: &'c mut Context<'h>,
    root: Item<'n>,
}

impl<'n> Renderer<'_, '_, 'n> {
    fn all(
        &mut self,
        nodes: &'n [Node],
        dot: Item<'n>,
        variables: &mut Vec<(&'n str, Item<'n>)>,
        out: &mut Writer,
    ) -> Result<(), Failure> {
        let outer = variables.len();
        for node in nodes {
            self.context.spend(1)?;
            match node {
                Node::Text(text) => out.push_str(text)?,
                Node::Print(of) => {
                    let item = self.find(of, dot, variables)?;
                    self.print(item, out)?;
                }
                Node::Set(name, of) => {
                    let item = self.find(of, dot, variables)?;
                    variables.push((name, item));
                }
                Node::Choose { of, name, dot: moves, then, otherwise } => {
                    let item = self.find(of, dot, variables)?;
                    let before = variables.len();
                    variables.extend(name.as_deref().map(|it| (it, item)));
                    let truth = self.truth(item);
                    let nodes = if truth { then } else { otherwise };
                    self.all(nodes, if truth && *moves { item } else { dot }, variables, out)?;
                    variables.truncate(before);
                }
                Node::Range { of, names, then, otherwise } => {
                    let item = self.find(of, dot, variables)?;
                    let items = self.items(item)?;
                    if items.is_empty() {
                        self.all(otherwise, dot, variables, out)?;
                    }
                    let before = variables.len();
                    for [key, item] in items {
                        match names.as_slice() {
                            [one] => variables.push((one, item)),
                            [first, second] => {
                                variables.extend([(first.as_str(), key), (second.as_str(), item)])
                            }
                            _ => {}
                        }
                        self.all(then, item, variables, out)?;
                        variables.truncate(before);
                    }
                }
            }
        }
        variables.truncate(outer);
        Ok(())
    }

    fn find(
        &self,
        operand: &'n Operand,
        dot: Item<'n>,
        variables: &[(&'n str, Item<'n>)],
    ) -> Result<Item<'n>, Failure> {
        let (base, fields) = match operand {
            Operand::Literal(it) => return Ok(Item::Text(it)),
            Operand::Bool(it) => return Ok(Item::Value(Value::bool(*it))),
            Operand::Path(base, fields) => (base, fields),
        };
        let mut item = match base.as_deref() {
            None => dot,
            Some("") => self.root,
            Some(name) => {
                let found = variables.iter().rev().find(|(it, _)| *it == name);
                found.map(|(_, item)| *item).ok_or_else(|| error("undefined variable in template"))?
            }
        };
        for field in fields {
            item = match item {
                Item::Value(value) if matches!(self.context.heap.view(value), View::Object(_)) => {
                    self.context.heap.get_text(value, field).map_or(Item::Missing, Item::Value)
                }
                Item::Missing => Item::Missing,
                _ => return Err(error("a field is asked of a value that has none")),
            };
        }
        Ok(item)
    }

    /// Numbers are texts in these templates, and texts are true when they are not empty.
    fn truth(&self, item: Item<'_>) -> bool {
        match item {
            Item::Missing => false,
            Item::Index(it) => it != 0,
            Item::Text(it) => !it.is_empty(),
            Item::Value(value) => match self.context.heap.view(value) {
                View::Null | View::Unknown(_) => false,
                View::Bool(it) => it,
                View::Number(_) => true,
                View::String(it) => !it.is_empty(),
                View::Array(items) | View::Set(items) => !items.is_empty(),
                View::Object(pairs) => !pairs.is_empty(),
            },
        }
    }

    fn items(&self, item: Item<'n>) -> Result<Vec<[Item<'n>; 2]>, Failure> {
        let Item::Value(value) = item else {
            return if matches!(item, Item::Missing) { Ok(Vec::new()) } else { Err(no_range()) };
        };
        Ok(match self.context.heap.view(value) {
            View::Null => Vec::new(),
            View::Array(items) | View::Set(items) => {
                items.iter().enumerate().map(|(index, it)| [Item::Index(index), Item::Value(*it)]).collect()
            }
            View::Object(pairs) => {
                pairs.iter().map(|[key, it]| [Item::Value(*key), Item::Value(*it)]).collect()
            }
            _ => return Err(no_range()),
        })
    }

    fn print(&self, item: Item<'_>, out: &mut Writer) -> Result<(), Failure> {
        match item {
            Item::Missing => out.push_str("<undefined>")?,
            Item::Value(it) if it.is(Value::NULL) => out.push_str("<undefined>")?,
            Item::Index(it) => out.push_str(&it.to_string())?,
            Item::Text(it) => out.push_str(it)?,
            Item::Value(value) => self.shown(value, out)?,
        }
        Ok(())
    }

    /// As Go prints it: `map[a:1 b:[2 3]]`.
    fn shown(&self, value: Value, out: &mut Writer) -> Result<(), Failure> {
        match self.context.heap.view(value) {
            View::Null | View::Unknown(_) => out.push_str("<nil>")?,
            View::Bool(it) => out.push_str(if it { "true" } else { "false" })?,
            View::Number(Number::Integer(it)) => out.push_str(&it.to_string())?,
            View::Number(Number::Text(it)) | View::String(it) => out.push_str(it)?,
            View::Array(items) | View::Set(items) => {
                out.push('[')?;
                for (index, it) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(' ')?;
                    }
                    self.shown(*it, out)?;
                }
                out.push(']')?;
            }
            View::Object(pairs) => {
                out.push_str("map[")?;
                for (index, [key, it]) in pairs.iter().enumerate() {
                    if index > 0 {
                        out.push(' ')?;
                    }
                    self.shown(*key, out)?;
                    out.push(':')?;
                    self.shown(*it, out)?;
                }
                out.push(']')?;
            }
        }
        Ok(())
    }
}

fn no_range() -> Failure {
    error("a template cannot range over this value")
}

//! `runtask schema`: describes `runtask.toml` to editors, as JSON Schema, out of the kinds of tables by which it is read.
//!
//! It accepts every file that is read without an error. It does not know all that makes one wrong: what depends on another
//! key, on a file, or on the kind of a channel, only reading says.

use clap::Args;
use runtask_setup::{CHECKS, tasks_file_kinds};
use runtask_tasks::{Form, Key, Kind};
use runtask_terminal::exit::Exit;
use runtask_terminal::output::Output;
use serde_json::{Map, Value, json};

/// Print what runtask.toml may hold, as JSON Schema, for editors
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub(crate) struct SchemaArguments {}

const HELP: &str = "\
It completes and checks runtask.toml in editors that know taplo, such as Visual Studio Code with Even Better TOML:
  runtask schema > runtask.schema.json
  sed -i '1i #:schema ./runtask.schema.json' runtask.toml
";

/// Its drafts are told apart by this; taplo knows this one.
const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

/// The longest text of a file, in characters: no text has more of them than bytes.
const MAX_TEXT: usize = 1024;

pub(crate) fn schema(_arguments: &SchemaArguments, output: &Output) -> anyhow::Result<Exit> {
    let kinds = tasks_file_kinds();
    let describe = Describe { task: kinds.task, channel: kinds.channel };
    let mut schema = describe.table(&kinds.file);
    schema.insert("$schema".to_owned(), json!(DRAFT));
    schema.insert("title".to_owned(), json!("runtask.toml"));
    output.result(&format!("{:#}\n", Value::Object(schema)))?;
    Ok(Exit::Passed)
}

/// The kinds that are put together of what checks and sections bring.
struct Describe {
    task: Kind,
    channel: &'static Kind,
}

impl Describe {
    /// A table: its keys and no others.
    fn table(&self, kind: &Kind) -> Map<String, Value> {
        let properties: Map<_, _> = kind.keys().iter().map(|it| (it.name.to_owned(), self.key(it))).collect();
        let required: Vec<_> = kind.keys().iter().filter(|it| it.is_required).map(|it| it.name).collect();
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), Value::Object(properties));
        schema.insert("additionalProperties".to_owned(), json!(false));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema
    }

    fn key(&self, key: &Key) -> Value {
        let mut schema = self.form(key.form);
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".to_owned(), json!(key.about));
        }
        schema
    }

    fn form(&self, form: Form) -> Value {
        match form {
            Form::Text => text(),
            Form::Texts => list(&text(), 1),
            Form::Boolean => json!({ "type": "boolean" }),
            Form::Number(lowest, highest) => number(lowest, highest),
            Form::Numbers(lowest, highest) => json!({ "type": "array", "items": number(lowest, highest) }),
            Form::Date => json!({ "type": "string", "format": "date" }),
            Form::Word(words) => json!({ "enum": words }),
            Form::Words(words) => list(&json!({ "enum": words }), 1),
            Form::Table(kind) => Value::Object(self.table(kind)),
            Form::Tables(kind) => json!({ "type": "array", "items": self.table(kind) }),
            Form::NamedTables(kind) => named(&Value::Object(self.table(kind))),
            Form::NamedTexts => named(&list(&text(), 0)),
            Form::Anything => json!({}),
            Form::Checks => {
                let names: Vec<_> = CHECKS.iter().map(|it| it.name).collect();
                list(&json!({ "enum": names }), 1)
            }
            Form::Tasks => {
                let mut tasks = named(&Value::Object(self.table(&self.task)));
                if let Some(tasks) = tasks.as_object_mut() {
                    tasks.insert("minProperties".to_owned(), json!(1));
                }
                tasks
            }
            Form::Channels => named(&Value::Object(self.table(self.channel))),
        }
    }
}

fn text() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": MAX_TEXT })
}

fn number(lowest: u64, highest: u64) -> Value {
    json!({ "type": "integer", "minimum": lowest, "maximum": highest })
}

fn list(item: &Value, least: usize) -> Value {
    json!({ "type": "array", "items": item, "minItems": least, "uniqueItems": true })
}

/// A table whose keys are names of the user's own.
fn named(value: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": value })
}

//! `parse_config`, `parse_config_file`, `parse_combined_config_files`: conftest's functions for configurations.
//!
//! What files there are is given to the engine, which reads none. A file that is not there, or cannot be read, and a format
//! that is not here end the evaluation: conftest has them undefined, and a policy would find nothing.
//!
//! Source: conftest, `builtins/parse_config.go`, `parser/parser.go`.

mod toml;

use super::call::{Builtin, Context, Failure, error, take};
use crate::files::Files;
use crate::heap::Value;
use crate::json::{JsonError, parse};
use crate::types::{ARRAY, STRINGS, Type};
use crate::yaml::{YamlError, parse_yaml_documents};

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("parse_combined_config_files", &[STRINGS], ARRAY, parse_combined_config_files),
    Builtin::new("parse_config", &[Type::String, Type::String], Type::Any, parse_config),
    Builtin::new("parse_config_file", &[Type::String], Type::Any, parse_config_file),
];

const NO_FILE: &str =
    "there is no such file: a policy reads files below its own directory, whose paths stand in it as texts";
const LEADS_OUT: &str = "the path leads out of the policy's own directory";
const NO_PARSER: &str = "conftest has no such parser";
const NOT_HERE: &str = "of conftest's parsers, json, toml and yaml are here";

#[derive(Debug, Clone, Copy)]
enum Format {
    Json,
    Toml,
    Yaml,
}

impl Format {
    /// By conftest's name.
    fn of(name: &str) -> Result<Self, Failure> {
        match name {
            "json" => Ok(Self::Json),
            "toml" => Ok(Self::Toml),
            "yaml" => Ok(Self::Yaml),
            "cue" | "cyclonedx" | "dockerfile" | "dotenv" | "edn" | "groovy" | "hcl1" | "hcl2" | "hocon"
            | "ignore" | "ini" | "jsonc" | "jsonnet" | "nginx" | "properties" | "routeros" | "spdx"
            | "textproto" | "vcl" | "xml" => Err(ended(NOT_HERE)),
            _ => Err(ended(NO_PARSER)),
        }
    }

    /// By the name of a file.
    fn of_file(path: &str) -> Result<Self, Failure> {
        let name = path.rsplit('/').next().unwrap_or_default();
        match name.rsplit_once('.').map(|it| it.1) {
            None if name.eq_ignore_ascii_case("dockerfile") => Self::of("dockerfile"),
            None | Some("yml") => Ok(Self::Yaml),
            Some("tf" | "tfvars") => Self::of("hcl2"),
            Some("gitignore" | "dockerignore") => Self::of("ignore"),
            Some(extension) => Self::of(extension),
        }
    }
}

fn parse_config(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [parser, text] = take(operands)?;
    let format = Format::of(context.text(parser, 1)?)?;
    let text = context.text(text, 2)?.to_owned();
    read(context, format, &text)
}

fn parse_config_file(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [path] = take(operands)?;
    Ok(file(context, path)?.1)
}

/// Each file and what it holds, in the order of their paths; of a file with several documents, each of them.
fn parse_combined_config_files(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [paths] = take(operands)?;
    let mut files = Vec::new();
    for path in context.array(paths, 1)?.to_vec() {
        files.push(file(context, path)?);
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files.dedup_by(|a, b| a.0 == b.0);
    let (path_key, contents_key) = (context.heap.string("path")?, context.heap.string("contents")?);
    let mut combined = Vec::new();
    for (path, contents) in files {
        let path = context.heap.string(&path)?;
        let documents = context.array(contents, 1).map_or_else(|_| vec![contents], <[Value]>::to_vec);
        for contents in documents {
            let pairs = vec![[path_key, path], [contents_key, contents]];
            combined.push(context.heap.object(pairs)?);
        }
    }
    Ok(context.heap.array(&combined)?)
}

/// The path of a file and what it holds.
fn file(context: &mut Context<'_>, name: Value) -> Result<(String, Value), Failure> {
    let name = context.text(name, 1)?;
    let path = Files::path(context.policy, name).ok_or_else(|| ended(LEADS_OUT))?;
    let format = Format::of_file(&path)?;
    let text = context.files.get(&path).ok_or_else(|| ended(NO_FILE))?.to_owned();
    match read(context, format, &text) {
        Ok(contents) => Ok((path, contents)),
        Err(Failure::Error(why)) => Err(Failure::Ended(why)),
        Err(failure) => Err(failure),
    }
}

fn read(context: &mut Context<'_>, format: Format, text: &str) -> Result<Value, Failure> {
    context.spend(1 + text.len() as u64)?;
    match format {
        Format::Json => parse(context.heap, text.as_bytes()).map_err(|it| match it {
            JsonError::Heap(it) => it.into(),
            it => error(format!("json: {it}")),
        }),
        Format::Yaml => parse_yaml_documents(context.heap, text).map_err(|it| match it {
            YamlError::Heap(it) => it.into(),
            it => error(format!("yaml: {it}")),
        }),
        Format::Toml => toml::read(context.heap, text),
    }
}

fn ended(why: &str) -> Failure {
    Failure::Ended(why.to_owned())
}

#[cfg(test)]
mod tests;

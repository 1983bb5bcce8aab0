//! Checks Terraform files against schemas: types, arguments, blocks, what is required, and what is referred to.

use super::schemas::{Schema, Schemas};
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use hcl_edit::structure::{Attribute, Block, Body};
use hcl_edit::visit::{Visit, visit_block, visit_traversal};
use std::collections::BTreeSet;

/// Checks the files of one root module: name and content of each. Says what is wrong, one sentence each.
pub(crate) fn check(files: &[(String, String)], schemas: &Schemas) -> Vec<String> {
    let mut problems = Vec::new();
    let mut bodies = Vec::new();
    for (name, content) in files {
        match hcl_edit::parser::parse_body(content) {
            Ok(body) => bodies.push((name, body)),
            Err(error) => problems.push(format!("{name}: {error}")),
        }
    }
    let declared: BTreeSet<String> = bodies.iter().flat_map(|(_, body)| declared(body)).collect();
    for (name, body) in &bodies {
        let mut checked = Checked { place: (*name).clone(), problems: &mut problems };
        checked.file(body, schemas);
        let mut references = References::default();
        references.visit_body(body);
        for reference in references.0.difference(&declared) {
            problems.push(format!("{name}: there is no {reference}"));
        }
    }
    problems
}

struct Checked<'a> {
    place: String,
    problems: &'a mut Vec<String>,
}

impl Checked<'_> {
    fn problem(&mut self, what: &str) {
        self.problems.push(format!("{}: {what}", self.place));
    }

    /// Goes on inside of something.
    fn inside(&mut self, what: &str) -> Checked<'_> {
        Checked { place: format!("{}: {what}", self.place), problems: self.problems }
    }

    fn file(&mut self, body: &Body, schemas: &Schemas) {
        for attribute in body.attributes() {
            self.problem(&format!("there is no argument `{}` at the top of a file", attribute.key.as_str()));
        }
        for block in body.blocks() {
            let labels: Vec<&str> = block.labels.iter().map(|it| it.as_str()).collect();
            let name = [&[block.ident.as_str()], &labels[..]].concat().join(".");
            let mut inside = self.inside(&name);
            match (block.ident.as_str(), labels.as_slice()) {
                (kind @ ("resource" | "data" | "ephemeral"), [type_name, _]) => {
                    let kind = ["resource", "data", "ephemeral"].into_iter().find(|it| *it == kind).unwrap();
                    match schemas.get(kind, type_name) {
                        Some(schema) => inside.body(&block.body, &with_meta_arguments(schema)),
                        None => inside.problem("there is no such type"),
                    }
                }
                ("variable", [_]) => inside.body(&block.body, &variable()),
                ("output", [_]) => inside.body(&block.body, &output()),
                // What is in them, Terraform can be asked without any provider.
                ("terraform" | "locals" | "moved" | "removed", []) | ("provider" | "check", [_]) => {}
                _ => inside.problem("there is no such block"),
            }
        }
    }

    fn body(&mut self, body: &Body, schema: &Schema) {
        let mut found = BTreeSet::new();
        for attribute in body.attributes() {
            self.attribute(attribute, schema, &mut found);
        }
        for block in body.blocks() {
            self.block(block, schema, &mut found);
        }
        for (name, argument) in &schema.0 {
            if argument.required && !found.contains(name.as_str()) {
                self.problem(&format!("`{name}` is missing"));
            }
        }
    }

    fn attribute<'b>(&mut self, attribute: &'b Attribute, schema: &Schema, found: &mut BTreeSet<&'b str>) {
        let name = attribute.key.as_str();
        match schema.0.get(name) {
            None => self.problem(&format!("there is no argument `{name}`")),
            Some(argument) if argument.block.is_some() => {
                self.problem(&format!("`{name}` is a block, not an argument"));
            }
            Some(_) => {
                found.insert(name);
            }
        }
    }

    fn block<'b>(&mut self, block: &'b Block, schema: &Schema, found: &mut BTreeSet<&'b str>) {
        let (name, contents) = match (block.ident.as_str(), block.labels.as_slice()) {
            ("dynamic", [label]) => {
                let content = Schema::default();
                let frame = Schema::of(&["for_each!", "iterator", "labels"]).with("content", content);
                // The content is the block's own, and judged below.
                let attributes: Body = block.body.attributes().cloned().collect();
                self.inside("dynamic").body(&attributes, &frame);
                let contents: Vec<&Body> = block.body.get_blocks("content").map(|it| &it.body).collect();
                if contents.len() != 1 || block.body.blocks().count() != 1 {
                    self.problem(&format!("dynamic `{}` needs one block `content`", label.as_str()));
                }
                (label.as_str(), contents)
            }
            (name, _) => (name, vec![&block.body]),
        };
        match schema.0.get(name) {
            None => self.problem(&format!("there is no block `{name}`")),
            Some(argument) => match &argument.block {
                None => self.problem(&format!("`{name}` is an argument, not a block")),
                Some(inner) => {
                    found.insert(name);
                    for body in contents {
                        self.inside(name).body(body, inner);
                    }
                }
            },
        }
    }
}

/// What Terraform itself takes in every resource, data source and ephemeral resource.
fn with_meta_arguments(schema: &Schema) -> Schema {
    let condition = Schema::of(&["condition!", "error_message!"]);
    let lifecycle =
        Schema::of(&["create_before_destroy", "ignore_changes", "prevent_destroy", "replace_triggered_by"])
            .with("precondition", condition.clone())
            .with("postcondition", condition);
    let mut all = Schema::of(&["count", "depends_on", "for_each", "provider"]).with("lifecycle", lifecycle);
    all.0.extend(schema.0.clone());
    all
}

fn variable() -> Schema {
    Schema::of(&["type!", "description!", "default", "sensitive", "nullable", "ephemeral"])
        .with("validation", Schema::of(&["condition!", "error_message!"]))
}

fn output() -> Schema {
    Schema::of(&["value!", "description!", "sensitive", "ephemeral", "depends_on"])
        .with("precondition", Schema::of(&["condition!", "error_message!"]))
}

/// Everything that a file declares, as it is referred to.
fn declared(body: &Body) -> Vec<String> {
    let mut all = Vec::new();
    for block in body.blocks() {
        let labels: Vec<&str> = block.labels.iter().map(|it| it.as_str()).collect();
        match (block.ident.as_str(), labels.as_slice()) {
            ("variable", [name]) => all.push(format!("var.{name}")),
            ("locals", []) => {
                all.extend(block.body.attributes().map(|it| format!("local.{}", it.key.as_str())));
            }
            ("resource", [type_name, name]) => all.push(format!("{type_name}.{name}")),
            (kind @ ("data" | "ephemeral"), [type_name, name]) => {
                all.push(format!("{kind}.{type_name}.{name}"));
            }
            _ => {}
        }
    }
    all
}

/// Everything that a file refers to and that must be declared.
#[derive(Default)]
struct References(BTreeSet<String>);

impl Visit for References {
    fn visit_block(&mut self, block: &Block) {
        match block.ident.as_str() {
            // The types of variables look like references.
            "variable" => {
                for validation in block.body.get_blocks("validation") {
                    self.visit_body(&validation.body);
                }
            }
            // What it names is not there any more.
            "removed" => {}
            _ => visit_block(self, block),
        }
    }

    fn visit_traversal(&mut self, traversal: &Traversal) {
        if let Expression::Variable(root) = &traversal.expr {
            let names: Vec<&str> = traversal.operators.iter().map_while(|it| attribute_name(it)).collect();
            match (root.as_str(), names.as_slice()) {
                (root @ ("var" | "local"), [name, ..]) => {
                    self.0.insert(format!("{root}.{name}"));
                }
                (root @ ("data" | "ephemeral"), [type_name, name, ..]) => {
                    self.0.insert(format!("{root}.{type_name}.{name}"));
                }
                (type_name, [name, ..]) if type_name.starts_with("aws_") || type_name.starts_with("tfe_") => {
                    self.0.insert(format!("{type_name}.{name}"));
                }
                _ => {}
            }
        }
        visit_traversal(self, traversal);
    }
}

fn attribute_name(operator: &TraversalOperator) -> Option<&str> {
    match operator {
        TraversalOperator::GetAttr(name) => Some(name.as_str()),
        _ => None,
    }
}

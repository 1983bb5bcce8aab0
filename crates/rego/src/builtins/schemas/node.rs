//! A schema that was read: its parts by number, so that parts can refer to each other in circles.

use crate::builtins::call::Pattern;
use crate::heap::Value;
use std::sync::Arc;

/// A part of a schema, by its number.
pub(super) type NodeId = usize;

/// A schema that was read.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeId,
}

/// A part of a schema.
#[derive(Debug)]
pub(super) enum Node {
    /// `true`, `false`.
    Always(bool),
    /// `{"$ref": …}`: whatever stands beside it counts for nothing.
    Reference(NodeId),
    /// An object of keywords.
    Rules(Box<Rules>),
}

/// What a schema says of a value.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// Whether it says nothing at all.
    pub(super) is_free: bool,
    /// In the order in which they are written.
    pub(super) types: Vec<Type>,
    pub(super) any_of: Vec<NodeId>,
    pub(super) one_of: Vec<NodeId>,
    pub(super) all_of: Vec<NodeId>,
    pub(super) not: Option<NodeId>,
    /// What must hold where a key is there.
    pub(super) dependencies: Vec<(Value, Dependency)>,
    pub(super) condition: Option<NodeId>,
    pub(super) then: Option<NodeId>,
    pub(super) otherwise: Option<NodeId>,

    pub(super) multiple_of: Option<Value>,
    pub(super) maximum: Option<Value>,
    pub(super) exclusive_maximum: Option<Value>,
    pub(super) minimum: Option<Value>,
    pub(super) exclusive_minimum: Option<Value>,

    /// `const` and `enum`, written as all values are that are compared.
    pub(super) constant: Option<String>,
    pub(super) values: Option<Vec<String>>,
    pub(super) format: Option<Value>,

    pub(super) min_length: Option<i64>,
    pub(super) max_length: Option<i64>,
    pub(super) pattern: Option<(Value, Arc<Pattern>)>,

    pub(super) items: Items,
    pub(super) additional_items: Rest,
    pub(super) min_items: Option<i64>,
    pub(super) max_items: Option<i64>,
    pub(super) are_unique: bool,
    pub(super) contains: Option<NodeId>,

    /// By their keys, in order.
    pub(super) properties: Vec<(Value, NodeId)>,
    pub(super) pattern_properties: Vec<(Arc<Pattern>, NodeId)>,
    pub(super) additional_properties: Rest,
    pub(super) property_names: Option<NodeId>,
    pub(super) required: Vec<Value>,
    pub(super) min_properties: Option<i64>,
    pub(super) max_properties: Option<i64>,
}

/// A type of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Array,
    Boolean,
    Integer,
    Number,
    Null,
    Object,
    String,
}

/// What must hold where a key is there.
#[derive(Debug)]
pub(super) enum Dependency {
    /// These keys are there too.
    Keys(Vec<Value>),
    /// The whole object has this form.
    Schema(NodeId),
}

/// What items of an array must be.
#[derive(Debug, Default)]
pub(super) enum Items {
    #[default]
    Any,
    /// Each of them this.
    Each(NodeId),
    /// The first one this, the second one that.
    List(Vec<NodeId>),
}

/// What everything must be that no other keyword says something of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Rest {
    #[default]
    Any,
    /// There may be nothing of the kind.
    Nothing,
    Schema(NodeId),
}

impl Schema {
    /// Whether a part of it refers to itself for one and the same value: what is held against it may come to no end.
    pub(super) fn leads_back(&self) -> bool {
        // Parts that others refer to are taken away one after the other, as soon as nothing that is left refers to them.
        let mut referring = vec![0_usize; self.nodes.len()];
        for target in self.nodes.iter().flat_map(Node::of_the_same_value) {
            if let Some(it) = referring.get_mut(target) {
                *it += 1;
            }
        }
        let free = referring.iter().enumerate().filter(|(_, it)| **it == 0);
        let mut free: Vec<NodeId> = free.map(|(id, _)| id).collect();
        let mut taken = 0;
        while let Some(id) = free.pop() {
            taken += 1;
            for target in self.nodes.get(id).into_iter().flat_map(Node::of_the_same_value) {
                if let Some(it) = referring.get_mut(target) {
                    *it -= 1;
                    if *it == 0 {
                        free.push(target);
                    }
                }
            }
        }
        taken < self.nodes.len()
    }
}

impl Node {
    /// The parts that the same value is held against.
    fn of_the_same_value(&self) -> Vec<NodeId> {
        match self {
            Self::Always(_) => Vec::new(),
            Self::Reference(target) => vec![*target],
            Self::Rules(rules) => {
                let lists = [&rules.any_of, &rules.one_of, &rules.all_of].into_iter().flatten().copied();
                let single = [rules.not, rules.condition, rules.then, rules.otherwise].into_iter().flatten();
                let dependencies = rules.dependencies.iter().filter_map(|(_, it)| match it {
                    Dependency::Schema(node) => Some(*node),
                    Dependency::Keys(_) => None,
                });
                lists.chain(single).chain(dependencies).collect()
            }
        }
    }
}

impl Type {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "array" => Self::Array,
            "boolean" => Self::Boolean,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "null" => Self::Null,
            "object" => Self::Object,
            "string" => Self::String,
            _ => return None,
        })
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Null => "null",
            Self::Object => "object",
            Self::String => "string",
        }
    }
}

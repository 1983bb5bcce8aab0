//! `graph.reachable`, `graph.reachable_paths`.

use super::call::{Builtin, Context, Failure, take};
use crate::heap::{Heap, Value, View};
use crate::types::Type;

const ITEMS: Type = Type::OneOf(&[Type::Set(&Type::Any), Type::Array(&Type::Any)]);
const GRAPH: Type = Type::Object(&Type::Any, &ITEMS);

pub(crate) static ALL: &[Builtin] = &[
    Builtin::new("graph.reachable", &[GRAPH, ITEMS], Type::Set(&Type::Any), reachable),
    Builtin::new(
        "graph.reachable_paths",
        &[GRAPH, ITEMS],
        Type::Set(&Type::Array(&Type::Any)),
        reachable_paths,
    ),
];

/// The nodes of the graph that can be got to, those at the beginning included.
fn reachable(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [graph, start] = take(operands)?;
    let nodes = context.object(graph, 1)?.len();
    let mut is_reached = vec![false; nodes];
    let mut queue = context.items(start, 2)?.to_vec();
    let mut reached = Vec::new();
    while let Some(node) = queue.pop() {
        context.spend(1)?;
        let found = place(context.heap, graph, node);
        if let Some((place, neighbors)) = found
            && let Some(seen @ false) = is_reached.get_mut(place)
        {
            *seen = true;
            reached.push(node);
            queue.extend_from_slice(edges(context.heap, neighbors));
        }
    }
    Ok(context.heap.set(reached)?)
}

/// Where in the graph a node is, and what it has edges to.
fn place(heap: &Heap, graph: Value, node: Value) -> Option<(usize, Value)> {
    let View::Object(pairs) = heap.view(graph) else { return None };
    let place = pairs.binary_search_by(|it| heap.compare(it[0], node)).ok()?;
    pairs.get(place).map(|it| (place, it[1]))
}

fn edges(heap: &Heap, neighbors: Value) -> &[Value] {
    match heap.view(neighbors) {
        View::Array(items) | View::Set(items) => items,
        _ => &[],
    }
}

/// Every way from the beginning up to a node without edges, out of the graph, or to where it has been.
fn reachable_paths(context: &mut Context<'_>, operands: &[Value]) -> Result<Value, Failure> {
    let [graph, start] = take(operands)?;
    let nodes = context.object(graph, 1)?.len();
    let mut walk = Walk { graph, on_path: vec![0; nodes], path: Vec::new(), paths: Vec::new() };
    for node in context.items(start, 2)?.to_vec() {
        if let Some((place, neighbors)) = place(context.heap, graph, node) {
            walk.from(context, node, place, neighbors)?;
        }
    }
    Ok(context.heap.set(walk.paths)?)
}

struct Walk {
    graph: Value,
    /// How often each node of the graph is on the path: at most once, but for the first.
    on_path: Vec<u8>,
    path: Vec<Value>,
    paths: Vec<Value>,
}

/// A node of the path: where it is in the graph, and which of its edges comes next.
struct Step {
    place: usize,
    neighbors: Value,
    next: usize,
}

impl Walk {
    fn from(
        &mut self,
        context: &mut Context<'_>,
        node: Value,
        place: usize,
        neighbors: Value,
    ) -> Result<(), Failure> {
        let mut steps = Vec::new();
        self.enter(context, &mut steps, node, place, neighbors)?;
        while let Some(step) = steps.last_mut() {
            context.spend(1)?;
            let Some(neighbor) = edges(context.heap, step.neighbors).get(step.next).copied() else {
                if let Some(times) = self.on_path.get_mut(step.place) {
                    *times -= 1;
                }
                self.path.pop();
                steps.pop();
                continue;
            };
            step.next += 1;
            // The first node may follow itself: OPA looks for it only from the second on.
            let is_first = steps.len() == 1;
            match self::place(context.heap, self.graph, neighbor) {
                Some((place, neighbors)) if is_first || self.on_path.get(place) == Some(&0) => {
                    self.enter(context, &mut steps, neighbor, place, neighbors)?;
                }
                _ => self.keep(context)?,
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        context: &mut Context<'_>,
        steps: &mut Vec<Step>,
        node: Value,
        place: usize,
        neighbors: Value,
    ) -> Result<(), Failure> {
        self.path.push(node);
        if let Some(times) = self.on_path.get_mut(place) {
            *times += 1;
        }
        if edges(context.heap, neighbors).is_empty() {
            self.keep(context)?;
        }
        steps.push(Step { place, neighbors, next: 0 });
        Ok(())
    }

    fn keep(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        context.spend(1 + self.path.len() as u64 / 8)?;
        self.paths.push(context.heap.array(&self.path)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::calls::calls;

    #[test]
    fn ways_are_found_as_in_opa() {
        calls(
            ALL,
            &[
                (
                    "graph.reachable",
                    r#"[{"a": ["b"], "b": ["c"], "c": ["a"], "d": []}, {"a"}]"#,
                    r#"{"a", "b", "c"}"#,
                ),
                ("graph.reachable", r#"[{"a": ["x"]}, ["a", "q"]]"#, r#"{"a"}"#),
                ("graph.reachable", r#"[{}, ["a"]]"#, "set()"),
                (
                    "graph.reachable_paths",
                    r#"[{"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}, ["a"]]"#,
                    r#"{["a", "b", "d"], ["a", "c", "d"]}"#,
                ),
                ("graph.reachable_paths", r#"[{"a": {"b"}, "b": {"a"}}, {"a"}]"#, r#"{["a", "b"]}"#),
                ("graph.reachable_paths", r#"[{"a": {"a"}}, {"a"}]"#, r#"{["a", "a"]}"#),
                ("graph.reachable_paths", r#"[{"a": {"x"}}, {"a"}]"#, r#"{["a"]}"#),
                (
                    "graph.reachable_paths",
                    r#"[{"a": {"x", "b"}, "b": []}, ["a", "z"]]"#,
                    r#"{["a"], ["a", "b"]}"#,
                ),
            ],
        );
    }
}

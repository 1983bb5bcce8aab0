//! Shows workspaces, and finds those with certain tags.

use super::contents::Workspace;
use super::document::{Judged, NOT_FOUND, Request};
use super::state::State;
use serde_json::{Value, json};
use std::collections::HashMap;

impl State {
    /// The workspace at `index`, as HCP Terraform answers it.
    pub(super) fn workspace(&self, index: usize) -> Value {
        let Some((workspace, id)) = self.spec.workspaces.get(index).zip(self.workspace_ids.get(index)) else {
            return Value::Null;
        };
        let names: Vec<&String> = workspace.tags.iter().map(|(key, _)| key).collect();
        json!({
            "id": id,
            "type": "workspaces",
            "attributes": { "name": workspace.name, "tag-names": names, "execution-mode": "remote" },
            "relationships": { "organization": { "data": { "id": self.spec.name, "type": "organizations" } } },
            "links": { "self": format!("/api/v2/organizations/{}/workspaces/{}", self.spec.name, workspace.name) },
        })
    }

    pub(super) fn workspace_of(&self, id: &str) -> Judged<&Workspace> {
        let index = self.workspace_ids.iter().position(|it| it == id);
        index.and_then(|it| self.spec.workspaces.get(it)).ok_or(NOT_FOUND)
    }

    /// Workspaces by `search[tags]` and `filter[tagged][i][key|value]`: those that have all of it.
    pub(super) fn filtered(&self, request: &Request<'_>) -> Vec<Value> {
        let mut wanted: Vec<(String, Option<String>)> = Vec::new();
        let mut filters: HashMap<&str, (Option<&str>, Option<&str>)> = HashMap::new();
        for (name, value) in &request.query {
            if name == "search[tags]" {
                wanted.extend(value.split(',').map(|it| (it.to_owned(), None)));
            } else if let Some(filter) = name.strip_prefix("filter[tagged][")
                && let Some((index, part)) = filter.split_once("][")
            {
                let entry = filters.entry(index).or_default();
                match part {
                    "key]" => entry.0 = Some(value),
                    _ => entry.1 = Some(value),
                }
            }
        }
        if self.spec.filters_by_value {
            let filters = filters
                .values()
                .filter_map(|(key, value)| Some(((*key)?.to_owned(), value.map(str::to_owned))));
            wanted.extend(filters);
        }
        let has = |workspace: &Workspace, (key, value): &(String, Option<String>)| {
            workspace.tags.iter().any(|it| it.0 == *key && (value.is_none() || it.1 == *value))
        };
        let all = self.spec.workspaces.iter().enumerate();
        let fitting = all.filter(|(_, workspace)| wanted.iter().all(|it| has(workspace, it)));
        fitting.map(|(index, _)| self.workspace(index)).collect()
    }
}

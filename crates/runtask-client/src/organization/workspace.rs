//! The organization's workspaces: finds them by name or by tag.

use super::answer::{entries, text};
use super::ask::HcpTerraform;
use super::refusal::{Asked, Refused, is_not_found};
use super::tag::Tag;
use crate::{Method, StatusCode};
use serde_json::Value;

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Workspace {
    pub name: String,
    pub id: String,
}

impl HcpTerraform {
    /// The workspaces with these names; a refusal names all that are missing.
    pub async fn workspaces(&self, names: &[String]) -> anyhow::Result<Vec<Workspace>> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in names {
            let url = self.url(&["organizations", &self.organization, "workspaces", name], &[]);
            match self.call(Method::GET, &url, None, Asked::Workspace(name)).await {
                Ok(answer) => found.extend(answer.get("data").and_then(workspace)),
                Err(error) if is_not_found(&error) => missing.push(name.as_str()),
                Err(error) => return Err(error),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let text = format!(
            "the organization {} has no workspace {}, or the owner of the token in TFE_TOKEN may not see it; nothing \
             was changed",
            self.organization,
            missing.join(", ")
        );
        Err(Refused { status: StatusCode::NOT_FOUND, text }.into())
    }

    /// The workspaces that have all of `tags`.
    pub async fn tagged(&self, tags: &[Tag]) -> anyhow::Result<Vec<Workspace>> {
        let keys: Vec<&str> = tags.iter().filter(|it| it.value.is_none()).map(|it| it.key.as_str()).collect();
        let pairs: Vec<_> =
            tags.iter().filter_map(|it| Some((it.key.as_str(), it.value.as_deref()?))).collect();
        let keys = keys.join(",");
        let names: Vec<_> = (0..pairs.len())
            .map(|at| (format!("filter[tagged][{at}][key]"), format!("filter[tagged][{at}][value]")))
            .collect();
        let mut query = Vec::new();
        if !keys.is_empty() {
            query.push(("search[tags]", keys.as_str()));
        }
        for ((key_name, value_name), (key, value)) in names.iter().zip(&pairs) {
            query.extend([(key_name.as_str(), *key), (value_name.as_str(), *value)]);
        }
        let path = ["organizations", &self.organization, "workspaces"];
        let pages = self.pages(&path, &query, Asked::Workspaces).await?;
        let mut found: Vec<_> =
            pages.iter().flat_map(|it| entries(it, "data")).filter_map(workspace).collect();
        found.sort();
        found.dedup();
        // A server that does not know the filter leaves it out, and would have every workspace attached.
        for workspace in found.iter().filter(|_| !pairs.is_empty()) {
            self.check_tags(workspace, &pairs).await?;
        }
        Ok(found)
    }

    async fn check_tags(&self, workspace: &Workspace, pairs: &[(&str, &str)]) -> anyhow::Result<()> {
        let path = ["workspaces", &workspace.id, "effective-tag-bindings"];
        let pages = self.pages(&path, &[], Asked::WorkspaceTags(&workspace.name)).await?;
        let has = |key: &str, value: &str| {
            pages.iter().flat_map(|it| entries(it, "data")).any(|it| {
                text(it, &["attributes", "key"]) == Some(key)
                    && text(it, &["attributes", "value"]) == Some(value)
            })
        };
        match pairs.iter().find(|(key, value)| !has(key, value)) {
            None => Ok(()),
            Some((key, value)) => anyhow::bail!(
                "{} does not find workspaces by tags with values: it named the workspace {}, which has no tag \
                 {key}={value}. Name the workspaces with --workspace",
                self.host(),
                workspace.name,
            ),
        }
    }
}

pub(super) fn workspace(value: &Value) -> Option<Workspace> {
    let id = text(value, &["id"]).filter(|_| text(value, &["type"]) == Some("workspaces"))?;
    Some(Workspace { id: id.to_owned(), name: text(value, &["attributes", "name"])?.to_owned() })
}

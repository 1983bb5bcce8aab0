//! Finds the organization's workspaces, by name or by tag.

use super::answer::{entries, text};
use super::ask::{AskError, Organization};
use super::refusal::Asked;
use super::tag::Tag;
use crate::Method;
use serde_json::Value;

/// Why workspaces were not found by their names.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindByNameError {
    /// They could not be looked for.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// Some do not exist, or the owner of the token may not see them.
    #[error("the organization {organization} has no workspace {}", .names.join(", "))]
    Missing {
        /// Where they were looked for.
        organization: String,
        /// All that are missing.
        names: Vec<String>,
    },
}

/// Why workspaces were not found by their tags.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindByTagError {
    /// They could not be looked for.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// What was found does not have the tags: the server is one that leaves out a filter that it does not know.
    #[error(
        "{host} does not find workspaces by tags with values: it named the workspace {workspace}, which has no tag {tag}"
    )]
    Unfiltered {
        /// Who was asked.
        host: String,
        /// The name of a workspace that was found.
        workspace: String,
        /// What it should have.
        tag: Tag,
    },
}

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Workspace {
    /// What the organization calls it.
    pub name: String,
    /// `ws-…`.
    pub id: String,
}

impl Organization {
    /// Finds the workspaces with these names.
    ///
    /// # Errors
    ///
    /// When one is missing; the error names all that are.
    pub async fn workspaces(&self, names: &[String]) -> Result<Vec<Workspace>, FindByNameError> {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in names {
            let url = self.url(&["organizations", &self.name, "workspaces", name], &[]);
            match self.ask(Method::GET, &url, None, &Asked::Workspace(name.clone())).await {
                Ok(answer) => found.extend(answer.get("data").and_then(workspace)),
                Err(error) if error.is_not_found() => missing.push(name.clone()),
                Err(error) => return Err(error.into()),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        Err(FindByNameError::Missing { organization: self.name.clone(), names: missing })
    }

    /// Finds the workspaces that have all of `tags`.
    ///
    /// # Errors
    ///
    /// When the server cannot look for them; none of what it named may be taken for tagged then.
    pub async fn tagged(&self, tags: &[Tag]) -> Result<Vec<Workspace>, FindByTagError> {
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
        let path = ["organizations", &self.name, "workspaces"];
        let pages = self.pages(&path, &query, &Asked::Workspaces).await?;
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

    async fn check_tags(&self, workspace: &Workspace, pairs: &[(&str, &str)]) -> Result<(), FindByTagError> {
        let path = ["workspaces", &workspace.id, "effective-tag-bindings"];
        let pages = self.pages(&path, &[], &Asked::WorkspaceTags(workspace.name.clone())).await?;
        let has = |key: &str, value: &str| {
            pages.iter().flat_map(|it| entries(it, "data")).any(|it| {
                text(it, &["attributes", "key"]) == Some(key)
                    && text(it, &["attributes", "value"]) == Some(value)
            })
        };
        match pairs.iter().find(|(key, value)| !has(key, value)) {
            None => Ok(()),
            Some((key, value)) => Err(FindByTagError::Unfiltered {
                host: self.host().to_owned(),
                workspace: workspace.name.clone(),
                tag: Tag { key: (*key).to_owned(), value: Some((*value).to_owned()) },
            }),
        }
    }
}

pub(super) fn workspace(value: &Value) -> Option<Workspace> {
    let id = text(value, &["id"]).filter(|_| text(value, &["type"]) == Some("workspaces"))?;
    Some(Workspace { id: id.to_owned(), name: text(value, &["attributes", "name"])?.to_owned() })
}

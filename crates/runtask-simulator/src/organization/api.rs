//! Checks the token of a request to the API, and finds what answers it.

use super::document::{Judged, NOT_FOUND, Request, refusal};
use super::state::State;
use crate::reply::Reply;
use http::Method;
use serde_json::{Value, json};

impl State {
    pub(crate) async fn answer(&self, request: &Request<'_>) -> Reply {
        match self.judge(request).await {
            Ok((status, body)) => Reply { status: Some(status), body, ..Reply::default() },
            Err(refusal) => refusal.into(),
        }
    }

    async fn judge(&self, request: &Request<'_>) -> Judged<(u16, Option<Value>)> {
        if request.authorization != Some(&format!("Bearer {}", self.token)) {
            return Err(refusal(401, ""));
        }
        {
            let mut records = self.records();
            records.requests += 1;
            if records.requests <= self.spec.too_many_requests {
                return Err(refusal(429, "You have exceeded the API's rate limit."));
            }
            if request.method != Method::GET {
                records.writes.push(format!("{} {}", request.method, request.path.join("/")));
            }
        }
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let organization = self.spec.name.as_str();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["organizations", name, "tasks"]) if *name == organization => Ok(self.tasks(request)),
            ("POST", ["organizations", name, "tasks"]) if *name == organization => {
                self.create_task(request).await
            }
            ("GET", ["tasks", id]) => Ok((200, Some(json!({ "data": self.task(id)? })))),
            ("PATCH", ["tasks", id]) => self.change_task(request, id).await,
            ("GET", ["organizations", name, "workspaces"]) if *name == organization => {
                Ok((200, Some(self.page(request, self.filtered(request)))))
            }
            ("GET", ["organizations", name, "workspaces", workspace]) if *name == organization => {
                let index =
                    self.spec.workspaces.iter().position(|it| it.name == *workspace).ok_or(NOT_FOUND)?;
                Ok((200, Some(json!({ "data": self.workspace(index) }))))
            }
            ("GET", ["workspaces", id, "effective-tag-bindings"]) => {
                let tags = self.workspace_of(id)?.tags.iter().map(|(key, value)| {
                    json!({
                        "type": "effective-tag-bindings",
                        "attributes": { "key": key, "value": value.as_deref().unwrap_or_default() },
                    })
                });
                Ok((200, Some(json!({ "data": tags.collect::<Vec<_>>() }))))
            }
            ("GET", ["workspaces", id, "tasks"]) => {
                let name = self.workspace_of(id)?.name.clone();
                let all = self.attachments().into_iter().filter(|(workspace, _)| *workspace == name);
                let all = all.map(|(_, attachment)| attachment).collect();
                Ok((200, Some(self.page(request, all))))
            }
            ("POST", ["workspaces", id, "tasks"]) => self.attach(request, id),
            ("PATCH", ["workspaces", id, "tasks", attachment]) => self.reattach(request, id, attachment),
            (method, path @ (["organizations", ..] | ["task-configs", ..]))
                if self.spec.task_configurations =>
            {
                self.configure(request, method, path)
            }
            _ => Err(NOT_FOUND),
        }
    }
}

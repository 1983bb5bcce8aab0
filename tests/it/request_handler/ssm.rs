//! Parameter Store as small as can be: one parameter, one version, every read counted. For what the service
//! itself would say, there is moto.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;
use tokio::net::TcpListener;

/// What a read is answered.
#[derive(Clone, Copy)]
pub(crate) enum Manner {
    /// With this key, written long ago.
    Key(&'static str),
    /// Not at all.
    Hang,
    /// As AWS answers a role that may not read the parameter.
    Deny,
}

pub(crate) struct Ssm {
    pub(crate) endpoint: String,
    reads: Arc<AtomicUsize>,
}

impl Ssm {
    pub(crate) async fn start(manner: Manner) -> Self {
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&reads);
        let router = Router::new().route(
            "/",
            post(async move |headers: HeaderMap| {
                assert_eq!(headers["x-amz-target"], "AmazonSSM.GetParameter");
                counted.fetch_add(1, Ordering::SeqCst);
                answer(manner).await
            }),
        );
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { endpoint, reads }
    }

    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

async fn answer(manner: Manner) -> Response {
    let (status, body) = match manner {
        Manner::Hang => std::future::pending().await,
        Manner::Key(key) => {
            let parameter = json!({
                "ARN": "arn:aws:ssm:eu-central-1:123456789012:parameter/terraform-run-task/hmac-secret-key",
                "DataType": "text",
                "LastModifiedDate": 1_673_437_534.837,
                "Name": "/terraform-run-task/hmac-secret-key",
                "Type": "SecureString",
                "Value": key,
                "Version": 1,
            });
            (200, json!({"Parameter": parameter}))
        }
        Manner::Deny => {
            let message = "User: arn:aws:sts::123456789012:assumed-role/request-handler/request-handler is not \
                           authorized to perform: ssm:GetParameter";
            (400, json!({"__type": "AccessDeniedException", "Message": message}))
        }
    };
    let content_type = [(header::CONTENT_TYPE, "application/x-amz-json-1.1")];
    (axum::http::StatusCode::from_u16(status).unwrap(), content_type, body.to_string()).into_response()
}

//! Runs the Lambda function `approval-handler`: pages, sign-in and Slack's clicks, at a URL of their own.

use http_body_util::Full;
use lambda_http::request::RequestContext;
use lambda_http::{Error, Request, RequestExt, service_fn};
use runtask_approval_handler::lambda::{Pages, Start};
use runtask_lambda::run_function;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    run_function(async {
        let pages = Arc::new(Pages::new(Start::read().await?));
        lambda_http::run(service_fn(move |request: Request| {
            let pages = Arc::clone(&pages);
            async move {
                let domain = match request.request_context_ref() {
                    Some(RequestContext::ApiGatewayV2(context)) => context.domain_name.clone(),
                    _ => None,
                };
                Ok::<_, Error>(pages.answer(request, domain.as_deref()).await.map(Full::new))
            }
        }))
        .await
    })
}

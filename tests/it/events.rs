//! Tests the event builders against `lambda_http`, which knows the shapes by its own fixtures.

use lambda_http::request::{RequestContext, from_str};
use lambda_http::{Body, Request, RequestExt};
use runtask_tests::events::{self, BodyForm, HttpRequest, SHAPES};

const BODY: &str = r#"{"stage":"pre_plan","organization":"müller"}"#;

fn request() -> HttpRequest {
    HttpRequest::new("POST", "/format?a=1&a=2&b=x%20y")
        .header("Content-Type", "application/json")
        .header("X-TFC-Task-Signature", "abc")
        .header("User-Agent", "TFC/1.0")
        .header("Cookie", "a=1; b=2")
        .body(BODY)
}

fn parse(shape: events::Shape, form: BodyForm) -> Request {
    from_str(&shape(&request(), form).to_string()).unwrap()
}

fn body(request: &Request) -> &[u8] {
    match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    }
}

#[test]
fn every_shape_carries_the_request() {
    for (name, shape) in SHAPES {
        for form in BodyForm::ALL {
            let request = parse(shape, form);
            assert_eq!(request.method(), "POST", "{name}, {form:?}");
            assert_eq!(request.raw_http_path(), "/format", "{name}, {form:?}");
            assert_eq!(request.headers()["x-tfc-task-signature"], "abc", "{name}, {form:?}");
            assert_eq!(request.headers()["content-type"], "application/json", "{name}, {form:?}");
            assert_eq!(body(&request), BODY.as_bytes(), "{name}, {form:?}");
        }
    }
}

#[test]
fn every_shape_is_taken_for_what_it_is() {
    let kinds = SHAPES.map(|(_name, shape)| match parse(shape, BodyForm::Plain).request_context() {
        RequestContext::ApiGatewayV2(_) => "2.0",
        RequestContext::ApiGatewayV1(_) => "1.0",
        RequestContext::Alb(_) => "ALB",
        _ => "another",
    });
    assert_eq!(kinds, ["2.0", "2.0", "1.0", "ALB", "ALB"]);
}

/// `lambda_http` puts the stage of a REST API before the path of the URI, and leaves the raw path alone.
#[test]
fn the_stage_of_a_rest_api_is_in_the_uri_only() {
    let request = parse(events::rest_api, BodyForm::Plain);
    assert_eq!(request.uri().path(), "/prod/format");
    assert_eq!(request.raw_http_path(), "/format");
}

#[test]
fn repeated_parameters_survive_where_the_shape_has_lists() {
    let values = SHAPES.map(|(_name, shape)| {
        let request = parse(shape, BodyForm::Plain);
        let query = request.query_string_parameters();
        query.all("a").unwrap_or_default().join("+")
    });
    assert_eq!(values, ["1+2", "1+2", "1+2", "2", "1+2"]);
}

#[test]
fn a_request_without_a_body_has_none() {
    for (name, shape) in SHAPES {
        for form in BodyForm::ALL {
            let event = shape(&HttpRequest::new("GET", "/"), form).to_string();
            assert_eq!(body(&from_str(&event).unwrap()), b"", "{name}, {form:?}");
        }
    }
}

//! Writes spans as OTLP has them, in JSON.
//!
//! Source: OpenTelemetry protocol, `opentelemetry/proto/trace/v1/trace.proto`, and "JSON Protobuf Encoding" of the
//! specification: ids in hexadecimal, enumerations as numbers, 64-bit numbers as text.

use runtask_log::trace::{Kind, SpanRecord, Value};
use serde_json::{Map, Value as Json, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// The body of a request to a collector.
pub(crate) fn write(resource: &[(String, String)], spans: &[SpanRecord]) -> Vec<u8> {
    let resource: Vec<Json> =
        resource.iter().map(|(key, value)| attribute(key, json!({ "stringValue": value }))).collect();
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{
            "scope": { "name": "runtask", "version": env!("CARGO_PKG_VERSION") },
            "spans": spans.iter().map(span).collect::<Vec<_>>(),
        }],
    }] });
    body.to_string().into_bytes()
}

fn span(span: &SpanRecord) -> Json {
    let mut attributes: Vec<Json> =
        span.attributes.iter().map(|(key, it)| attribute(key, value(it))).collect();
    let mut written = Map::new();
    written.insert("traceId".to_owned(), hex::encode(span.context.trace_id).into());
    written.insert("spanId".to_owned(), hex::encode(span.context.span_id).into());
    if let Some(parent) = span.parent_id {
        written.insert("parentSpanId".to_owned(), hex::encode(parent).into());
    }
    written.insert("name".to_owned(), span.name.as_str().into());
    let kind = match span.kind {
        Kind::Internal => 1,
        Kind::Server => 2,
        Kind::Client => 3,
    };
    written.insert("kind".to_owned(), kind.into());
    written.insert("startTimeUnixNano".to_owned(), nanoseconds(span.started_at).into());
    written.insert("endTimeUnixNano".to_owned(), nanoseconds(span.ended_at).into());
    if let Some(why) = &span.error {
        attributes.push(attribute("error.type", json!({ "stringValue": why })));
        written.insert("status".to_owned(), json!({ "code": 2 }));
    }
    written.insert("attributes".to_owned(), attributes.into());
    written.into()
}

fn attribute(key: &str, value: Json) -> Json {
    json!({ "key": key, "value": value })
}

fn value(value: &Value) -> Json {
    match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
    }
}

fn nanoseconds(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

//! Reads where traces go, from the variables that OpenTelemetry defines.
//!
//! Sources: OpenTelemetry specification, "Environment Variable Specification" and "OpenTelemetry Protocol Exporter".

use http::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use runtask_settings::SettingsReader;
use url::Url;

/// What our spans are said to come from, where nobody says otherwise.
const SERVICE: &str = "runtask";

/// Taken as it is.
const WHOLE_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

/// What is for traces is below it.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

const SERVICE_KEY: &str = "service.name";

/// Where traces go, and which.
#[derive(Debug)]
pub(crate) struct TraceSettings {
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` as it is, or `OTEL_EXPORTER_OTLP_ENDPOINT` with `/v1/traces` behind it.
    pub(crate) endpoint: Url,
    /// `OTEL_EXPORTER_OTLP_TRACES_HEADERS` or `OTEL_EXPORTER_OTLP_HEADERS`: secrets, which do not print.
    pub(crate) headers: HeaderMap,
    /// `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`: what is said of this process.
    pub(crate) resource: Vec<(String, String)>,
    /// `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`: which traces are recorded; all unless set.
    pub(crate) sampler: Sampler,
}

/// Which traces are recorded. No request brings a trace of its own, so those that begin with `parentbased_` are what they
/// are without.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Sampler {
    Always,
    Never,
    /// This share of all, chosen by their ids.
    Ratio(f64),
}

impl Sampler {
    pub(crate) fn takes(self, trace_id: &[u8; 16]) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Ratio(ratio) => {
                // As many bits as a fraction has.
                let [.., a, b, c, d, e, f, g] = *trace_id;
                let random = u64::from_be_bytes([0, a, b, c, d, e, f, g]) >> 3;
                (random as f64) < ratio * (1_u64 << 53) as f64
            }
        }
    }
}

impl TraceSettings {
    /// Reads them; nothing where no collector is named, or traces are switched off.
    pub(crate) fn read(settings: &mut SettingsReader<'_>) -> Option<Self> {
        let (name, endpoint) = first(settings, [WHOLE_ENDPOINT, ENDPOINT])?;
        let exporter = settings.text("OTEL_TRACES_EXPORTER");
        if settings.flag("OTEL_SDK_DISABLED") || exporter.as_deref() == Some("none") {
            return None;
        }
        let endpoint = read_endpoint(settings, name, &endpoint);
        if exporter.is_some_and(|it| it != "otlp") {
            settings.problem("OTEL_TRACES_EXPORTER: write `otlp`, or `none` to send no traces");
        }
        let protocol = first(settings, ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]);
        if let Some((name, _)) = protocol.filter(|(_, it)| it != "http/json") {
            settings.problem(format!(
                "{name}: traces are sent as `http/json`, which a collector takes at port 4318: write that, or unset it"
            ));
        }
        let (headers, resource) = (read_headers(settings), read_resource(settings));
        let sampler = read_sampler(settings);
        Some(Self { endpoint: endpoint?, headers, resource, sampler })
    }
}

/// The first of two settings that is set, with its name: what is for traces alone goes before what is for everything.
fn first(settings: &SettingsReader<'_>, names: [&'static str; 2]) -> Option<(&'static str, String)> {
    names.into_iter().find_map(|name| Some((name, settings.text(name)?)))
}

fn read_endpoint(settings: &mut SettingsReader<'_>, name: &str, text: &str) -> Option<Url> {
    let is_whole = name == WHOLE_ENDPOINT;
    let url = Url::parse(text.trim()).ok().filter(|it| {
        let is_web = matches!(it.scheme(), "http" | "https") && it.has_host();
        let has_more = it.fragment().is_some() || (it.query().is_some() && !is_whole);
        is_web && it.username().is_empty() && it.password().is_none() && !has_more
    });
    let Some(mut url) = url else {
        settings.problem(format!(
            "{name}: write the collector's address, such as `http://127.0.0.1:4318`; keys go to OTEL_EXPORTER_OTLP_HEADERS"
        ));
        return None;
    };
    if !is_whole {
        url.set_path(&format!("{}/v1/traces", url.path().trim_end_matches('/')));
    }
    Some(url)
}

fn read_headers(settings: &mut SettingsReader<'_>) -> HeaderMap {
    let names = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
    let Some((name, text)) = first(settings, names) else { return HeaderMap::new() };
    let header = |(name, value): (String, String)| {
        let mut value = HeaderValue::from_str(&value).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::try_from(name).ok()?, value))
    };
    let headers = pairs(&text).and_then(|it| it.into_iter().map(header).collect());
    headers.unwrap_or_else(|| {
        settings.problem(format!("{name}: write headers as NAME=VALUE, separated by commas"));
        HeaderMap::new()
    })
}

fn read_resource(settings: &mut SettingsReader<'_>) -> Vec<(String, String)> {
    let text = settings.text("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let mut resource = pairs(&text).unwrap_or_else(|| {
        settings.problem("OTEL_RESOURCE_ATTRIBUTES: write attributes as NAME=VALUE, separated by commas");
        Vec::new()
    });
    if let Some(name) = settings.text("OTEL_SERVICE_NAME") {
        resource.retain(|(key, _)| key != SERVICE_KEY);
        resource.insert(0, (SERVICE_KEY.to_owned(), name));
    }
    for (key, value) in [(SERVICE_KEY, SERVICE), ("service.version", env!("CARGO_PKG_VERSION"))] {
        if !resource.iter().any(|(known, _)| known == key) {
            resource.push((key.to_owned(), value.to_owned()));
        }
    }
    resource
}

fn read_sampler(settings: &mut SettingsReader<'_>) -> Sampler {
    let name = settings.text("OTEL_TRACES_SAMPLER").unwrap_or_default();
    match name.strip_prefix("parentbased_").unwrap_or(&name) {
        "" | "always_on" => Sampler::Always,
        "always_off" => Sampler::Never,
        "traceidratio" => {
            let ratio = settings.text("OTEL_TRACES_SAMPLER_ARG").unwrap_or_else(|| "1".to_owned());
            let ratio = ratio.trim().parse().ok().filter(|it| (0.0..=1.0).contains(it));
            Sampler::Ratio(ratio.unwrap_or_else(|| {
                settings.problem("OTEL_TRACES_SAMPLER_ARG: write a number from 0 to 1, such as `0.1`");
                1.0
            }))
        }
        _ => {
            settings.problem(
                "OTEL_TRACES_SAMPLER: write `always_on`, `always_off` or `traceidratio`, or one of them behind \
                 `parentbased_`",
            );
            Sampler::Always
        }
    }
}

/// `NAME=VALUE,NAME=VALUE`, values percent-encoded; nothing where it is something else.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |it: &str| {
        let (name, value) = it.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        let name = name.trim();
        (!name.is_empty()).then(|| (name.to_owned(), value.into_owned()))
    };
    text.split(',').filter(|it| !it.trim().is_empty()).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(environment: &[(&str, &str)]) -> Result<Option<TraceSettings>, String> {
        let lookup = |name: &str| environment.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
        let mut settings = SettingsReader::new(&lookup);
        let read = TraceSettings::read(&mut settings);
        settings.finish().map(|()| read).map_err(|it| it.to_string())
    }

    const COLLECTOR: (&str, &str) = (ENDPOINT, "https://collector.example/otel/");

    #[test]
    fn without_a_collector_or_switched_off_there_is_nothing() {
        for environment in [
            &[][..],
            &[("OTEL_SERVICE_NAME", "x"), ("OTEL_EXPORTER_OTLP_HEADERS", "no header")],
            &[COLLECTOR, ("OTEL_SDK_DISABLED", "true")],
            &[COLLECTOR, ("OTEL_TRACES_EXPORTER", "none")],
            &[(ENDPOINT, "nowhere"), ("OTEL_SDK_DISABLED", "true")],
            &[(ENDPOINT, "")],
        ] {
            assert!(read(environment).unwrap().is_none(), "{environment:?}");
        }
    }

    #[test]
    fn everything_is_read() {
        let plain = read(&[COLLECTOR]).unwrap().unwrap();
        assert_eq!(plain.endpoint.as_str(), "https://collector.example/otel/v1/traces");
        assert_eq!(plain.sampler, Sampler::Always);
        let key = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let version = key("service.version", env!("CARGO_PKG_VERSION"));
        assert_eq!(plain.resource, [key("service.name", "runtask"), version.clone()]);
        let full = read(&[
            COLLECTOR,
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:4318/there?a=1"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "not=this"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "X-Key=a%20b=, other=hunter2"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=not-this,place=B%C3%BCro"),
            ("OTEL_SERVICE_NAME", "ours"),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_TRACES_EXPORTER", "otlp"),
        ]);
        let full = full.unwrap().unwrap();
        assert_eq!(full.endpoint.as_str(), "http://127.0.0.1:4318/there?a=1");
        assert_eq!(full.headers["x-key"], "a b=");
        assert_eq!(full.headers["other"], "hunter2");
        assert!(!format!("{full:?}").contains("hunter2"), "{full:?}");
        assert_eq!(full.resource, [key("service.name", "ours"), key("place", "Büro"), version]);
        assert_eq!(full.sampler, Sampler::Ratio(0.25));
    }

    #[test]
    fn what_is_wrong_is_told_without_its_value() {
        for endpoint in [
            "collector:4318",
            "ftp://hunter2/",
            "http://a:hunter2@b",
            "http://b?key=hunter2",
            "http://b/#hunter2",
            "grpc://",
        ] {
            let problem = read(&[(ENDPOINT, endpoint)]).unwrap_err();
            assert!(problem.starts_with("OTEL_EXPORTER_OTLP_ENDPOINT: write"), "{problem}");
            assert!(!problem.contains("hunter2"), "{problem}");
        }
        let problems = read(&[
            COLLECTOR,
            ("OTEL_SDK_DISABLED", "hunter2"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
            ("OTEL_RESOURCE_ATTRIBUTES", "a=%ff"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ]);
        insta::assert_snapshot!(problems.unwrap_err());
        for argument in ["2", "-0.1", "NaN", "half"] {
            let ratio = ("OTEL_TRACES_SAMPLER", "traceidratio");
            let problem = read(&[COLLECTOR, ratio, ("OTEL_TRACES_SAMPLER_ARG", argument)]).unwrap_err();
            assert_eq!(problem, "OTEL_TRACES_SAMPLER_ARG: write a number from 0 to 1, such as `0.1`");
        }
    }

    #[test]
    fn a_ratio_takes_ids_from_below() {
        let with = |low: u64| {
            let mut id = [0xff; 16];
            id[8..].copy_from_slice(&low.to_be_bytes());
            id
        };
        let half = Sampler::Ratio(0.5);
        assert!(half.takes(&with(0x007f_ffff_ffff_ffff)));
        assert!(!half.takes(&with(0x0080_0000_0000_0000)));
        assert!(Sampler::Ratio(1.0).takes(&with(u64::MAX)));
        assert!(!Sampler::Ratio(0.0).takes(&with(0)));
    }
}

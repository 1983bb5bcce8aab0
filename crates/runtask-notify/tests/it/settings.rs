//! Tests what is said of settings that are wrong.

use super::{load_with, lookup, parse};

fn problems(channels: &str) -> String {
    parse(channels).unwrap_err().to_string()
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    insta::assert_snapshot!(
        "problems",
        problems(
            "notify = [\"oops\", \"a\"]\n\
         [notify.a]\nkind = \"slak\"\n\
         [notify.b]\nkind = \"slack\"\nsite = \"datadoghq.com\"\n\
         [notify.c]\nurl = \"env:X\"\n\
         [notify.d]\nkind = \"datadog\"\nkey = \"env:X\"\nsite = \"datadoghq.org\"\non = [\"fail\"]\ntags = \"x\"\n\
         [notify.e]\nkind = \"pagerduty\"\nkey = \"env:X\"\nseverity = \"error\"\nregion = \"mars\"\n\
         [notify.f]\nkind = \"pagerduty\"\nkey = \"env:X\"\nevent = \"alert\"\non = [\"failed\"]\n\
         [notify.g]\nkind = \"webhook\"\nurl = \"env:X\"\norigin = \"https://a.example/x\"\n\
         [notify.G_]\nkind = \"slack\"\nurl = \"env:X\"\n\
         [notify.h]\nkind = \"eventbridge\"\n\
         [notify.i]\nkind = \"eventbridge\"\nbus = \"arn:aws:sns:eu-central-1:123456789012:acme\"\n"
        )
    );
}

#[test]
fn the_name_of_a_channel_is_not_left_out() {
    insta::assert_snapshot!(problems("[notify]\nkind = \"slack\"\nurl = \"env:SLACK\"\n"), @r#"
    error: a channel has a name: write `[notify.ops]`, and there `kind`
     --> runtask.toml:4:1
      |
    4 | kind = "slack"
      | ^^^^

    error: a channel has a name: write `[notify.ops]`, and there `url`
     --> runtask.toml:5:1
      |
    5 | url = "env:SLACK"
      | ^^^

    2 errors
    "#);
}

/// A secret that was written into the file is not shown: what is said of it may end in the log of CI.
#[test]
fn a_secret_in_the_file_is_not_repeated() {
    let said =
        problems("[notify.ops]\nkind = \"slack\"\nurl = \"https://hooks.slack.com/services/T0/B0/s3cret\"\n");
    assert!(!said.contains("s3cret"), "{said}");
    insta::assert_snapshot!(said, @r#"
    error: `url` of this channel is a secret and does not belong into this file: write where it is, `env:NAME` for a variable, `file:PATH`, or `ssm:///NAME`
     --> runtask.toml:3:9
      |
    3 | [notify.ops]
      |         ^^^

    warning: no task tells the channel `ops`: add `notify = ["ops"]` to those that should
     --> runtask.toml:3:9
      |
    3 | [notify.ops]
      |         ^^^

    1 error, 1 warning
    "#);
}

#[test]
fn a_channel_that_nobody_tells_is_a_warning() {
    let (tasks, warnings) = parse("[notify.ops]\nkind = \"slack\"\nurl = \"env:SLACK\"\n").unwrap();
    insta::assert_snapshot!(warnings.to_string(), @r#"
    warning: no task tells the channel `ops`: add `notify = ["ops"]` to those that should
     --> runtask.toml:3:9
      |
    3 | [notify.ops]
      |         ^^^

    no errors, 1 warning
    "#);
    assert_eq!(tasks.get("default").unwrap().notify, Vec::<String>::new());
    let (tasks, warnings) =
        parse("notify = [\"ops\"]\n[notify.ops]\nkind = \"slack\"\nurl = \"env:SLACK\"\n").unwrap();
    assert!(warnings.is_empty());
    assert_eq!(tasks.get("default").unwrap().notify, ["ops"]);
}

#[test]
fn what_is_wrong_with_a_secret_is_said_without_it() {
    let values = |name: &str| {
        let value = match name {
            "OTHER_HOST" => "https://hooks.slack.example/services/s3cret",
            "HTTP" => "http://hooks.slack.com/services/s3cret",
            "NO_URL" => "s3cret",
            "IP" => "https://10.1.2.3/s3cret",
            "SHORT" => "whsec_s3cret",
            "KEY" => "s3cret",
            other => return lookup(other),
        };
        Some(value.to_owned())
    };
    let said = |settings: &str| load_with(&format!("[notify.ops]\n{settings}"), &values).unwrap_err();
    let slack = |name: &str| said(&format!("kind = \"slack\"\nurl = \"env:{name}\"\n"));
    let webhook = |url: &str, secret: &str| {
        said(&format!("kind = \"webhook\"\nurl = \"env:{url}\"\nsecret = \"env:{secret}\"\n"))
    };
    let all = [
        slack("UNSET"),
        slack("OTHER_HOST"),
        slack("HTTP"),
        slack("NO_URL"),
        webhook("IP", "SECRET"),
        webhook("SLACK", "SHORT"),
        said("kind = \"pagerduty\"\nkey = \"env:KEY\"\n"),
        said("kind = \"slack\"\nurl = \"file:/nowhere/secret\"\n"),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    channel ops: `url`: UNSET is not set
    channel ops: `url`: its host is none of hooks.slack.com: copy it as it was given to you
    channel ops: `url`: it does not begin with https:// and a host
    channel ops: `url`: it is no address
    channel ops: `url`: its host is no name: name its origin as `origin` too, if you mean it
    channel ops: `secret`: it is no secret of a webhook: `whsec_` and 24 to 64 bytes in base64
    channel ops: `key`: it is no integration key: 32 letters and digits
    channel ops: `url`: the file /nowhere/secret cannot be read: No such file or directory (os error 2)
    ");
    assert!(!all.join("").contains("s3cret"));
    assert!(
        load_with(&format!("[notify.ops]\nkind = \"slack\"\nurl = \"env:{}\"\n", "SLACK"), &values).is_ok()
    );
}

//! What is read, and what is wrong with it.

use crate::{KEY, read};
use runtask_approval_handler::{HandlerSettings, RoomSettings, SignInSettings};
use runtask_approvals::channels::slack::SlackButtons;
use runtask_approvals::identity::Provider;

const TENANT: &str = "99999999-8888-7777-6666-555555555555";
const WEBHOOK: &str = "https://prod-1.westeurope.logic.azure.com/workflows/x?sig=SECRET";

/// A file with these tables, and a task that asks in these channels.
fn file(tables: &str, channels: &str) -> String {
    format!(
        "{tables}\n[approval.groups]\npayments = {{ people = [\"ada@example.com\"] }}\n[tasks.prod.approval]\n\
         self_approval = true\nrequired = [{{ group = \"payments\" }}]\nchannels = [{channels}]\n"
    )
}

fn with(tables: &str, channels: &str, more: &[(&str, &str)]) -> Result<HandlerSettings, String> {
    let mut environment = vec![
        ("BASE_PUBLIC_URL", "https://approve.example.com/"),
        ("RUNTASK_APPROVALS_KEY", KEY),
        ("TEAMS_WEBHOOK_URL", WEBHOOK),
        ("OIDC_CLIENT_SECRET", "a-client-secret"),
        ("SLACK_BOT_TOKEN", "xoxb-a-token"),
        ("SLACK_SIGNING_SECRET", "a-signing-secret"),
    ];
    environment.extend(more);
    read(&file(tables, channels), &environment).map(|it| it.0)
}

/// A provider, of which nothing is said but its issuer and this.
fn oidc(issuer: &str, more: &str) -> String {
    format!("[approval.oidc]\nissuer = \"{issuer}\"\nclient_id = \"runtask\"\n{more}")
}

#[test]
fn one_channel_in_teams_needs_no_table_of_its_own() {
    let oidc = oidc("https://login.example.com", "");
    let settings = with(&oidc, "\"teams:payments\"", &[]).unwrap();
    assert_eq!(settings.address.page("/-/a/x"), "https://approve.example.com/-/a/x");
    let rooms: Vec<_> = settings.rooms.iter().collect();
    assert!(
        matches!(rooms.as_slice(), [(channel, RoomSettings::Teams { .. })] if channel.0 == "teams:payments")
    );
    assert!(settings.slack.is_none());
    let two = with(&oidc, "\"teams:payments\", \"teams:security\"", &[]).unwrap_err();
    assert_eq!(
        two,
        "there is more than one channel in Teams, so the tasks' file needs [approval.teams.payments] with `url`\n\
         there is more than one channel in Teams, so the tasks' file needs [approval.teams.security] with `url`"
    );
}

#[test]
fn each_provider_is_known_by_its_issuer() {
    let provider =
        |issuer: &str, more: &str| match with(&oidc(issuer, more), "\"teams:a\"", &[]).unwrap().sign_in {
            SignInSettings::Oidc(oidc) => oidc.provider,
            other => panic!("{other:?}"),
        };
    let entra = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    assert_eq!(provider(&entra, ""), Provider::Entra { tenant: TENANT.to_owned() });
    let google = provider("https://accounts.google.com", "domain = \"example.com\"");
    assert_eq!(google, Provider::Google { domain: "example.com".to_owned() });
    let okta = Provider::Okta { groups_claim: "groups".to_owned() };
    assert_eq!(provider("https://acme.okta.com/oauth2/default", ""), okta);
    assert_eq!(
        provider("https://login.acme.example", "provider = \"okta\""),
        okta,
        "under a name of one's own"
    );
    assert_eq!(provider("https://login.example.com", ""), Provider::Other { groups_claim: None });
    let other = with(&oidc(&entra, "provider = \"other\""), "\"teams:a\"", &[]).unwrap_err();
    assert!(other.contains("this issuer is of the provider `entra`: take `provider` out"), "{other}");
    let google = with(&oidc("https://accounts.google.com", ""), "\"teams:a\"", &[]).unwrap_err();
    assert!(google.contains("`domain` is missing"), "{google}");
}

#[test]
fn buttons_in_slack_are_votes_where_slack_says_who_clicked() {
    let buttons = |tables: &str| {
        let settings = with(tables, "\"slack:C0EXAMPLE01\"", &[]).unwrap();
        let room = settings.rooms.into_values().next();
        let Some(RoomSettings::Slack { id, buttons, .. }) = room else { panic!("no channel in Slack") };
        assert_eq!(id, "C0EXAMPLE01");
        (buttons, settings.slack.is_some())
    };
    let votes = "[approval]\nidentity = \"slack\"\n[approval.slack]\napp = \"A0\"\nteam = \"T0\"\n";
    assert_eq!(buttons(votes), (SlackButtons::Votes, true));
    let links =
        format!("{}[approval.slack]\napp = \"A0\"\nteam = \"T0\"\n", oidc("https://login.example.com", ""));
    assert_eq!(buttons(&links), (SlackButtons::Links, true));
    assert_eq!(buttons(&oidc("https://login.example.com", "")), (SlackButtons::Links, false));
    let error = with("[approval]\nidentity = \"slack\"", "\"slack:C0\"", &[]).unwrap_err();
    assert!(error.contains("needs [approval.slack] with `app` and `team`"), "{error}");
}

#[test]
fn a_load_balancers_keys_are_those_of_its_region() {
    let alb = "[approval]\nidentity = \"proxy-jwt\"\n[approval.proxy]\nkind = \"alb\"\nclient_id = \"c\"\n\
               issuer = \"https://login.example.com\"\n";
    let arn = "arn = \"arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/a/b\"\n";
    let settings = with(&format!("{alb}{arn}"), "\"teams:a\"", &[]).unwrap();
    let shown = format!("{:?}", settings.sign_in);
    assert!(shown.contains("public-keys.auth.elb.eu-central-1.amazonaws.com"), "{shown}");
    let error = with(&format!("{alb}arn = \"arn:aws:s3:::x\"\n"), "\"teams:a\"", &[]).unwrap_err();
    assert!(error.contains("this is no ARN of a load balancer"), "{error}");
}

#[test]
fn every_problem_is_told_and_no_secret_is_repeated() {
    let tables = "[approval.teams.payments]\nurl = \"env:PAYMENTS\"\n[approval.teams.ops]\nurl = \"env:UNSET\"\n\
                  [approval.slack]\ntoken = \"env:TOKEN\"\n";
    let connector = "https://acme.webhook.office.com/webhookb2/SECRET";
    let environment = [
        ("BASE_PUBLIC_URL", "http://approve.example.com"),
        ("RUNTASK_APPROVALS_KEY", "SECRET"),
        ("RUNTASK_APPROVALS_PREVIOUS_KEY", KEY),
        ("PAYMENTS", connector),
        ("TOKEN", "xoxp-SECRET"),
    ];
    let error = read(&file(tables, "\"teams:payments\""), &environment).unwrap_err();
    assert!(!error.contains("SECRET"), "{error}");
    insta::assert_snapshot!(error);
}

#[test]
fn the_file_holds_no_secrets_and_says_where_they_are() {
    let tables = format!(
        "{}[approval.teams.a]\nurl = \"{WEBHOOK}\"\n[approval.slack]\ntoken = \"ssm:///runtask/slack\"\n",
        oidc("https://login.example.com", "client_secret = \"hunter2-SECRET\"\n")
    );
    let error = with(&tables, "\"teams:a\"", &[]).unwrap_err();
    assert!(error.contains("`client_secret` is a secret") && error.contains("`url` is a secret"), "{error}");
    assert!(!error.contains("SECRET"), "{error}");
}

#[test]
fn keys_of_before_count_until_a_moment() {
    let more =
        [("RUNTASK_APPROVALS_PREVIOUS_KEY", KEY), ("RUNTASK_APPROVALS_PREVIOUS_KEY_UNTIL", "tomorrow")];
    let oidc = oidc("https://login.example.com", "");
    let error = with(&oidc, "\"teams:a\"", &more).unwrap_err();
    assert!(error.starts_with("RUNTASK_APPROVALS_PREVIOUS_KEY_UNTIL: "), "{error}");
    let more = [more[0], ("RUNTASK_APPROVALS_PREVIOUS_KEY_UNTIL", "2027-01-31T12:00:00Z")];
    assert!(with(&oidc, "\"teams:a\"", &more).is_ok());
}

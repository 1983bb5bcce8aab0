//! Values that are encrypted for this function, and for the jobs of one project.

use super::world::{Aws, RUNNER};
use gitlab_simulator::{JobSpec, Status};
use serde_json::{Value, json};

struct Key<'a> {
    aws: &'a Aws,
    id: String,
}

impl<'a> Key<'a> {
    async fn make(aws: &'a Aws) -> Self {
        let answer = call(aws, "CreateKey", &json!({})).await;
        Self { aws, id: answer["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned() }
    }

    /// The ciphertext in base64, for a function and maybe a project.
    async fn encrypt(&self, text: &str, function: &str, project: Option<&str>) -> String {
        use base64::Engine;
        let plain = base64::prelude::BASE64_STANDARD.encode(text);
        let mut context = json!({"function": function});
        if let Some(project) = project {
            context["project"] = project.into();
        }
        let body = json!({"KeyId": self.id, "Plaintext": plain, "EncryptionContext": context});
        call(self.aws, "Encrypt", &body).await["CiphertextBlob"].as_str().unwrap().to_owned()
    }
}

async fn call(aws: &Aws, operation: &str, body: &Value) -> Value {
    runtask_tests::aws::call(aws.moto.endpoint(), "kms", &format!("TrentService.{operation}"), body).await
}

/// G-12: a ciphertext is of use to its function and its project, whoever puts it where.
#[tokio::test]
async fn an_encrypted_value_is_for_its_function_and_its_project() {
    let aws = Aws::start().await;
    let key = Key::make(&aws).await;
    let world = aws
        .world("encrypted", json!({}), |it| {
            it.env("RUNNER_SECRET_ID", "encrypted")
                .env("RUNNER_SECRET_KEYS", "DB_PASSWORD,OTHER_PASSWORD,BY_VARIABLE")
        })
        .await;
    let token = key.encrypt(&world.simulator.runner_token(), RUNNER, None).await;
    let password = key.encrypt("password-EXAMPLE", RUNNER, Some("infra/network")).await;
    let secret = json!({
        "GITLAB_RUNNER_TOKEN": format!("kms:{token}"),
        "DB_PASSWORD": format!("kms:Infra/Network:{password}"),
        // For another project, whose jobs alone may have it.
        "OTHER_PASSWORD": format!("kms:infra/other:{password}"),
    });
    aws.put_secret("encrypted", &secret).await;
    world.simulator.add_secret("password-EXAMPLE", "the encrypted password");
    let script =
        "[ \"$DB_PASSWORD\" = \"$(printf %s password- EXAMPLE)\" ]; echo \"${OTHER_PASSWORD:-none}\"";
    let spec = JobSpec::new("plan", &[script]).variable("FF_TIMESTAMPS", "0");
    let id = world.simulator.enqueue(&spec);
    let answer = world.poll().await;
    let job = world.simulator.job(id).unwrap();
    assert_eq!(job.status, Status::Success, "{} {answer:?}", job.log_text());
    assert!(job.log_text().contains("\nnone\n"), "{}", job.log_text());
    world.is_innocent("encrypted").await;
}

/// A ciphertext that was made for something else opens nothing, and says so.
#[tokio::test]
async fn a_value_that_is_encrypted_for_somebody_else_fails_the_job_in_words() {
    let aws = Aws::start().await;
    let key = Key::make(&aws).await;
    let elsewhere = key.encrypt("password-EXAMPLE", "another-function", Some("infra/network")).await;
    let secret = json!({"DB_PASSWORD": format!("kms:infra/network:{elsewhere}")});
    let world = aws.world("elsewhere", secret, |it| it.env("RUNNER_SECRET_KEYS", "DB_PASSWORD")).await;
    let id = world.simulator.enqueue(&JobSpec::new("plan", &["echo ran"]).variable("FF_TIMESTAMPS", "0"));
    assert!(world.poll().await.is_success());
    let job = world.simulator.job(id).unwrap();
    let log = job.log_text();
    assert_eq!(job.final_state.unwrap().failure_reason.as_deref(), Some("runner_system_failure"), "{log}");
    assert!(log.contains("DB_PASSWORD cannot be decrypted") && !log.contains("\nran\n"), "{log}");
    world.is_innocent("elsewhere").await;
}

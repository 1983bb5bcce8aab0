use super::*;
use crate::simulator::SimulatorSettings;

const PIPELINE: &str = r#"
stages: [validate, plan, apply]
variables: {TF_ROOT: prod}
.terraform: &terraform
  before_script:
    - terraform init -reconfigure
validate:
  <<: *terraform
  stage: validate
  script:
    - terraform validate
    - terraform fmt -check -diff -recursive
plan:
  extends: .terraform
  stage: plan
  script: terraform plan -out=plan.cache
  needs: [validate]
  artifacts:
    paths: [plan.cache]
    expire_in: 1 week
    reports: {terraform: tfplan.json}
apply:
  extends: .terraform
  stage: apply
  script: [terraform apply -auto-approve plan.cache]
  needs: [plan]
  when: manual
  only: [main]
other:
  stage: apply
  script: ["true"]
  rules:
    - if: $CI_COMMIT_BRANCH == "other"
"#;

fn summary(pipeline: &Pipeline) -> Vec<String> {
    let one = |it: &PipelineJob| {
        let needs = it.read.needs.clone().unwrap_or_default().join(",");
        format!(
            "{} {} {:?} needs {needs} may fail {:?}",
            it.stage(),
            it.name(),
            it.read.start,
            it.read.allow_failure
        )
    };
    pipeline.jobs().iter().map(one).collect()
}

/// G-26: a file as those who come from elsewhere have it.
#[test]
fn a_pipeline_is_read_as_gitlab_reads_it() {
    let pipeline = Pipeline::read(PIPELINE).unwrap();
    assert_eq!(
        summary(&pipeline),
        [
            "validate validate OnSuccess needs  may fail None",
            "plan plan OnSuccess needs validate may fail None",
            "apply apply Manual needs plan may fail Some([])",
        ]
    );
}

#[test]
fn what_is_not_known_is_refused() {
    let check = |yaml: &str, words: &str| {
        let error = Pipeline::read(yaml).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    check("[]", "it is no mapping");
    check("a: {script: x, trigger: y}", "job a: `trigger` is not known here");
    check("a: {script: x, stage: y}", "job a: the stage y is none");
    check("a: {script: x, needs: [b]}", "job a: it needs b, which there is not");
    check("a: {stage: test}", "job a: it has no script");
    check("a: {script: !reference [b, script]}", "tags such as !reference");
    check("a: {extends: a, script: x}", "job a: it extends a too deeply");
    check("a: {script: x, rules: [{changes: [b]}]}", "`changes` in rules");
    check("a: [", "this is no YAML");
    let bomb = (0..9).fold("a0: &a0 [x]\n".to_owned(), |text, it| {
        format!("{text}a{0}: &a{0} [{1}]\n", it + 1, vec![format!("*a{it}"); 9].join(","))
    });
    check(&bomb, "too many values");
    check(&"[".repeat(60), "too deep");
}

#[tokio::test]
async fn a_job_comes_when_those_before_it_have_ended() {
    let simulator = Simulator::start(SimulatorSettings::default()).await.unwrap();
    let mut pipeline = Pipeline::read(PIPELINE).unwrap();
    let queued = pipeline.advance(&simulator, |it| it);
    assert_eq!(queued.len(), 1);
    assert!(pipeline.advance(&simulator, |it| it).is_empty());
    assert!(!pipeline.is_over(&simulator));
    simulator.cancel(queued[0]);
    assert!(pipeline.advance(&simulator, |it| it).is_empty());
    assert_eq!(
        pipeline.jobs().iter().map(|it| it.status(&simulator)).collect::<Vec<_>>(),
        ["canceled", "skipped", "skipped"]
    );
    assert!(pipeline.is_over(&simulator));
    assert_eq!(pipeline.status(&simulator), "failed");
    assert_eq!(pipeline.play(&simulator, "apply", |it| it), None);
}

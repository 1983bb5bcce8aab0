//! Decides whether a run needs people, and which, once its checks are done.

use crate::facts::{PlanFacts, Policy, RunFacts};
use crate::rules::{Requirement, Rules};
use crate::settings::{ApprovalSettings, Asked, TaskApproval, UnknownCreator, When};

/// What is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// Nobody is asked: what the checks say is the verdict.
    Nobody,
    /// Nobody is asked, because nobody could make up for these: the codes of policies that failed.
    Hopeless(Vec<String>),
    /// People are asked, by these rules. What is a policy's failure may be made up for.
    People(Rules),
}

impl TaskApproval {
    /// What a run needs. `plan` is `None` where there is none, or nobody could read it: then it may do anything.
    #[must_use]
    pub fn need(
        &self,
        settings: &ApprovalSettings,
        run: &RunFacts,
        plan: Option<&PlanFacts>,
        policies: &[Policy],
    ) -> Need {
        let failed = policies.iter().filter(|it| !it.passed);
        let hopeless: Vec<String> =
            failed.clone().filter(|it| !self.overrides.contains(&it.id)).map(|it| it.id.clone()).collect();
        if !hopeless.is_empty() {
            return Need::Hopeless(hopeless);
        }
        if run.speculative && !self.speculative {
            return Need::Nobody;
        }
        let policy_failed = failed.count() > 0;
        let holds = |when: &When| match when {
            When::Always => true,
            When::Changes => plan.is_none_or(|it| it.add > 0 || it.change > 0 || it.destroy > 0),
            When::Destroys => plan.is_none_or(|it| it.destroy > 0),
            When::PolicyFailed => policy_failed,
        };
        if !self.when.iter().any(holds) {
            return Need::Nobody;
        }
        let asked = |it: &&Asked| it.when.as_ref().is_none_or(|when| when.iter().any(holds));
        let required = self.required.iter().filter(asked);
        let required = required.map(|it| Requirement { group: it.group.clone(), count: it.count }).collect();
        Need::People(self.rules(settings, run, required))
    }

    fn rules(&self, settings: &ApprovalSettings, run: &RunFacts, required: Vec<Requirement>) -> Rules {
        let creator_is_known = run.created_by.as_ref().is_some_and(|it| settings.directory.knows(it));
        Rules {
            required,
            distinct: self.distinct,
            self_approval: self.self_approval,
            creator_refused: !self.self_approval
                && !creator_is_known
                && settings.unknown_creator == UnknownCreator::Refuse,
            reject: self.reject,
            reject_reason: self.reject_reason,
            confirm_name: self.confirm_name,
            on_expiry: self.on_expiry,
            break_glass: self.break_glass.clone(),
            by_link: settings.identity == crate::person::Proof::Link,
            channel_minutes: self.channel_minutes,
        }
    }
}

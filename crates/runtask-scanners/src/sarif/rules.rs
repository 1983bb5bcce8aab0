//! Finds the rule of a result.

use super::document::{Component, Found, Reference, Rule, Tool};
use crate::lenient::{Whole, each, object};
use std::collections::HashMap;

/// Rules that are read of one run. GitHub takes as many.
const MAX_RULES: usize = 25_000;

/// The rules of a run, by the parts of the tool that have them.
#[derive(Debug, Default)]
pub(super) struct Rules<'a> {
    /// The driver's, then those of extensions.
    components: Vec<Own<'a>>,
    /// The name of the tool; empty where it does not say.
    pub(super) tool: String,
}

#[derive(Debug, Default)]
struct Own<'a> {
    component: Component<'a>,
    rules: Vec<Option<Rule<'a>>>,
    by_id: HashMap<String, usize>,
}

/// A rule, as far as it is known, and its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'r, 'a> {
    /// Its name, as the result has it.
    pub(super) id: &'r str,
    pub(super) rule: Option<&'r Rule<'a>>,
    pub(super) component: Option<&'r Component<'a>>,
    /// Which rule it is, where it is listed: of what part, and there which.
    place: Option<(usize, usize)>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(tool: Tool<'a>) -> Self {
        let driver = tool.driver.0.unwrap_or_default();
        let name = driver.name.get().unwrap_or_default().to_owned();
        let mut left = MAX_RULES;
        let mut components = vec![Own::of(driver, &mut left)];
        if let Some(extensions) = tool.extensions {
            each(extensions, |it| {
                // One that cannot be read still counts: others are named by their places.
                if components.len() < MAX_RULES {
                    components.push(Own::of(object(it).unwrap_or_default(), &mut left));
                }
            });
        }
        Self { components, tool: name }
    }

    /// The rule of a result: by its place among the rules of a part of the tool, or else by its name. `A/b` is a kind of
    /// the rule `A` (3.27.5).
    pub(super) fn of_result<'r>(&'r self, found: &'r Found<'a>) -> Named<'r, 'a> {
        let id = found.rule_id.get();
        let reference = found.rule.get();
        self.find(id.or_else(|| reference?.id.get()), reference, found.rule_index)
    }

    /// Whether a reference means the same rule.
    pub(super) fn means(&self, reference: &Reference<'a>, named: &Named<'_, 'a>) -> bool {
        let other = self.find(reference.id.get(), Some(reference), Whole(None));
        match (other.place, named.place) {
            (Some(one), Some(other)) => one == other,
            _ => !other.id.is_empty() && other.id == named.id,
        }
    }

    fn find<'r>(
        &'r self,
        id: Option<&'r str>,
        reference: Option<&Reference<'_>>,
        rule_index: Whole,
    ) -> Named<'r, 'a> {
        let (number, own) = self.component(reference);
        let by_place = |own: &'r Own<'a>| {
            let place = usize::try_from(reference.and_then(|it| it.index.0).or(rule_index.0)?).ok()?;
            own.rules.get(place)?.as_ref().map(|rule| (place, rule))
        };
        let by_name = |own: &'r Own<'a>| {
            let mut name = id?;
            loop {
                if let Some(place) = own.by_id.get(name) {
                    return own.rules.get(*place)?.as_ref().map(|rule| (*place, rule));
                }
                name = name.rsplit_once('/')?.0;
            }
        };
        let found = own.and_then(|it| by_place(it).or_else(|| by_name(it)));
        let rule = found.map(|(_, rule)| rule);
        let id = id.or_else(|| rule?.id.get()).unwrap_or_default();
        let place = found.map(|(place, _)| (number, place));
        Named { id, rule, component: own.map(|it| &it.component), place }
    }

    /// The part of the tool that has the rule: the driver, unless a reference names another.
    fn component(&self, reference: Option<&Reference<'_>>) -> (usize, Option<&Own<'a>>) {
        let number = reference.and_then(|it| it.tool_component.get()).and_then(|component| {
            let by_guid = |guid| self.components.iter().position(|it| it.component.guid.get() == Some(guid));
            let by_index = |index: u32| usize::try_from(index).ok()?.checked_add(1);
            component.index.0.and_then(by_index).or_else(|| component.guid.get().and_then(by_guid))
        });
        let number = number.unwrap_or_default();
        (number, self.components.get(number))
    }
}

impl<'a> Own<'a> {
    fn of(component: Component<'a>, left: &mut usize) -> Self {
        let (mut rules, mut by_id) = (Vec::new(), HashMap::new());
        if let Some(list) = component.rules {
            each(list, |it| {
                if *left == 0 {
                    return;
                }
                *left -= 1;
                let rule: Option<Rule<'a>> = object(it);
                if let Some(id) = rule.as_ref().and_then(|it| it.id.get()) {
                    // Some tools list a rule twice.
                    by_id.entry(id.to_owned()).or_insert(rules.len());
                }
                rules.push(rule);
            });
        }
        Self { component, rules, by_id }
    }
}

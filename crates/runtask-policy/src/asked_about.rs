//! Holds what rules are asked about: a plan, with what is not known yet as unknown or as absent, and data.

use crate::message::{Purpose, Request, Trouble};
use crate::node::from_json;
use crate::plan;
use crate::unknowns::{UnknownPlace, with_unknowns, with_unknowns_in_test};
use rego::{Documents, Heap, Value};
use std::fmt::Display;
use std::io::Read;

/// What rules are asked about.
#[derive(Debug, Clone)]
pub(crate) struct AskedAbout {
    /// The plan as it is written, and data. In tests there is no plan but that of `with input as`.
    pub(crate) known: Documents,
    /// The same where what is known only after apply is unknown, if anything is.
    pub(crate) with_unknowns: Option<Documents>,
    /// Where the unknowns are, by their numbers.
    pub(crate) places: Vec<UnknownPlace>,
}

/// What was read of a plan: the heap that it is in, and the plan, unless there is none.
pub(crate) type ReadPlan = Result<(Heap, Option<Value>), Trouble>;

/// Reads a plan, unless there is none.
pub(crate) fn read_plan(request: &Request, plan: impl Read) -> ReadPlan {
    let mut heap = Heap::new(usize::try_from(request.memory.of_plan()).unwrap_or(usize::MAX));
    let mut input = match request.purpose {
        Purpose::Judge => Some(plan::read(&mut heap, plan, request.plan_bytes)?),
        Purpose::Query => plan::read_any(&mut heap, plan)?,
        Purpose::Test | Purpose::List => None,
    };
    if let (Some(plan), Some(address)) = (input, &request.address) {
        let only = plan::with_one_resource(&mut heap, plan, address);
        input = Some(only.map_err(|error| Trouble::new(format!("the plan: {error}")))?);
    }
    Ok((heap, input))
}

impl AskedAbout {
    /// Puts the data beside a plan. Without unknowns, what is known only after apply is absent.
    pub(crate) fn new(request: &Request, has_unknowns: bool, plan: ReadPlan) -> Result<Self, Trouble> {
        let (mut heap, input) = plan?;
        let (mut marked, mut places) = (None, Vec::new());
        if let (true, Some(input)) = (has_unknowns, input) {
            let (plan, found) = with_unknowns(&mut heap, input)
                .map_err(|error| Trouble::new(format!("the plan: {error}")))?;
            marked = (!found.is_empty()).then_some(plan);
            places = found;
        }
        let mut data = request.data.as_object().cloned().unwrap_or_default();
        data.insert("run".to_owned(), request.run.clone());
        data.insert("params".to_owned(), request.params.clone());
        let unread = |error: &dyn Display| Trouble::new(format!("the data for policies: {error}"));
        let data = from_json(&mut heap, &data.into()).map_err(|error| unread(&error))?;
        let files = request.configs.iter().map(|it| (it.name.clone(), it.text.to_string())).collect();
        let known = Documents::new(heap, input, data).map_err(|error| unread(&error))?.with_files(files);
        let count = u32::try_from(places.len()).unwrap_or(u32::MAX);
        let with_unknowns = match (marked, request.purpose) {
            (Some(plan), _) => Some(known.clone().with_input(plan).with_unknowns(count)),
            (None, Purpose::Test) => Some(known.clone().with_reader(with_unknowns_in_test)),
            (None, _) => None,
        };
        Ok(Self { known, with_unknowns, places })
    }
}

//! The pair of handlers, from the request to the final result, in both of its forms: `runtask serve` and the Lambda
//! functions.

mod failure;
mod lambda;
mod messages;
mod native;
mod network;
mod once;
mod origins;
mod policies;
mod reading;
mod reporting;
mod stages;
mod told;
mod trouble;

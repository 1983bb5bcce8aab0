//! Tests runs that wait for people: through `runtask serve` as a process, with stand-ins for the services around.

mod command;
pub(crate) mod company;
mod demo;
mod one_replica;
mod replicas;
mod rotation;
mod slack;

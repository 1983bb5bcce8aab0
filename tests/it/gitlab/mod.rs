//! The GitLab runner as Lambda functions: real programs under the double, a GitLab that judges, an AWS that moto plays.

mod command;
mod deadlines;
mod deaths;
mod encrypted;
mod errors;
mod hook;
mod jobs;
mod objects;
mod roles;
mod sandbox;
mod world;

//! Reads every module of a file of cases, a JSON object a line, and says which cannot be read. The modules of a case are
//! its `modules`, a list, or its `files`, an object.
//!
//! `cargo run -p rego --example parse_all -- cases.jsonl`

#![expect(clippy::print_stdout, reason = "it is a program for the terminal")]

use serde_json::Value;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut read, mut refused) = (0, 0);
    for file in std::env::args().skip(1) {
        for line in std::fs::read_to_string(&file)?.lines() {
            let case: Value = serde_json::from_str(line)?;
            let list = case.get("modules").and_then(Value::as_array).into_iter().flatten();
            let files = case.get("files").and_then(Value::as_object).into_iter().flat_map(|it| it.values());
            let modules = list.chain(files);
            for text in modules.filter_map(Value::as_str) {
                match rego::parse_module(text, None) {
                    Ok(module) => {
                        read += 1;
                        let printed = module.to_string();
                        match rego::parse_module(&printed, Some(module.version)) {
                            Ok(again) if again.to_string() == printed => {}
                            Ok(again) => {
                                println!("{}: printed twice it differs:\n{printed}\n{again}", name(&case))
                            }
                            Err(errors) => {
                                println!("{}: cannot be read when it is printed:\n{printed}", name(&case));
                                errors.iter().for_each(|it| println!("{it}"));
                            }
                        }
                    }
                    Err(errors) => {
                        refused += 1;
                        println!("{}: refused", name(&case));
                        errors.iter().for_each(|it| println!("{it}"));
                    }
                }
            }
        }
    }
    println!("{read} read, {refused} refused");
    Ok(())
}

fn name(case: &Value) -> &str {
    case.get("name").or(case.get("note")).and_then(Value::as_str).unwrap_or("?")
}

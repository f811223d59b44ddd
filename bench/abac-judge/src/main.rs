//! Reads one JSON object a line, `{"condition", "action", "suboperation", "resource", "request", "principal"}`, and answers
//! one word a line: what Microsoft's evaluator of conditions says (`true`, `false`), `unparsed`, or `error`.
use regorus::languages::azure_rbac::ast::{
    EnvironmentContext, EvaluationContext, Principal, PrincipalType, RequestContext, Resource,
};
use regorus::languages::azure_rbac::interpreter::ConditionInterpreter;
use regorus::languages::azure_rbac::parser::parse_condition_expression;
use regorus::Value;
use serde_json::Value as Json;
use std::io::{self, BufRead, Write};

fn text(line: &Json, key: &str) -> Option<String> {
    line[key].as_str().map(str::to_string)
}

fn attributes(line: &Json, key: &str) -> Value {
    Value::from_json_str(&line[key].to_string()).expect("attributes are JSON")
}

fn context(line: &Json) -> EvaluationContext {
    EvaluationContext {
        principal: Principal {
            id: "p".into(),
            principal_type: PrincipalType::User,
            custom_security_attributes: attributes(line, "principal"),
        },
        resource: Resource {
            id: "/r".into(),
            resource_type: "t".into(),
            scope: "/".into(),
            attributes: attributes(line, "resource"),
        },
        request: RequestContext {
            action: text(line, "action"),
            data_action: text(line, "action"),
            attributes: attributes(line, "request"),
        },
        environment: EnvironmentContext {
            is_private_link: None,
            private_endpoint: None,
            subnet: None,
            utc_now: None,
        },
        action: text(line, "action"),
        suboperation: text(line, "suboperation"),
    }
}

fn main() {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line: Json = serde_json::from_str(&line.expect("a line")).expect("JSON");
        let condition = line["condition"].as_str().expect("a condition");
        let context = context(&line);
        let answer = match parse_condition_expression(condition) {
            Err(_) => "unparsed",
            Ok(parsed) => match ConditionInterpreter::new(&context).evaluate_condition_expression(&parsed) {
                Ok(true) => "true",
                Ok(false) => "false",
                Err(_) => "error",
            },
        };
        writeln!(out, "{answer}").expect("a pipe");
    }
}

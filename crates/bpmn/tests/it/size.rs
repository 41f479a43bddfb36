//! Documents of any size end in time: read fast, or refused by a limit.

use std::time::{Duration, Instant};

use bpmn::{ParseFailure, ParseOptions, ParsedDocument, parse};

const HEAD: &str = r#"<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="t"><bpmn:message id="m" name="m"/><bpmn:process id="p" isExecutable="true"><bpmn:startEvent id="s"/>"#;
const TAIL: &str = "</bpmn:process></bpmn:definitions>";

/// Generous for an unoptimised build, and far from what quadratic work would take.
const IN_TIME: Duration = Duration::from_secs(20);

fn check(body: &str) -> Result<ParsedDocument, ParseFailure> {
    let started = Instant::now();
    let result = parse(format!("{HEAD}{body}{TAIL}").as_bytes(), &ParseOptions::default());
    assert!(started.elapsed() < IN_TIME, "took {:?}", started.elapsed());
    result
}

fn repeated(count: usize, element: impl Fn(usize) -> String) -> String {
    (0..count).map(element).collect()
}

#[test]
fn ten_thousand_elements_on_one_line_are_read() {
    let tasks = |n| format!(r#"<bpmn:serviceTask id="t{n}" camunda:type="external" camunda:topic="${{topic}}"/>"#);
    let flows = |n| format!(r#"<bpmn:sequenceFlow id="f{n}" sourceRef="t{n}" targetRef="t{}"/>"#, (n + 1) % 10_000);
    let document = check(&(repeated(10_000, tasks) + &repeated(10_000, flows))).expect("nothing is wrong with it");
    let process = &document.processes[0];
    assert_eq!((process.elements.len(), process.flows.len()), (10_001, 10_000));
    assert!(process.elements.iter().skip(1).all(|task| task.incoming.len() == 1 && task.outgoing.len() == 1));
}

#[test]
fn ten_thousand_flows_and_events_of_one_element_are_read() {
    let task = r#"<bpmn:userTask id="t"/>"#.to_owned();
    let event = |n| {
        format!(
            r#"<bpmn:boundaryEvent id="b{n}" attachedToRef="t"><bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>"#
        )
    };
    let flow = |n| format!(r#"<bpmn:sequenceFlow id="f{n}" sourceRef="t" targetRef="t"/>"#);
    let document =
        check(&(task + &repeated(10_000, event) + &repeated(10_000, flow))).expect("nothing is wrong with it");
    let process = &document.processes[0];
    assert_eq!(process.elements[1].boundary_events.len(), 10_000);
}

#[test]
fn a_document_full_of_errors_reports_some_of_them() {
    let task = r#"<bpmn:userTask id="t"/>"#.to_owned();
    let event = |n| {
        format!(
            r#"<bpmn:boundaryEvent id="b{n}" attachedToRef="t"><bpmn:messageEventDefinition messageRef="m"/></bpmn:boundaryEvent>"#
        )
    };
    let flow = |n| format!(r#"<bpmn:sequenceFlow id="f{n}" sourceRef="x{n}" targetRef="y{n}"/>"#);
    match check(&(task + &repeated(10_000, event) + &repeated(10_000, flow))) {
        Err(ParseFailure::Invalid { errors, .. }) => assert_eq!(errors.len(), 1_000),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nesting_ends_at_its_limit() {
    let nested = |depth| {
        let open = |n| format!(r#"<bpmn:subProcess id="p{n}"><bpmn:startEvent id="s{n}"/>"#);
        repeated(depth, open) + &"</bpmn:subProcess>".repeat(depth)
    };
    assert_eq!(check(&nested(125)).expect("within the limit").processes[0].elements.len(), 251);
    for body in [nested(127), nested(100_000), "<a>".repeat(1_000_000)] {
        assert!(matches!(check(&body), Err(ParseFailure::Malformed(message)) if message.contains("nested")));
    }
}

#[test]
fn whatever_is_too_much_is_refused() {
    let attributes = |n| format!(" a{n}=''");
    let namespaces = |n| format!(" xmlns:a{n}='urn:{n}'");
    for body in [
        format!("<a{}/>", repeated(100_000, attributes)),
        format!("<a{}/>", repeated(100_000, namespaces)),
        "<a/>".repeat(1_000_001),
        " ".repeat(33 << 20),
    ] {
        assert!(matches!(check(&body), Err(ParseFailure::Malformed(message)) if message.contains("more than")));
    }
}

#[test]
fn nothing_outside_the_document_is_read() {
    for declaration in [
        r#"<!DOCTYPE a [<!ENTITY b "c">]>"#,
        r#"<!DOCTYPE a SYSTEM "file:///etc/passwd">"#,
        r#"<!DOCTYPE a [<!ENTITY % b SYSTEM "http://localhost/"> %b;]>"#,
    ] {
        let document = format!("<?xml version='1.0'?>{declaration}{HEAD}{TAIL}");
        let result = parse(document.as_bytes(), &ParseOptions::default());
        assert!(
            matches!(result, Err(ParseFailure::Malformed(message)) if message.contains("document type definition"))
        );
    }
    assert!(matches!(check("&b;"), Err(ParseFailure::Malformed(_))));
}

//! What scripts give, as Nashorn gives it.

use expression::{ScriptFailure, Value};

use crate::context::{run, run_in, variables};

#[track_caller]
fn gives(source: &str, expected: &Value) {
    let found = run(source).unwrap_or_else(|failure| panic!("{source}: {failure}"));
    assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{source}");
}

#[track_caller]
fn fails(source: &str, part: &str) {
    match run(source) {
        Err(ScriptFailure::Failed(message)) => assert!(message.contains(part), "{source}: {message}"),
        other => panic!("{source}: {other:?}"),
    }
}

#[test]
fn results() {
    for (source, expected) in [
        ("1 + 2", Value::from(3)),
        ("1 / 4", Value::from(0.25)),
        ("'a' + 'b'", Value::from("ab")),
        ("2 > 1", Value::from(true)),
        ("null", Value::Null),
        ("undefined", Value::Null),
        ("3000000000", Value::from(3e9)),
        ("function f(a) { return a * 2 } f(i)", Value::from(6.0)),
        ("i + 1", Value::from(4.0)),
        ("nul + nul", Value::from(0.0)),
        ("i", Value::from(3)),
        ("l", Value::from(5_i64)),
        ("execution.getVariable('l')", Value::from(5_i64)),
        ("var t = 0; t += i; t", Value::from(3)),
        ("var t = 0; for (var n = 0; n < 5; n++) { t += n } t", Value::from(10)),
        ("JSON.stringify({a: [i]})", Value::from(r#"{"a":[3]}"#)),
        ("i + l + d", Value::from(9.5)),
        ("'x' + i + l + d", Value::from("x351.5")),
        ("nul == null", Value::from(true)),
        ("b ? 1 : 2", Value::from(2)),
        ("this.s", Value::from("text")),
        ("typeof nope", Value::from("undefined")),
        ("s.equals('text') + '/' + s.length", Value::from("true/4")),
        ("var x = 'kept'; x", Value::from("kept")),
        ("var s = 'other'; s", Value::from("other")),
        ("java.lang.Integer.parseInt('12')", Value::from(12)),
        ("print('nothing'); java.lang.System.out.println('nothing'); 1", Value::from(1)),
    ] {
        gives(source, &expected);
    }
}

#[test]
fn beans_and_variables() {
    for (source, expected) in [
        ("execution.getVariable('i')", Value::from(3)),
        ("execution.setVariable('copy', l); execution.getVariable('copy')", Value::from(5_i64)),
        ("execution.getCurrentActivityId()", Value::from("here")),
        ("execution.currentActivityId", Value::from("here")),
        ("execution.setVariable('q', 5); q", Value::from(5)),
        ("execution.setVariable('s', 'changed'); s", Value::from("changed")),
        ("s = 'other'; execution.getVariable('s')", Value::from("text")),
    ] {
        gives(source, &expected);
    }
    let variables = variables();
    run_in(&variables, "execution.setVariable('o', {a: [1, {b: null}]}); execution.setVariable('when', dt)")
        .expect("runs");
    let variables = variables.0.borrow();
    let object = variables["o"].to_variable().expect("stored");
    assert!(format!("{object:?}").contains(r#"{\"a\":[1,{\"b\":null}]}"#), "{object:?}");
    assert_eq!(variables["when"], variables["dt"]);
}

#[test]
fn what_a_script_does_to_a_list_or_map_is_stored() {
    let variables = variables();
    let source = "list.add(7); m.put('n', list); execution.setVariable('other', 1); j.prop('a', 2); list.size()";
    assert_eq!(run_in(&variables, source), Ok(Value::from(3)));
    let variables = variables.0.borrow();
    assert_eq!(format!("{:?}", variables["m"].to_variable().expect("stored")).matches("[1,2,7]").count(), 1);
    assert_eq!(format!("{:?}", variables["list"].to_variable().expect("stored")).matches("[1,2,7]").count(), 1);
    // As Spin's nodes are: they have to be set.
    assert_eq!(format!("{:?}", variables["j"]), r#"Json("{\"a\":1,\"c\":{\"d\":4}}")"#);
}

#[test]
fn java_as_models_use_it() {
    for (source, expected) in [
        ("list.length + '/' + list.size() + list[0] + list.get(1)", Value::from("2/212")),
        ("list.add(7); '' + list", Value::from("[1, 2, 7]")),
        ("m.k + m.get('k') + m.size() + m", Value::from("vv1{k=v}")),
        ("var a = new java.util.ArrayList(); a.add(1); a.add('x'); a.contains('x')", Value::from(true)),
        (
            "var h = new java.util.HashMap(); h.put('x', 1); h.containsKey('x') + '' + h.keySet()",
            Value::from("true[x]"),
        ),
        ("dt.getTime() === dt.time", Value::from(true)),
        ("new java.util.Date(5).getTime()", Value::from(5_i64)),
        ("new java.util.Date().getTime()", Value::from(0_i64)),
        ("Java.type('java.util.ArrayList') === java.util.ArrayList", Value::from(true)),
    ] {
        gives(source, &expected);
    }
    fails("new java.io.File('/etc/passwd')", "java.io.File is not available");
    fails("Java.type('java.lang.Runtime')", "java.lang.Runtime is not available");
    fails("java.lang.Runtime.getRuntime().exec('ls')", "is not available");
}

#[test]
fn spin_changes_nodes_in_place() {
    for (source, expected) in [
        ("S('{\"a\":1}').prop('a').numberValue()", Value::from(1)),
        ("x.attr('id').value()", Value::from("9")),
        (
            "x.childElements('i')[1].attr('sku', 'c'); x.xPath('//@sku').attributeList().get(1).value()",
            Value::from("c"),
        ),
        ("var k = S('<k/>'); x.append(k); k.attr('n', '1'); x.xPath('/o/k/@n').string()", Value::from("1")),
        ("var i = x.childElements()[0]; i.replace(S('<z/>')); x.childElements()[0].name()", Value::from("z")),
        ("var a = x.attr('id'); a.value('5'); '' + x.attr('id') + a", Value::from("55")),
        ("x.remove(x.childElements('i')); '' + x.childElements().size()", Value::from("0")),
        ("x.attr('b', 1) === x || x.attr('b', 1).equals(x)", Value::from(true)),
        ("execution.getVariable('x').attr('id', '7'); x.attr('id').value()", Value::from("7")),
        ("x.xPath('/p:o').ns({p: 'u'}).bool()", Value::from(false)),
        ("var n = S('{\"a\":1}'); n.prop('b', 2); n", Value::Json(r#"{"a":1,"b":2}"#.into())),
        ("var n = S('{}'); n.prop('b', 2).prop('c', 'x'); n.toString()", Value::from(r#"{"b":2,"c":"x"}"#)),
        ("j.prop('c').prop('d', 5); j", Value::Json(r#"{"a":1,"c":{"d":5}}"#.into())),
        ("execution.getVariable('j').prop('a', 2); j.prop('a').value()", Value::from(2)),
        ("var k = j; k.prop('c').prop('d', 5); k", Value::Json(r#"{"a":1,"c":{"d":5}}"#.into())),
        ("j.prop('c').prop('d').numberValue()", Value::from(4)),
        ("j.hasProp('a')", Value::from(true)),
        ("JSON.stringify([1, j, dt])", Value::from(r#"[1,{"a":1,"c":{"d":4}},{}]"#)),
    ] {
        gives(source, &expected);
    }
}

#[test]
fn errors() {
    fails("nope", "nope");
    fails("missing.call()", "missing");
    fails("throw 'x'", "x");
    fails("throw new Error('broken')", "Error: broken");
    fails("1 +", "SyntaxError");
    fails("execution.unknown(1)", "unknown");
    fails("(function () {})", "function");
    fails("var o = {}; o.o = o; o", "nested too deep");
    let thrown = run("throw new org.camunda.bpm.engine.delegate.BpmnError('E1', 'from script')");
    let expected = ScriptFailure::BpmnError { code: Some("E1".into()), message: Some("from script".into()) };
    assert_eq!(thrown, Err(expected));
    let thrown = run("var E = Java.type('org.camunda.bpm.engine.delegate.BpmnError'); throw new E('E2')");
    assert_eq!(thrown, Err(ScriptFailure::BpmnError { code: Some("E2".into()), message: None }));
}

#[test]
fn nothing_is_left_for_the_next_script() {
    run("globalThis.left = 1; String.prototype.length2 = 2; Array.prototype.map = null; 1").expect("runs");
    gives("typeof left + typeof ''.length2 + [1].map(n => n + 1)", &Value::from("undefinedundefined2"));
}

#[test]
fn nothing_of_the_outside_is_reachable() {
    for name in ["require", "process", "fetch", "setTimeout", "std", "os", "console", "Deno", "load", "host"] {
        gives(&format!("typeof {name}"), &Value::from("undefined"));
    }
}

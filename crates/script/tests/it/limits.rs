//! Hostile scripts: each ends, as a failure, and the next one runs.

use std::time::Duration;

use expression::{ScriptEngine, ScriptFailure, Value};
use script::{JavaScript, Limits};

use crate::context::variables;

#[track_caller]
fn is_stopped(source: &str, part: &str) {
    let limits = Limits { time: Duration::from_millis(200), memory_bytes: 8 << 20, ..Limits::default() };
    let engine = JavaScript { limits };
    match engine.run("javascript", source, &variables()) {
        Err(ScriptFailure::Failed(message)) => assert!(message.contains(part), "{source}: {message}"),
        other => panic!("{source}: {other:?}"),
    }
    assert_eq!(engine.run("JavaScript", "1 + i", &variables()), Ok(Value::from(4.0)), "after {source}");
}

#[test]
fn time() {
    is_stopped("while (true) {}", "longer than 200 ms");
    is_stopped(
        "try { while (true) {} } catch (e) { while (true) {} } finally { while (true) {} }",
        "longer than 200 ms",
    );
    is_stopped("/(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')", "longer than 200 ms");
    is_stopped("({toString: function () { while (true) {} }}) + ''", "longer than 200 ms");
    is_stopped("throw {toString: function () { while (true) {} }}", "longer than 200 ms");
}

#[test]
fn memory() {
    is_stopped("var a = []; while (true) a.push(new Array(100000).join('x'))", "needs more than");
    is_stopped("var s = 'x'; while (true) s += s", "");
    is_stopped("new ArrayBuffer(1e9)", "");
}

#[test]
fn memory_that_ends_anywhere() {
    let source = "var a = [], t = ''; for (var n = 0; n < 2000; n++) { a.push({n: n, f: function () { return n }}); t += n } \
                  try { S('{}').prop('t', t) } catch (e) { a = e } execution.setVariable('z', a); list.add(a); t.length";
    for memory_bytes in (0..600_000).step_by(3_001) {
        let engine = JavaScript { limits: Limits { memory_bytes, ..Limits::default() } };
        let _ = engine.run("javascript", source, &variables());
    }
}

#[test]
fn stack() {
    is_stopped("function f() { return f() + 1 } f()", "stack");
    is_stopped("var o = {}; for (var n = 0; n < 1e5; n++) o = {o: o}; o", "");
}

#[test]
fn handles() {
    is_stopped("while (true) execution.getVariable('j')", "");
}

#[test]
fn other_languages_are_not_known() {
    let failure = JavaScript::default().run("groovy", "1", &variables());
    assert_eq!(failure, Err(ScriptFailure::Failed("Can't find scripting engine for 'groovy'".to_owned())));
}

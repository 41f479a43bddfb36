//! What is refused, with its message and place.

use expression::Expression;

use crate::context::{Variables, check};

#[test]
fn of_syntax() {
    const OPERAND: &str = "<IDENTIFIER>|<STRING>|<FLOAT>|<INTEGER>|'true'|'false'|'null'|'-'|'!'|'not'|'empty'|'('";
    check(&[
        (
            "${",
            &format!("Error parsing '${{': syntax error at position 2, encountered the end, expected {OPERAND}")[..],
        ),
        (
            "${}",
            &format!("Error parsing '${{}}': syntax error at position 2, encountered '}}', expected {OPERAND}")[..],
        ),
        ("${i", "Error parsing '${i': syntax error at position 3, encountered the end, expected '}'"),
        ("${1 2 @}", "Error parsing '${1 2 @}': syntax error at position 4, encountered '2', expected '}'"),
        ("${1 2}", "Error parsing '${1 2}': syntax error at position 4, encountered '2', expected '}'"),
        ("${1e}", "Error parsing '${1e}': syntax error at position 3, encountered 'e', expected '}'"),
        (
            "${s.empty}",
            "Error parsing '${s.empty}': syntax error at position 4, encountered 'empty', expected <IDENTIFIER>",
        ),
        ("${i}#{i}", "Error parsing '${i}#{i}': syntax error at position 4, encountered '#{', expected '${'"),
        ("${b ? 1}", "Error parsing '${b ? 1}': syntax error at position 7, encountered '}', expected ':'"),
        ("😀${(1}", "Error parsing '😀${(1}': syntax error at position 6, encountered '}', expected ')'"),
        (
            "${9223372036854775808}",
            "Error parsing '${9223372036854775808}': lexical error at position 2, encountered '9223372036854775808', \
             expected <INTEGER>",
        ),
        (
            r#"${"a\nb"}"#,
            r#"Error parsing '${"a\nb"}': lexical error at position 2, encountered invalid escape sequence \n, expected \" or \\"#,
        ),
        ("${'a}", "Error parsing '${'a}': lexical error at position 2, encountered unterminated string, expected '"),
        (
            "${i = 1}",
            "Error parsing '${i = 1}': lexical error at position 4, encountered invalid character '=', expected expression token",
        ),
        (
            "${i instanceof x}",
            "Error parsing '${i instanceof x}': syntax error at position 4, encountered 'instanceof', expected '}'",
        ),
        ("${foo()}", "Error parsing '${foo()}': unknown function at position 2, encountered 'foo'"),
        ("${a:foo()}", "Error parsing '${a:foo()}': unknown function at position 2, encountered 'a:foo'"),
        ("${now(1)}", "Error parsing '${now(1)}': wrong number of arguments at position 2, encountered 'now'"),
    ]);
}

#[test]
fn of_evaluation() {
    check(&[
        ("${nope}", "Unknown property used in expression: ${nope}. Cause: Cannot resolve identifier 'nope'"),
        (
            "a ${1 + nope.a}",
            "Unknown property used in expression: a ${1 + nope.a}. Cause: Cannot resolve identifier 'nope'",
        ),
        (
            "${n.foo()}",
            "Unknown property used in expression: ${n.foo()}. Cause: Target unreachable, base expression 'n' resolved \
             to null",
        ),
        (
            "${s.foo(1, 'x')}",
            "Unknown method used in expression: ${s.foo(1, 'x')}. Cause: Method not found: class \
             java.lang.String.foo(java.lang.Long, java.lang.String)",
        ),
        (
            "${i.foo}",
            "Unknown property used in expression: ${i.foo}. Cause: The class 'java.lang.Integer' does not have the \
             property 'foo'.",
        ),
        (
            "${s.class.name}",
            "Unknown property used in expression: ${s.class.name}. Cause: The class 'java.lang.String' does not have \
             the property 'class'.",
        ),
        (
            "${order.nope}",
            "Unknown property used in expression: ${order.nope}. Cause: The class 'com.example.Order' does not have \
             the property 'nope'.",
        ),
        (
            "${J.a}",
            "Unknown property used in expression: ${J.a}. Cause: The class 'org.camunda.spin.json.SpinJsonNode' does \
             not have the property 'a'.",
        ),
        ("${s + 1}", "Error while evaluating expression: ${s + 1}. Cause: Cannot coerce 'abc' to class java.lang.Long"),
        (
            "${b == 1}",
            "Error while evaluating expression: ${b == 1}. Cause: Cannot coerce from class java.lang.Boolean to class \
             java.lang.Long",
        ),
        (
            "${i ? 1 : 2}",
            "Error while evaluating expression: ${i ? 1 : 2}. Cause: Cannot coerce from class java.lang.Integer to \
             class java.lang.Boolean",
        ),
        (
            "${L < M}",
            "Error while evaluating expression: ${L < M}. Cause: Cannot compare 'class java.util.ArrayList' and \
             'class java.util.HashMap'",
        ),
        ("${5 % 0}", "Error while evaluating expression: ${5 % 0}. Cause: / by zero"),
        ("${-b}", "Error while evaluating expression: ${-b}. Cause: Cannot negate 'class java.lang.Boolean'"),
        (
            "${L.size}",
            "Error while evaluating expression: ${L.size}. Cause: 'size' is no index of a java.util.ArrayList; a \
             number was expected",
        ),
        (
            "${L.add('z')}",
            "Error while evaluating expression: ${L.add('z')}. Cause: an expression can't change a \
             java.util.ArrayList: 'add' is not supported",
        ),
        ("${s.substring(9)}", "Error while evaluating expression: ${s.substring(9)}. Cause: begin 9, end 3, length 3"),
        (
            "${broken.size()}",
            "Error while evaluating expression: ${broken.size()}. Cause: Cannot deserialize object of type \
             'java.util.ArrayList' serialized as 'application/json'",
        ),
        (
            "${HS[0]}",
            "Unknown property used in expression: ${HS[0]}. Cause: The class 'java.util.HashSet' does not have the \
             property '0'.",
        ),
        (
            "${X.attr('b')}",
            "Error while evaluating expression: ${X.attr('b')}. Cause: SPIN/DOM-XML-01006 Unable to find \
             attribute with namespace 'null' and name 'b'",
        ),
        (
            "${dbl.compareTo(1)}",
            "Error while evaluating expression: ${dbl.compareTo(1)}. Cause: class java.lang.Long cannot be compared \
             with class java.lang.Double",
        ),
        (
            "${s.contains(1)}",
            "Unknown method used in expression: ${s.contains(1)}. Cause: Method not found: class \
             java.lang.String.contains(java.lang.Long)",
        ),
        (
            "${J.jsonPath('$.c[?(@ > 1)]')}",
            "Error while evaluating expression: ${J.jsonPath('$.c[?(@ > 1)]')}. Cause: '$.c[?(@ > 1)]' is not supported \
             as a JsonPath: names, indexes, * and .. are, as in $.a[0]['b'] and $..c",
        ),
        (
            "${J.jsonPath('$.zz')}",
            "Error while evaluating expression: ${J.jsonPath('$.zz')}. Cause: Unable to evaluate JsonPath expression \
             '$.zz'",
        ),
        ("${jl.indexOf(9)}", "Error while evaluating expression: ${jl.indexOf(9)}. Cause: Unable to find '9'"),
        (
            "${s.replaceAll('a', '$9')}",
            "Error while evaluating expression: ${s.replaceAll('a', '$9')}. Cause: '$9' is no replacement",
        ),
        (
            "${execution.foo(1)}",
            "Unknown method used in expression: ${execution.foo(1)}. Cause: Method not found: class \
             execution.foo(java.lang.Long)",
        ),
    ]);
}

#[test]
fn of_conditions() {
    for (text, expected) in [
        ("${i == 5}", Ok(true)),
        ("${null}", Err("condition expression returns null")),
        ("${'true'}", Err("result has class java.lang.String and not java.lang.Boolean")),
        ("true", Err("result has class java.lang.String and not java.lang.Boolean")),
    ] {
        let expression = Expression::parse(text).expect("it is an expression");
        match (expression.evaluate_condition(&Variables), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
            (Err(found), Err(expected)) => assert!(found.to_string().contains(expected), "{text}: {found}"),
            (found, expected) => panic!("{text}: found {found:?}, expected {expected:?}"),
        }
    }
}

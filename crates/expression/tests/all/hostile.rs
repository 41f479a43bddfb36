//! Texts meant to break something: nothing panics, hangs or grows without end.

use expression::{Expression, ParseProblem, limit};
use proptest::prelude::*;

use crate::context::{Variables, outcome};

#[test]
fn nesting_ends_in_an_error_on_a_small_stack() {
    let texts = [
        format!("${{{}1{}}}", "(".repeat(50_000), ")".repeat(50_000)),
        format!("${{{}1{}}}", "L[".repeat(50_000), "]".repeat(50_000)),
        format!("${{{}1{}}}", "s.concat(".repeat(50_000), ")".repeat(50_000)),
        format!("${{{}1}}", "true?1:".repeat(50_000)),
        format!("${{1{}}}", "||(1&&(1==(1<(1+(1*(1".repeat(1_000)),
    ];
    let parsed = std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(move || texts.iter().map(|text| Expression::parse(text)).collect::<Vec<_>>())
        .and_then(|thread| thread.join().map_err(|_| std::io::Error::other("it overflowed its stack")))
        .expect("the texts are parsed");
    for result in parsed {
        assert_eq!(result.map_err(|error| error.problem), Err(ParseProblem::Limit));
    }
}

#[test]
fn depth_up_to_the_limit_works() {
    let levels = limit::NESTING_DEPTH - 1;
    assert_eq!(outcome(&format!("${{{}1{}}}", "(".repeat(levels), ")".repeat(levels))), "Long 1");
}

#[test]
fn long_chains_work_and_longer_ones_are_refused() {
    assert_eq!(outcome(&format!("${{0{}}}", "+1".repeat(10_000))), "Long 10000");
    assert_eq!(outcome(&format!("${{{}b}}", "!".repeat(10_000))), "Boolean true");
    let huge = Expression::parse(&format!("${{0{}}}", "+1".repeat(limit::INSTRUCTIONS)));
    assert_eq!(huge.map_err(|error| error.problem), Err(ParseProblem::Limit));
    let text = Expression::parse(&"x".repeat(limit::TEXT_BYTES + 1));
    assert_eq!(text.map_err(|error| error.problem), Err(ParseProblem::Limit));
}

#[test]
fn strings_stop_growing() {
    for text in ["${'x'.repeat(2147483647)}", &format!("${{'x'.repeat(100000){}}}", ".replace('','yy')".repeat(40))] {
        assert!(outcome(text).contains("over the limit of 8388608"), "{text}");
    }
    assert!(outcome("${'x'.repeat(200000).split('').size()}").contains("over the limit"));
    assert!(outcome("${'x'.repeat(100000).matches('(x+x+)+y')}").contains("over the limit"));
}

#[test]
fn long_work_is_cut_short() {
    let chain = ".toUpperCase()".repeat(10_000);
    assert!(outcome(&format!("${{'x'.repeat(8000000){chain}}}")).contains("all values together is over the limit"));
    let composite = "${'x'.repeat(1000000).length()}".repeat(100);
    assert!(outcome(&composite).contains("all values together is over the limit"));
    let patterns = "${'x'.repeat(60000).matches('y')}".repeat(1_000);
    assert!(outcome(&patterns).contains("all values together is over the limit"));
    let path = format!("${{JSON('{}1{}').jsonPath('${}')}}", r#"{"a":"#.repeat(100), "}".repeat(100), "..a".repeat(20));
    assert!(outcome(&path).contains("over the limit"), "{}", outcome(&path));
}

#[test]
fn regular_expressions_take_linear_time() {
    assert_eq!(outcome("${'x'.repeat(2000).matches('(x+x+)+y')}"), "Boolean false");
    assert!(outcome("${'x'.matches('(((x{99}){99}){99}){99}')}").contains("no regular expression"));
    assert!(outcome("${'x'.matches('(?=x)x')}").contains("no regular expression"));
    assert!(outcome("${'x'.matches('a)(b')}").contains("no regular expression"));
}

fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "${",
        "#{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ".",
        ",",
        "?",
        ":",
        "+",
        "-",
        "*",
        "/",
        "%",
        "div",
        "mod",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "eq",
        "and",
        "or",
        "not",
        "!",
        "empty",
        "&&",
        "||",
        "null",
        "true",
        "1",
        "2.5",
        "1e3",
        "0",
        "-1",
        "'a'",
        "\"b\"",
        "'5'",
        "i",
        "l",
        "s",
        "sh",
        "dbl",
        "b",
        "n",
        "D",
        "L",
        "M",
        "J",
        "order",
        "nope",
        "execution",
        "id",
        ".k",
        ".size()",
        ".length()",
        ".substring(",
        ".get(",
        ".prop('c')",
        ".elements()",
        ".split('')",
        ".time",
        "now()",
        "dateTime()",
        ".plusDays(",
        ".year",
        "\\",
        "ä",
        " ",
        "$",
        "S(",
        "a:b(",
    ])
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        if let Ok(expression) = Expression::parse(&text) {
            prop_assert_eq!(expression.text(), &text);
        }
        let _ = Expression::parse(&format!("${{{text}}}"));
    }

    #[test]
    fn any_tokens_are_evaluated_or_refused(tokens in prop::collection::vec(token(), 0..24)) {
        let soup = tokens.concat();
        outcome(&soup);
        outcome(&format!("${{{soup}}}"));
        outcome(&format!("${{{}}}", tokens.join(" ")));
    }

    #[test]
    fn any_operation_on_any_values_ends(
        left in token(), operator in token(), right in token(), other in token(), last in token()
    ) {
        outcome(&format!("${{{left} {operator} {right}}}"));
        outcome(&format!("x ${{({left} {operator} {right}) {other} {last}}}"));
    }

    #[test]
    fn a_text_without_signs_is_itself(text in "[^$#\\\\]*") {
        let expression = Expression::parse(&text).expect("it is a literal");
        prop_assert!(expression.is_literal());
        let value = expression.evaluate(&Variables).expect("a literal has a value");
        prop_assert_eq!(&*value.to_text().expect("it is a text"), text.as_str());
    }
}

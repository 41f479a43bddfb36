//! Valid documents with random damage: never a panic, always an answer.

use bpmn::{ParseOptions, parse};
use proptest::prelude::*;

use crate::description::describe;

const DOCUMENT: &str = include_str!("cases/order_process.txt");
const FRAGMENTS: &[&str] = &[
    "<",
    ">",
    "/>",
    "\"",
    "'",
    "&",
    "&amp;",
    "&#0;",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "</",
    "${",
    "}",
    "xmlns:",
    "xmlns:bpmn=''",
    "id=",
    " id=\"ship\"",
    "bpmn:",
    "camunda:",
    "xsi:type=\"bpmn:tFormalExpression\"",
    "true",
    "-1",
    "\u{0}",
    "\u{feff}",
    "é𝒳",
    "<bpmn:subProcess>",
    "</bpmn:subProcess>",
    "<bpmn:startEvent/>",
    "<bpmn:process id=\"q\" isExecutable=\"true\">",
];

/// One piece of damage, at a place that is cut down to the document.
#[derive(Clone, Debug)]
enum Damage {
    Insert(usize, String),
    Remove(usize, usize),
    Copy(usize, usize, usize),
    Byte(usize, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = 0..DOCUMENT.len();
    let fragment = prop_oneof![proptest::sample::select(FRAGMENTS).prop_map(str::to_owned), ".{0,4}"];
    prop_oneof![
        (place.clone(), fragment).prop_map(|(at, text)| Damage::Insert(at, text)),
        (place.clone(), 1..200usize).prop_map(|(at, length)| Damage::Remove(at, length)),
        (place.clone(), 1..400usize, place.clone()).prop_map(|(from, length, to)| Damage::Copy(from, length, to)),
        (place, any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let length = bytes.len();
    let cut = |at: usize| at.min(length);
    match damage {
        Damage::Insert(at, text) => drop(bytes.splice(cut(*at)..cut(*at), text.bytes())),
        Damage::Remove(at, count) => drop(bytes.drain(cut(*at)..cut(at + count))),
        Damage::Copy(from, count, to) => {
            let piece = bytes[cut(*from)..cut(from + count)].to_vec();
            drop(bytes.splice(cut(*to)..cut(*to), piece));
        }
        Damage::Byte(at, byte) => {
            if let Some(place) = bytes.get_mut(*at) {
                *place = *byte;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn damage_is_survived(damages in proptest::collection::vec(damage(), 1..8)) {
        let (document, _) = DOCUMENT.split_once("\n---\n").expect("a case has both parts");
        let mut bytes = document.as_bytes().to_vec();
        for damage in &damages {
            apply(&mut bytes, damage);
        }
        prop_assert!(!describe(&parse(&bytes, &ParseOptions::default())).is_empty());
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(!describe(&parse(&bytes, &ParseOptions::default())).is_empty());
    }
}

//! Operators, literals, properties and composite texts, as the reference evaluates them.

use crate::context::check;

#[test]
fn literals() {
    check(&[
        ("", "String "),
        ("plain", "String plain"),
        ("$ # { }", "String $ # { }"),
        ("${1}", "Long 1"),
        ("${1.}", "Double 1.0"),
        ("${.5}", "Double 0.5"),
        ("${1e3}", "Double 1000.0"),
        ("${1E-5}", "Double 1.0E-5"),
        ("${true}", "Boolean true"),
        ("${null}", "Null"),
        (r#"${"a\"b"}"#, "String a\"b"),
        (r"${'it\'s \\ it'}", r"String it's \ it"),
        ("${'}'}", "String }"),
        ("${'ä€😀'}", "String ä€😀"),
    ]);
}

#[test]
fn composite_texts() {
    check(&[
        ("x ${i} y", "String x 5 y"),
        ("x #{i} y", "String x 5 y"),
        ("#{i}", "Integer 5"),
        ("${i}${l}", "String 57"),
        ("x${null}y", "String xy"),
        (r"a\${i} ${i}", "String a${i} 5"),
        (r"a\\${i}", r"String a\${i}"),
        (r"a\b\", r"String a\b\"),
        (r"\$${i}", r"String \$5"),
        ("x${1e10}", "String x1.0E10"),
        ("x${123456789.5}", "String x1.234567895E8"),
        ("x${100.0}", "String x100.0"),
        ("x ${D}", "String x Wed Jan 31 10:00:00 UTC 2024"),
        ("x ${dateTime()}", "String x 2024-01-31T10:00:00.123Z"),
        ("x ${L} y", "String x [1, b, 3000000000, 1.5, null, true, {k=1}, 12345678901234567890] y"),
        ("x ${M}", "String x {k=v, l=[1, 2], n={z=1}}"),
        (
            "x ${big}",
            "String x {zeta=6, iota=9, nu=13, delta=4, mu=12, theta=8, epsilon=5, xi=14, lambda=11, eta=7, alpha=1, \
             kappa=10, beta=2, gamma=3}",
        ),
        ("x ${HS}", "String x [zeta, alpha, beta]"),
        ("x${ND}y", "String xy"),
        ("x${jb}", r#"String x{"a":1,"b":100.0,"d":1.1,"e":"ä/"}"#),
        ("x${jlong}", "String x[100000000000000000000000]"),
        ("x${0.1 + 0.2}", "String x0.30000000000000004"),
        ("x${1.0E-3}", "String x0.001"),
        ("x${9999999.0}", "String x9999999.0"),
        ("x${10000000.0}", "String x1.0E7"),
        ("x${1/3}", "String x0.3333333333333333"),
        ("${ i\n+\t1 }", "Long 6"),
        ("x ${J}", r#"String x {"a":1,"b":"t","c":[1,2,{"q":null}],"d":1.5,"e":true}"#),
    ]);
}

#[test]
fn arithmetic() {
    check(&[
        ("${i + 1}", "Long 6"),
        ("${sh + 1}", "Long 4"),
        ("${-sh}", "Short -3"),
        ("${-i}", "Integer -5"),
        ("${-dbl}", "Double -1.5"),
        ("${-'5'}", "Long -5"),
        ("${-'5.5'}", "Double -5.5"),
        ("${-null}", "Long 0"),
        ("${n + 1}", "Long 1"),
        ("${null + null}", "Long 0"),
        ("${null / null}", "Long 0"),
        ("${'' + 1}", "Long 1"),
        ("${'5' + 1}", "Long 6"),
        ("${'5.0' + 1}", "Double 6.0"),
        ("${'1e2' + 1}", "Double 101.0"),
        ("${1 - '2'}", "Long -1"),
        ("${5/0}", "Double Infinity"),
        ("${0/0}", "Double NaN"),
        ("${7 div 2}", "Double 3.5"),
        ("${7 mod 4}", "Long 3"),
        ("${-7 % 4}", "Long -3"),
        ("${5.5 % 2}", "Double 1.5"),
        ("${9223372036854775807 + 1}", "Long -9223372036854775808"),
        ("${(0 - 9223372036854775807 - 1) % -1}", "Long 0"),
        ("${1 + 2 * 3 - 4}", "Long 3"),
        ("${(1 + 2) * 3}", "Long 9"),
        ("${10 - 3 - 2}", "Long 5"),
        ("${L[7] + 1}", "Object java.math.BigInteger 12345678901234567891"),
        ("x${L[7] * 1.5}", "String x18518518351851851835.0"),
        ("x${L[7] / 3}", "String x4115226300411522630"),
    ]);
}

#[test]
fn comparisons() {
    check(&[
        ("${1 eq 1.0}", "Boolean true"),
        ("${i == '5'}", "Boolean true"),
        ("${b == 'true'}", "Boolean true"),
        ("${b == 'yes'}", "Boolean false"),
        ("${null == ''}", "Boolean false"),
        ("${null == null}", "Boolean true"),
        ("${1 != null}", "Boolean true"),
        ("${null < 1}", "Boolean false"),
        ("${null <= null}", "Boolean true"),
        ("${'x' lt 'y'}", "Boolean true"),
        ("${10 < '9'}", "Boolean false"),
        ("${'10' < '9'}", "Boolean true"),
        ("${i >= 5 and i le 5}", "Boolean true"),
        ("${i gt 5 or i ne 5}", "Boolean false"),
        ("${b < false}", "Boolean false"),
        ("${D < now()}", "Boolean true"),
        ("${D == 'x'}", "Boolean false"),
        ("${L == L}", "Boolean true"),
        ("${L == M}", "Boolean false"),
        ("${M == 'x'}", "Boolean false"),
        ("${0/0 == 0/0}", "Boolean true"),
        ("${0/0 <= 1}", "Boolean true"),
        ("${0/0 < 1}", "Boolean false"),
        ("${1.0 == '1'}", "Boolean true"),
        ("${'1' == 1.0}", "Boolean true"),
        ("${true == 'TRUE'}", "Boolean true"),
        ("${J == J}", "Boolean true"),
        ("${js == 'text'}", "Boolean false"),
        ("${ND == null}", "Boolean true"),
        ("${s.charAt(1) == 'b'}", "Boolean true"),
    ]);
}

#[test]
fn logic() {
    check(&[
        ("${true || nope}", "Boolean true"),
        ("${false && nope}", "Boolean false"),
        ("${'true' and b}", "Boolean true"),
        ("${null or 'x'}", "Boolean false"),
        ("${not s}", "Boolean true"),
        ("${!'true'}", "Boolean false"),
        ("${!!b}", "Boolean true"),
        ("${true or false and false}", "Boolean true"),
        ("${empty null}", "Boolean true"),
        ("${empty ''}", "Boolean true"),
        ("${empty L}", "Boolean false"),
        ("${empty 0}", "Boolean false"),
        ("${not empty s and i ge 5}", "Boolean true"),
        ("${b ? 1 : 2}", "Long 1"),
        ("${s ? 1 : 2}", "Long 2"),
        ("${null ? 1 : 2}", "Long 2"),
        ("${true ? 1 : nope}", "Long 1"),
        ("${false ? nope : true ? 2 : 3}", "Long 2"),
        ("${false ? 1 : now() == null ? 2 : 3}", "Long 3"),
        ("${b ? i : now()}", "Integer 5"),
    ]);
}

#[test]
fn properties() {
    check(&[
        ("${L[0]}", "Integer 1"),
        ("${L['0']}", "Integer 1"),
        ("${L[1.9]}", "String b"),
        ("${L[2]}", "Long 3000000000"),
        ("${L[3]}", "Double 1.5"),
        ("${L[99]}", "Null"),
        ("${L[-1]}", "Null"),
        ("${L[null]}", "Null"),
        ("${L[6].k}", "Integer 1"),
        ("${M.k}", "String v"),
        ("${M['k']}", "String v"),
        ("${M.nope}", "Null"),
        ("${M[1]}", "Null"),
        ("${M.n.z}", "Integer 1"),
        ("${M.l[1]}", "Integer 2"),
        ("${M.n}", r#"Object java.util.LinkedHashMap {"z":1}"#),
        ("${n.a}", "Null"),
        ("${n.a.b.c}", "Null"),
        ("${null[nope]}", "Null"),
        ("${D.time}", "Long 1706695200123"),
        ("${D.year}", "Integer 124"),
        ("${s.blank}", "Boolean false"),
        ("${dateTime().year}", "Integer 2024"),
        ("${order.amount > 10}", "Boolean true"),
        ("${order.getAmount() > 10 and order.isPaid()}", "Boolean true"),
        ("${execution.id}", "String 7"),
        ("${execution.self['id']}", "String 7"),
        ("${execution.getVariable('i')}", "Integer 5"),
    ]);
}

#[test]
fn results_as_variables() {
    check(&[
        ("${L}", r#"Object java.util.ArrayList [1,"b",3000000000,1.5,null,true,{"k":1},12345678901234567890]"#),
        ("${order}", r#"Object com.example.Order {"amount":12,"paid":true}"#),
        ("${broken}", "Object java.util.ArrayList [1"),
        ("${M.keySet()}", r#"Object java.util.HashMap$KeySet ["k","l","n"]"#),
        ("${M.values()}", r#"Object java.util.HashMap$Values ["v",[1,2],{"z":1}]"#),
        ("${J}", r#"Json {"a":1,"b":"t","c":[1,2,{"q":null}],"d":1.5,"e":true}"#),
        ("${BY}", "Bytes 5"),
        ("${sh}", "Short 3"),
        ("${D}", "Date Wed Jan 31 10:00:00 UTC 2024"),
        ("${dateTime()}", r#"Object org.joda.time.DateTime "2024-01-31T10:00:00.123Z""#),
        ("${execution}", "an object of class execution can't be a variable"),
    ]);
}

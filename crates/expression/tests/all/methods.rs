//! Methods on values, as Java has them.

use crate::context::check;

#[test]
fn of_strings() {
    check(&[
        ("${s.length()}", "Integer 3"),
        ("${'😀'.length()}", "Integer 2"),
        ("${s['length']()}", "Integer 3"),
        ("${s.concat('y') == 'abcy'}", "Boolean true"),
        ("${s.concat(null)}", "String abc"),
        ("${s.concat(1)}", "String abc1"),
        ("${s.equals(null)}", "Boolean false"),
        ("${s.equals('abc')}", "Boolean true"),
        ("${s.equalsIgnoreCase('ABC')}", "Boolean true"),
        ("${s.substring(1)}", "String bc"),
        ("${s.substring('1')}", "String bc"),
        ("${s.substring(1.9)}", "String bc"),
        ("${s.substring(0, 2)}", "String ab"),
        ("${s.indexOf('b')}", "Integer 1"),
        ("${s.indexOf(98)}", "Integer 1"),
        ("${s.indexOf('a', 1)}", "Integer -1"),
        ("${'abab'.lastIndexOf('b')}", "Integer 3"),
        ("${'ä€😀x'.indexOf('x')}", "Integer 4"),
        ("${s.charAt(1)}", "String b"),
        ("${s.replace('b', 'Z')}", "String aZc"),
        ("${s.replace('', '-')}", "String -a-b-c-"),
        ("${s.split('')[1]}", "String b"),
        ("${s.split('b')[1]}", "String c"),
        ("${'a,b,,'.split(',').size()}", "Integer 2"),
        ("${'a,b,,'.split(',', -1).size()}", "Integer 4"),
        ("${'a,b,c'.split(',', 2)[1]}", "String b,c"),
        ("${','.split(',').size()}", "Integer 0"),
        ("${s.compareTo('b')}", "Integer -1"),
        ("${s.compareTo(null)}", "Integer 3"),
        ("${s.hashCode()}", "Integer 96354"),
        ("${s.isBlank()}", "Boolean false"),
        ("${s.repeat(2)}", "String abcabc"),
        ("${s.matches('a.c')}", "Boolean true"),
        ("${s.matches('a')}", "Boolean false"),
        ("${'a1b22'.replaceAll('[0-9]+', '<$0>')}", "String a<1>b<22>"),
        ("${'a1b22'.replaceFirst('([a-z])([0-9])', '$2$1')}", "String 1ab22"),
        (r"${s.matches('\\p{Alpha}+') && s.matches('[\\p{Lower}0]+')}", "Boolean true"),
        ("${s.matches('(?i)ABC')}", "Boolean true"),
        ("${'a|b'.split('|')[1]}", "String |"),
        ("${'a.b'.split('.')[0]}", "Null"),
        (r"${'a.b'.split('\\.')[1]}", "String b"),
        ("${s.replaceAll('(a)', '$1$1')}", "String aabc"),
        ("${'2.5'.indexOf(L[2])}", "Integer -1"),
        ("${s.lastIndexOf('a', 2)}", "Integer 0"),
        ("${'abab'.lastIndexOf('ab', 1)}", "Integer 0"),
        ("${'abab'.lastIndexOf('ab', 0 - 1)}", "Integer -1"),
        ("${sp.trim()}", "String a,b,,c,,"),
        ("${s.toUpperCase().startsWith('A')}", "Boolean true"),
        ("${s.contains('b') && s.endsWith('c')}", "Boolean true"),
    ]);
}

#[test]
fn of_numbers_and_booleans() {
    check(&[
        ("${i.toString()}", "String 5"),
        ("${i.longValue()}", "Long 5"),
        ("${i.equals(5)}", "Boolean false"),
        ("${l.equals(7)}", "Boolean true"),
        ("${l.compareTo(3)}", "Integer 1"),
        ("${dbl.intValue()}", "Integer 1"),
        ("${dbl.isNaN()}", "Boolean false"),
        ("${i.hashCode()}", "Integer 5"),
        ("${b.toString()}", "String true"),
        ("${b.compareTo(false)}", "Integer 1"),
    ]);
}

#[test]
fn of_dates() {
    check(&[
        ("${D.getTime()}", "Long 1706695200123"),
        ("${D.before(now())}", "Boolean true"),
        ("${D.compareTo(now())}", "Integer -1"),
        ("${D.equals(D)}", "Boolean true"),
        ("${dateTime().plusDays(1).toDate()}", "Date Thu Feb 01 10:00:00 UTC 2024"),
        ("${dateTime().plusMonths(1).toString()}", "String 2024-02-29T10:00:00.123Z"),
        ("${dateTime().minusYears(200).year}", "Integer 1824"),
        ("${dateTime().withMillis(0).toString()}", "String 1970-01-01T00:00:00.000Z"),
        ("${dateTime().withTimeAtStartOfDay().toString('yyyy-MM-dd HH:mm')}", "String 2024-01-31 00:00"),
        ("${dateTime().withDayOfWeek(1).toString(\"d. 'in' MMM\")}", "String 29. in Jan"),
        ("${dateTime().getDayOfWeek()}", "Integer 3"),
        ("${dateTime().plusDays(1).isAfterNow()}", "Boolean true"),
        ("${dateTime() > dateTime()}", "Boolean false"),
    ]);
}

#[test]
fn of_collections() {
    check(&[
        ("${L.size()}", "Integer 8"),
        ("${L.contains(1)}", "Boolean false"),
        ("${ones.contains(1)}", "Boolean true"),
        ("${L.contains('b')}", "Boolean true"),
        ("${L.get(0)}", "Integer 1"),
        ("${L.indexOf('b')}", "Integer 1"),
        ("${ones.subList(0, 1).size()}", "Integer 1"),
        ("${HS.contains('beta') and HS.size() == 3}", "Boolean true"),
        ("${M.size()}", "Integer 3"),
        ("${M.get('k')}", "String v"),
        ("${M.getOrDefault('q', 1)}", "Long 1"),
        ("${M.containsKey('k')}", "Boolean true"),
        ("${M.containsValue('v')}", "Boolean true"),
        ("${M.keySet().contains('k')}", "Boolean true"),
        ("${M.toString()}", "String {k=v, l=[1, 2], n={z=1}}"),
    ]);
}

#[test]
fn of_json_nodes() {
    check(&[
        ("${J.prop('a')}", "Json 1"),
        ("${J.prop('a').numberValue()}", "Integer 1"),
        ("${J.prop('d').numberValue()}", "Double 1.5"),
        ("${J.prop('b').stringValue()}", "String t"),
        ("${J.prop('b').value()}", "String t"),
        ("${J.hasProp('zz')}", "Boolean false"),
        ("${J.prop('c')} y", r#"String [1,2,{"q":null}] y"#),
        ("${J.fieldNames()}", r#"Object java.util.ArrayList ["a","b","c","d","e"]"#),
        ("${J.prop('c').elements().size()}", "Integer 3"),
        ("${J.prop('c').elements().get(0).numberValue()}", "Integer 1"),
        ("${J.prop('c').elements()[0]}", "Json 1"),
        ("${J.jsonPath('$.a').numberValue()}", "Integer 1"),
        ("${J.jsonPath('$.c[0]').element()}", "Json 1"),
        ("${J.jsonPath('$.c').elementList().size()}", "Integer 3"),
        ("${J.jsonPath('$.c[*]').elementList().size()}", "Integer 3"),
        ("${J.jsonPath('$..q').elementList().size()}", "Integer 1"),
        (r#"${J.jsonPath("$['c'][0]").element()}"#, "Json 1"),
        (r#"${S("{\"a\":1}").prop("b", 2)}"#, r#"Json {"a":1,"b":2}"#),
        ("${JSON('[1]').elements().size()}", "Integer 1"),
        (
            "${J.prop('new', D)}",
            r#"Json {"a":1,"b":"t","c":[1,2,{"q":null}],"d":1.5,"e":true,"new":"Wed Jan 31 10:00:00 UTC 2024"}"#,
        ),
        ("${J.deleteProp('a').hasProp('a')}", "Boolean false"),
        ("${jl.append(5)}", "Json [3,1,5]"),
        ("${jl.removeAt(0)}", "Json [1]"),
        ("${jl.removeAt(0 - 1)}", "Json [3]"),
        ("${jl.removeAt(2)}", "Json [3,1]"),
        ("${jl.insertAt(0 - 1, 7)}", "Json [3,7,1]"),
        ("${jl.insertBefore(jl.elements().get(1).value(), 7)}", "Json [3,7,1]"),
        ("${jl.insertAfter(jl.elements().get(1).value(), 7)}", "Json [3,1,7]"),
        ("${jl.remove(jl.elements().get(1).value())}", "Json [3]"),
        ("${jl.removeLast(jl.elements().get(0).value())}", "Json [1]"),
        ("${jl.contains(3)}", "Boolean false"),
        ("${jl.contains(jl.elements().get(0).value())}", "Boolean true"),
        ("${js.stringValue()}", "String text"),
        ("${JSON(M)}", r#"Json {"k":"v","l":[1,2],"n":{"z":1}}"#),
        ("${J.isObject()}", "Boolean true"),
    ]);
}

//! XML elements, as Spin has them. The expectations were read from Camunda 7.24.

use crate::context::{check, outcome};

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

/// Cases whose expectation is the text of a variable of type Xml.
fn check_documents(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(outcome(text), format!("Xml {HEAD}{expected}\n"), "{text}");
    }
}

#[test]
fn written_anew() {
    check_documents(&[
        (r#"${XML('<a  b="1"> <c/></a>')}"#, "<a b=\"1\">\n  <c/>\n</a>"),
        ("${S('<a/>')}", "<a/>"),
        ("${XML('  <a/>')}", "<a/>"),
        ("${XML('<a>text</a>')}", "<a>text</a>"),
        ("${XML('<a> <b/> t </a>')}", "<a>\n  <b/>\n   t \n</a>"),
        ("${XML('<a>x<!-- c -->y<![CDATA[<]]></a>')}", "<a>xy&lt;</a>"),
        (
            r#"${XML('<a b="1&#10;2&#9;>&quot;">é😀&#13;></a>')}"#,
            "<a b=\"1&#10;2&#9;&gt;&quot;\">é&#128512;&#13;&gt;</a>",
        ),
        (
            r#"${XML('<a xmlns:z="z" xmlns:b="b" xmlns="d" z:q="1" b:q="2"><z:y xmlns:k="k"/><b:r xmlns="d"/></a>')}"#,
            "<a xmlns=\"d\" xmlns:b=\"b\" xmlns:z=\"z\" b:q=\"2\" z:q=\"1\">\n  <z:y xmlns:k=\"k\"/>\n  <b:r/>\n</a>",
        ),
        (
            r#"${XML('<z:a xmlns:b="b" xmlns:z="z"><z:y/><a xmlns="">t<?p q?></a></z:a>')}"#,
            "<z:a xmlns:z=\"z\" xmlns:b=\"b\">\n  <z:y/>\n  <a>\n    t\n    <?p q?>\n  </a>\n</z:a>",
        ),
        (r#"${XML('<c:a xmlns:c="u"><c:b/></c:a>').childElement('b')}"#, "<c:b xmlns:c=\"u\"/>"),
        (
            "${X}",
            "<order id=\"9\" total=\"12.5\">\n  <item n=\"2\" sku=\"a\">first</item>\n  <item n=\"3\" sku=\"b\">second</item>\n</order>",
        ),
    ]);
}

#[test]
fn read() {
    check(&[
        ("${X.name()}", "String order"),
        ("${X.namespace()}", "Null"),
        ("${X.hasPrefix(null) && X.hasNamespace(null)}", "Boolean true"),
        ("${X.attr('id').value()}", "String 9"),
        ("${X.attr('id') == '9'}", "Boolean true"),
        ("${X.hasAttr('id')}", "Boolean true"),
        ("${X.hasAttr('zip')}", "Boolean false"),
        ("${X.attrNames()}", r#"Object java.util.ArrayList ["id","total"]"#),
        ("${X.attrs().size()}", "Integer 2"),
        ("${X.attrs()[1].name()}", "String total"),
        ("${X.childElements('item').get(1).attr('n').value()}", "String 3"),
        ("${X.childElements()[0].textContent()}", "String first"),
        ("${X.textContent()}", "String firstsecond"),
        ("${X == X}", "Boolean true"),
        ("${X == XML('<order/>')}", "Boolean false"),
        ("${X.dataFormatName}", "String application/xml"),
        (
            r#"${XML('<c:a xmlns:c="u" xmlns="d" z="1" b="2" c:a="3"/>').attrNames()}"#,
            r#"Object java.util.ArrayList ["b","a","xmlns","c","z"]"#,
        ),
        (r#"${XML('<c:a xmlns:c="u" c:a="3" a="4"/>').attrNs('u', 'a').value()}"#, "String 3"),
        (r#"${XML('<c:a xmlns:c="u" c:a="3" a="4"/>').attrNames('u').size()}"#, "Integer 1"),
        (r#"${XML('<c:a xmlns:c="u" xmlns="d"><b/></c:a>').childElement('d', 'b').name()}"#, "String b"),
        (r#"${JSON('{"a":1}').prop('x', XML('<k/>')).prop('x').stringValue().length()}"#, "Integer 43"),
    ]);
}

#[test]
fn found_by_xpath() {
    check(&[
        ("${X.xPath('/order/@total').number()}", "Double 12.5"),
        ("${X.xPath('count(/order/item)').number()}", "Double 2.0"),
        ("${X.xPath('count(//item)').string()}", "String 2"),
        ("${X.xPath('//item').elementList().size()}", "Integer 2"),
        ("${X.xPath('//item/@sku').attributeList()[1].value()}", "String b"),
        (r#"${X.xPath('//item[@sku="b"]/@n').attribute().value()}"#, "String 3"),
        ("${X.xPath('//item').string()}", "String first"),
        ("${X.xPath('/order/zip').string()}", "String "),
        ("${X.xPath('/order/zip').bool()}", "Boolean false"),
        ("${X.xPath('//@sku').elementList().size()}", "Integer 0"),
        ("${X.xPath('/order/item[last()]').string()}", "String second"),
        ("${X.xPath('//item[2]/preceding-sibling::*[1]/@n').string()}", "String 2"),
        ("${X.xPath('item | /order').elementList()[0].name()}", "String order"),
        ("${X.xPath('sum(//@n) * 2 - 1').number()}", "Double 9.0"),
        ("${X.xPath('1 div 3').string()}", "String 0.3333333333333333"),
        (
            "${X.xPath('concat(-1 div 0, 0 div 0, 1000000000000000000000, 0.0000001, 1.0)').string()}",
            "String -InfinityNaN10000000000000000000000.00000011",
        ),
        ("${X.xPath('name(/*)').string()}", "String order"),
        ("${X.xPath('//item[@n > 2 and not(@sku = \"a\")]').string()}", "String second"),
        ("${X.xPath('translate(\"abc\", \"ab\", \"x\")').string()}", "String xc"),
        ("${X.xPath('normalize-space(\"  a  b \")').string()}", "String a b"),
        ("${X.xPath('substring(\"12345\", 2, 3)').string()}", "String 234"),
        ("${X.xPath('substring-before(/order/@total, \".\")').string()}", "String 12"),
        ("${X.xPath('round(2.5) mod 2').string()}", "String 1"),
        ("${X.childElements()[0].xPath('../@id').string()}", "String 9"),
        (r#"${XML('<c:a xmlns:c="u"><c:b/></c:a>').xPath('/x:a/x:b').ns('x', 'u').element().name()}"#, "String b"),
        (r#"${XML('<a xml:lang="de-AT"><b/></a>').xPath('count(//*[lang("de")])').number()}"#, "Double 2.0"),
    ]);
}

#[test]
fn changed_copies() {
    check_documents(&[
        ("${XML('<a b=\"1\"/>').attr('b', 2).attr('c', '<\"')}", "<a b=\"2\" c=\"&lt;&quot;\"/>"),
        ("${XML('<a b=\"1\"/>').removeAttr('b').removeAttr('z')}", "<a/>"),
        ("${XML('<a b=\"1\"/>').attr('b').value('7').remove()}", "<a/>"),
        ("${XML('<a><b/></a>').textContent('t > u')}", "<a>t &gt; u</a>"),
        ("${XML('<a/>').append(XML('<k/>'), XML('<k/>'))}", "<a>\n  <k/>\n  <k/>\n</a>"),
        ("${X.remove(X.childElements('item'))}", "<order id=\"9\" total=\"12.5\"/>"),
        ("${XML('<a><b/></a>').childElement('b').replace(XML('<k/>')).xPath('/a').element()}", "<a>\n  <k/>\n</a>"),
        ("${XML('<a/>').attrNs('n', 'p:q', 'v')}", "<a xmlns:p=\"n\" p:q=\"v\"/>"),
        ("${XML('<a/>').append(X.childElements()[1])}", "<a>\n  <item n=\"3\" sku=\"b\">second</item>\n</a>"),
        (
            "${X.appendBefore(XML('<k/>'), X.childElements()[0]).remove(X.childElements('item'))}",
            "<order id=\"9\" total=\"12.5\">\n  <k/>\n</order>",
        ),
        ("${X.appendAfter(XML('<k/>'), X.childElements()[1]).childElements()[2]}", "<k/>"),
        (
            "${X.replaceChild(X.childElements()[0], X.childElements()[1])}",
            "<order id=\"9\" total=\"12.5\">\n  <item n=\"3\" sku=\"b\">second</item>\n</order>",
        ),
    ]);
}

#[test]
fn refused() {
    for (text, part) in [
        ("${XML('<a')}", "SPIN/DOM-XML-01009 Unable to parse input into DOM document"),
        ("${XML('text')}", "SPIN/DOM-XML-01009"),
        ("${XML('<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>')}", "SPIN/DOM-XML-01009"),
        ("${BADX}", "SPIN/DOM-XML-01009"),
        ("${X.attr('nope')}", "SPIN/DOM-XML-01006 Unable to find attribute with namespace 'null' and name 'nope'"),
        ("${X.childElement('item')}", "SPIN/DOM-XML-01008 More than one child element was found"),
        ("${X.childElement('zip')}", "SPIN/DOM-XML-01007 Unable to find child element with namespace 'null' and name"),
        (
            "${X.remove(XML('<x/>'))}",
            "SPIN/DOM-XML-01036 The element with namespace 'null' and name 'x' is not a child",
        ),
        (
            "${X.append(X)}",
            "SPIN/DOM-XML-01017 Unable to append new child element 'null:order' to element 'null:order'",
        ),
        ("${X.attr('a b', '1')}", "SPIN/DOM-XML-01016 Unable to set attribute 'null:a b' to value '1' on element"),
        ("${X.attr('id').value(null)}", "SPIN/DOM-XML-01010 Unable to set value of the attribute 'null:id' to 'null'"),
        ("${X.xPath('/').element()}", "SPIN/DOM-XML-01034 XPath expression '/' not allowed"),
        ("${X.xPath('/order/zip').element()}", "SPIN/DOM-XML-01035 Unable to find XPath expression '/order/zip'"),
        ("${X.xPath('/order/@id').element()}", "SPIN/DOM-XML-01025 Unable to cast XPath expression to class"),
        ("${X.xPath('//item[').element()}", "SPIN/DOM-XML-01024 Unable to evaluate XPath expression on element"),
        ("${X.xPath('foo()').string()}", "there is no function foo()"),
        ("${X.xPath('x:y').string()}", "the prefix 'x' stands for no namespace"),
        ("${X.xPath('count(1)').string()}", "nodes were expected"),
        ("${X.xPath('namespace::*').string()}", "the axis 'namespace' is not supported"),
        ("${X.attr('id')}", "an object of class org.camunda.spin.impl.xml.dom.DomXmlAttribute can't be a variable"),
        ("${X.childElements()}", "a list of XML nodes can't be a variable"),
        ("${X.foo()}", "Method not found: class org.camunda.spin.impl.xml.dom.DomXmlElement.foo()"),
        ("${X.id}", "The class 'org.camunda.spin.impl.xml.dom.DomXmlElement' does not have the property 'id'."),
    ] {
        let found = outcome(text);
        assert!(found.contains(part), "{text}\n  expected {part}\n  found    {found}");
    }
}

#[test]
fn bounded() {
    let deep = format!("${{XML('{}{}').name()}}", "<a>".repeat(300), "</a>".repeat(300));
    assert!(outcome(&deep).contains("the depth of an XML document is over the limit"), "{}", outcome(&deep));
    let wide = format!("${{XML('<a>{}</a>').name()}}", "<b/>".repeat(200_001));
    assert!(outcome(&wide).contains("SPIN/DOM-XML-01009"), "{}", outcome(&wide));
    let nested = format!("${{X.xPath('{}1{}').string()}}", "(".repeat(33), ")".repeat(33));
    assert!(outcome(&nested).contains("the nesting of an XPath expression"), "{}", outcome(&nested));
    let chain = format!("${{X.xPath('1{}').string()}}", "+1".repeat(40));
    assert!(outcome(&chain).contains("the nesting of an XPath expression"), "{}", outcome(&chain));
    let long = format!("${{X.xPath('{}').string()}}", "a".repeat(5_000));
    assert!(outcome(&long).contains("the length of an XPath expression"), "{}", outcome(&long));
    let work = format!("${{XML('<a>{}</a>').xPath('//*[//*[//b]]').string()}}", "<b/>".repeat(2_000));
    assert!(outcome(&work).contains("the number of nodes that an XPath visits"), "{}", outcome(&work));
    let texts =
        format!("${{XML('<a>{}</a>').xPath('count(//text()[string(/a) = 1])').string()}}", "t<b/>".repeat(9_000));
    assert!(outcome(&texts).contains("the number of nodes that an XPath visits"), "{}", outcome(&texts));
}

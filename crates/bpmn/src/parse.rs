//! From the bytes of a file to its executable processes.

use std::collections::BTreeMap;

use crate::definitions::Definitions;
use crate::diagnostic::{Diagnostic, ParseFailure};
use crate::diagram;
use crate::document::{Document, decode};
use crate::model::ProcessModel;
use crate::process;
use crate::report::Report;
use crate::schema;

/// How large a document may be. Reaching a limit is `ParseFailure::Malformed`.
#[derive(Clone, Debug)]
pub struct ParseOptions {
    pub max_bytes: usize,
    /// XML elements within each other.
    pub max_depth: usize,
    /// XML elements in all, those of the diagram included.
    pub max_elements: usize,
    pub delegates: Delegates,
}

/// What becomes of service tasks, and what is like them, whose code is a Java class or delegate expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Delegates {
    /// Reaching one fails.
    #[default]
    Fail,
    /// Workers do it: the class or expression is the topic.
    External,
    /// Workers do those that are named here, each with its topic; reaching another one fails.
    Topics(BTreeMap<String, String>),
}

impl Delegates {
    /// Under which topic workers find what the code would have done.
    pub(crate) fn topic<'a>(&'a self, code: &'a str) -> Option<&'a str> {
        match self {
            Delegates::Fail => None,
            Delegates::External => Some(code),
            Delegates::Topics(topics) => topics.get(code).map(String::as_str),
        }
    }
}

impl Default for ParseOptions {
    fn default() -> ParseOptions {
        ParseOptions { max_bytes: 32 << 20, max_depth: 128, max_elements: 1_000_000, delegates: Delegates::Fail }
    }
}

/// What a document has to deploy.
#[derive(Debug)]
pub struct ParsedDocument {
    /// `targetNamespace`: the category of the process definitions.
    pub target_namespace: Option<String>,
    /// The executable processes, in document order. Others are no definitions.
    pub processes: Vec<ProcessModel>,
    pub warnings: Vec<Diagnostic>,
}

/// Reads a BPMN 2.0 document and all its executable processes, or reports everything that is wrong with it.
pub fn parse(xml: &[u8], options: &ParseOptions) -> Result<ParsedDocument, ParseFailure> {
    let text = decode(xml, options)?;
    let document = Document::read(&text, options)?;
    let mut report = Report::new(&document);
    schema::validate(&document, &mut report);
    let definitions = Definitions::read(&document, &mut report);
    let processes: Vec<ProcessModel> = definitions
        .processes()
        .filter_map(|node| process::read(node, &definitions, &options.delegates, &mut report))
        .collect();
    diagram::check(&definitions, &mut report);
    let target_namespace = definitions.target_namespace().map(str::to_owned);
    let warnings = report.finish()?;
    Ok(ParsedDocument { target_namespace, processes, warnings })
}

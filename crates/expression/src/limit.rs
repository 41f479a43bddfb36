//! How much one expression may cost. Reaching a limit is an error with the limit in its message, never a hang.

/// Bytes of an expression's text, literal text included.
pub const TEXT_BYTES: usize = 4 << 20;

/// Brackets, parentheses, arguments and ternaries inside one another.
pub const NESTING_DEPTH: usize = 100;

/// Instructions one text compiles to. They never jump back, so it also bounds the steps of an evaluation.
pub const INSTRUCTIONS: usize = 65_536;

/// Bytes of a string that an evaluation makes.
pub const STRING_BYTES: usize = 8 << 20;

/// Bytes of all values an evaluation meets or makes, together.
pub const WORK_BYTES: usize = 64 << 20;

/// What one byte of text counts for [`WORK_BYTES`] when a regular expression runs over it.
pub const PATTERN_WORK_PER_BYTE: usize = 128;

/// Nodes that a JSONPath or an XPath visits.
pub const PATH_VISITS: usize = 1_000_000;

/// Entries of a list or map that an evaluation makes.
pub const LIST_LENGTH: usize = 100_000;

/// Lists and maps inside one another, when a value is read, compared or written as text.
pub const VALUE_DEPTH: usize = 128;

/// Bytes of a regular expression's pattern.
pub const PATTERN_BYTES: usize = 4_096;

/// Bytes of a compiled regular expression.
pub const PATTERN_COMPILED_BYTES: usize = 1 << 14;

/// Bytes of a string that a regular expression is applied to.
pub const PATTERN_INPUT_BYTES: usize = 1 << 16;

/// Bytes of a value quoted in an error message.
pub const QUOTED_BYTES: usize = 200;

/// Nodes of an XML document, attributes among them.
pub const XML_NODES: usize = 200_000;

/// Elements of an XML document inside one another.
pub const XML_DEPTH: usize = 256;

/// Bytes of an XPath expression.
pub const XPATH_BYTES: usize = 4_096;

/// Expressions of an XPath expression inside one another.
pub const XPATH_DEPTH: usize = 32;

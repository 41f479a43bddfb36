//! Variables in JSON: `{"value": …, "type": "Integer", "valueInfo": {…}}`.

mod read;
mod write;

pub use read::{plain_value, variable, variables};
pub use write::{ValueForm, VariableJson, VariablesJson, variables_json};

pub(crate) const OBJECT_TYPE_NAME: &str = "objectTypeName";
pub(crate) const SERIALIZATION_DATA_FORMAT: &str = "serializationDataFormat";
pub(crate) const FILENAME: &str = "filename";
pub(crate) const MIME_TYPE: &str = "mimeType";
pub(crate) const ENCODING: &str = "encoding";
pub(crate) const TRANSIENT: &str = "transient";
pub(crate) const JSON_FORMAT: &str = "application/json";

//! Ids. All but those of definitions are UUIDv7: 16 bytes, time-ordered. Text form: lower case with hyphens.
//!
//! An id that is made by itself ends in 32 zero bits. What is made within a process instance has the id of the instance
//! with a number there (ADR 0020), so that it names its instance, and all rows of an instance in a table are one range
//! of its primary key.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Of the name-based ids.
const NAMESPACE: uuid::Uuid = uuid::Uuid::from_u128(0x6361_6d6c_6f63_6b00_8000_6769_7665_6e00);
/// Where in a UUID its version is.
const VERSION_SHIFT: u32 = 76;
/// The part of an id that numbers what was made within an instance.
const NUMBER_MASK: u128 = u32::MAX as u128;
/// Of a number: the id is in the upper half of its range.
const UPPER_HALF: u32 = 1 << 31;
/// Of a number: the id is that of the first write of the variable which has the rest as its id.
const FIRST_WRITE: u32 = 1 << 30;

/// A UUID. Camlock makes version 7, and version 5 of texts that people give as ids. It accepts any, so that ids of other
/// engines can be kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub u128);

impl Uuid {
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Uuid(u128::from_be_bytes(bytes))
    }

    /// The one that stands for a text that is to be an id: itself where it is a UUID, else the name-based one (version 5).
    pub fn named(text: &str) -> Self {
        text.parse().unwrap_or_else(|_| Uuid(uuid::Uuid::new_v5(&NAMESPACE, text.as_bytes()).as_u128()))
    }

    /// Whether it may stand for a text.
    pub fn is_name_based(self) -> bool {
        (self.0 >> VERSION_SHIFT) & 0xF == 5
    }

    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The first id of the range that this one is in: that of the instance that it was made in, or itself.
    pub fn range_start(self) -> Uuid {
        Uuid(self.0 & !NUMBER_MASK)
    }

    /// The last id of the range that this one is in.
    pub fn range_end(self) -> Uuid {
        Uuid(self.0 | NUMBER_MASK)
    }

    /// The last id of the lower half of its range.
    pub fn lower_half_end(self) -> Uuid {
        self.numbered(UPPER_HALF - 1)
    }

    pub fn is_in_upper_half(self) -> bool {
        self.0 & u128::from(UPPER_HALF) != 0
    }

    /// The same with the id in the upper half of its range.
    pub fn in_upper_half(self) -> Uuid {
        Uuid(self.0 | u128::from(UPPER_HALF))
    }

    /// The id of the first write of the variable that has this id.
    pub fn of_first_write(self) -> Uuid {
        Uuid(self.0 | u128::from(FIRST_WRITE))
    }

    /// The id of the variable whose first write has this id, if it is one of those.
    pub fn first_written(self) -> Option<Uuid> {
        let mark = u128::from(FIRST_WRITE);
        (self.0 & mark != 0).then_some(Uuid(self.0 & !mark))
    }

    /// The id of something that is made within what has this id.
    pub fn numbered(self, number: u32) -> Uuid {
        Uuid(self.range_start().0 | u128::from(number))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = uuid::Uuid::encode_buffer();
        f.write_str(uuid::Uuid::from_u128(self.0).hyphenated().encode_lower(&mut buffer))
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no UUID in hyphenated lower-case form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID in lower-case hyphenated form")]
pub struct UuidError;

impl FromStr for Uuid {
    type Err = UuidError;

    /// Strict: exactly the form that `Display` writes, so that one thing never has two ids.
    fn from_str(text: &str) -> Result<Self, UuidError> {
        if text.len() != 36 || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(UuidError);
        }
        uuid::Uuid::try_parse(text).map(|id| Uuid(id.as_u128())).map_err(|_| UuidError)
    }
}

macro_rules! strict_id {
    ($($name:ident),* $(,)?) => {$(
        impl FromStr for $name {
            type Err = UuidError;

            fn from_str(text: &str) -> Result<Self, UuidError> {
                text.parse().map($name)
            }
        }
    )*};
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                $name(id)
            }
        }
    )*};
}

uuid_id! {
    DeploymentId,
    /// Equals the id of the instance's root execution.
    ProcessInstanceId,
    ExecutionId,
    ExternalTaskId,
    TaskId,
    VariableInstanceId,
    JobId,
    JobDefinitionId,
    EventSubscriptionId,
    IncidentId,
    BatchId,
    /// Of a row of a log: external task log, job log.
    HistoryId,
}

strict_id! {
    DeploymentId,
    ProcessInstanceId,
    ExecutionId,
    ExternalTaskId,
    VariableInstanceId,
    JobId,
    JobDefinitionId,
    EventSubscriptionId,
    IncidentId,
    BatchId,
    HistoryId,
}

impl FromStr for TaskId {
    type Err = std::convert::Infallible;

    /// People may give tasks any text as their id.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(TaskId(Uuid::named(text)))
    }
}

impl From<ProcessInstanceId> for ExecutionId {
    fn from(id: ProcessInstanceId) -> Self {
        ExecutionId(id.0)
    }
}

impl From<ExecutionId> for ProcessInstanceId {
    /// Only for a root execution.
    fn from(id: ExecutionId) -> Self {
        ProcessInstanceId(id.0)
    }
}

/// `key:version:uuid`, or the uuid alone where that would be longer than 64 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessDefinitionId(pub Arc<str>);

impl ProcessDefinitionId {
    pub const LENGTH_MAX: usize = 64;

    pub fn new(key: &str, version: u32, uuid: Uuid) -> Self {
        let id = format!("{key}:{version}:{uuid}");
        if id.chars().count() > Self::LENGTH_MAX {
            return ProcessDefinitionId(uuid.to_string().into());
        }
        ProcessDefinitionId(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProcessDefinitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProcessDefinitionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessDefinitionId({})", self.0)
    }
}

impl From<&str> for ProcessDefinitionId {
    fn from(text: &str) -> Self {
        ProcessDefinitionId(text.into())
    }
}

/// One visit of an activity: `activityId:uuid` in text. The process itself is visited under the id of its instance,
/// without an activity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActivityInstanceId {
    pub activity_id: Option<Arc<str>>,
    pub uuid: Uuid,
}

impl ActivityInstanceId {
    pub fn of_activity(activity_id: Arc<str>, uuid: Uuid) -> Self {
        ActivityInstanceId { activity_id: Some(activity_id), uuid }
    }

    pub fn of_process(id: ProcessInstanceId) -> Self {
        ActivityInstanceId { activity_id: None, uuid: id.0 }
    }
}

impl fmt::Display for ActivityInstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.activity_id {
            Some(activity) => write!(f, "{activity}:{}", self.uuid),
            None => fmt::Display::fmt(&self.uuid, f),
        }
    }
}

impl fmt::Debug for ActivityInstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActivityInstanceId({self})")
    }
}

impl FromStr for ActivityInstanceId {
    type Err = UuidError;

    fn from_str(text: &str) -> Result<Self, UuidError> {
        match text.rsplit_once(':') {
            Some((activity, uuid)) => Ok(ActivityInstanceId::of_activity(activity.into(), uuid.parse()?)),
            None => Ok(ActivityInstanceId { activity_id: None, uuid: text.parse()? }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "01936f3a-0000-7000-8000-00000000000a";

    #[test]
    fn uuid_text_has_one_form() {
        assert_eq!(TEXT.parse::<Uuid>().map(|id| id.to_string()), Ok(TEXT.to_owned()));
        for other in ["01936F3A-0000-7000-8000-00000000000A", "01936f3a00007000800000000000000a", "nonsense", ""] {
            assert_eq!(other.parse::<Uuid>(), Err(UuidError), "{other}");
        }
    }

    #[test]
    fn what_is_made_within_an_instance_names_it() {
        let instance: Uuid = "01936f3a-0000-7000-8000-000000000000".parse().expect("valid");
        let inside = instance.numbered(258);
        assert_eq!(inside.to_string(), "01936f3a-0000-7000-8000-000000000102");
        assert_eq!((inside.range_start(), instance.range_start()), (instance, instance));
        assert_eq!(inside.range_end().to_string(), "01936f3a-0000-7000-8000-0000ffffffff");
        assert_eq!(inside.lower_half_end().to_string(), "01936f3a-0000-7000-8000-00007fffffff");
        assert_eq!(inside.in_upper_half().to_string(), "01936f3a-0000-7000-8000-000080000102");
        assert_eq!(inside.of_first_write().first_written(), Some(inside));
        assert_eq!(inside.in_upper_half().first_written(), None);
        assert!(inside.in_upper_half().is_in_upper_half() && !inside.is_in_upper_half());
    }

    #[test]
    fn any_text_names_a_task() {
        assert_eq!(TEXT.parse::<TaskId>().map(|id| id.to_string()), Ok(TEXT.to_owned()));
        let named: TaskId = "my task".parse().expect("any text");
        assert!(named.0.is_name_based(), "{named}");
        assert_eq!(Ok(named), "my task".parse());
        assert_ne!(Ok(named), "My task".parse());
        assert!(!TEXT.parse::<Uuid>().expect("valid").is_name_based());
    }

    #[test]
    fn definition_id_keeps_to_64_characters() {
        let uuid: Uuid = TEXT.parse().expect("valid");
        assert_eq!(ProcessDefinitionId::new("k", 1, uuid).as_str(), format!("k:1:{TEXT}"));
        assert_eq!(ProcessDefinitionId::new(&"k".repeat(26), 1, uuid).as_str(), TEXT);
    }

    #[test]
    fn activity_instance_id_round_trips() {
        for text in [format!("task:{TEXT}"), format!("a:b#multiInstanceBody:{TEXT}"), TEXT.to_owned()] {
            assert_eq!(text.parse::<ActivityInstanceId>().map(|id| id.to_string()), Ok(text));
        }
    }
}

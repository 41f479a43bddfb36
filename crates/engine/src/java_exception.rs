//! What Java code in place of the engine throws when something fails. An error event whose code is the name of its class,
//! or of a class above that, catches it.

/// Camunda: an exception is caught by its class where a task or a listener runs an expression, a script or Java code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JavaException {
    PropertyNotFound,
    MethodNotFound,
    /// Anything else that is wrong with an expression.
    Expression,
    ClassNotFound,
    Script,
    /// What code in place of a Java class fails with.
    Delegate,
}

const EXPRESSION: &str = "org.camunda.bpm.impl.juel.jakarta.el.ELException";
const ANY: [&str; 3] = ["java.lang.Exception", "java.lang.Throwable", "java.lang.Object"];

impl JavaException {
    pub fn is_a(self, class: &str) -> bool {
        let own: &[&str] = match self {
            JavaException::PropertyNotFound => {
                &["org.camunda.bpm.impl.juel.jakarta.el.PropertyNotFoundException", EXPRESSION]
            }
            JavaException::MethodNotFound => {
                &["org.camunda.bpm.impl.juel.jakarta.el.MethodNotFoundException", EXPRESSION]
            }
            JavaException::Expression => &[EXPRESSION],
            JavaException::ClassNotFound => {
                &["java.lang.ClassNotFoundException", "java.lang.ReflectiveOperationException"]
            }
            JavaException::Script => &["org.openjdk.nashorn.api.scripting.NashornException"],
            JavaException::Delegate => &[],
        };
        let is_checked = self == JavaException::ClassNotFound;
        own.contains(&class) || ANY.contains(&class) || (!is_checked && class == "java.lang.RuntimeException")
    }
}

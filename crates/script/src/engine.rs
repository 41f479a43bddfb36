//! Runs JavaScript.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use expression::{Context as Host, ScriptEngine, ScriptFailure, Value};
use rquickjs::context::EvalOptions;
use rquickjs::{Context, Ctx, Function, Object, Persistent, Runtime, Value as Js};
use rustix::time::{ClockId, clock_gettime};

use crate::bridge;
use crate::handle::Handles;
use crate::limits::Limits;
use crate::marshal::{self, MarshalError};

const PRELUDE: &str = include_str!("prelude.js");

/// The names of the language, in lower case.
const LANGUAGES: [&str; 4] = ["javascript", "ecmascript", "js", "nashorn"];

/// How QuickJS words that a limit was reached.
const LIMIT_MESSAGES: [&str; 2] = ["out of memory", "Maximum call stack size exceeded"];

/// The functions that `prelude.js` answers.
const RESULT: &str = "result";
const EXCEPTION: &str = "exception";

const UNLIMITED: usize = usize::MAX;

/// JavaScript by QuickJS. Each thread has a runtime of its own; a run has a context of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct JavaScript {
    pub limits: Limits,
}

thread_local! {
    static RUNTIME: RefCell<Option<BoundedRuntime>> = const { RefCell::new(None) };
}

struct BoundedRuntime {
    runtime: Runtime,
    /// By the clock of this thread's work.
    deadline: Rc<Cell<Option<Duration>>>,
    /// A run was stopped: the runtime may be out of memory and fail whatever comes next.
    is_spoilt: Rc<Cell<bool>>,
}

/// How long this thread has computed. While it waits for a processor that others use, no script comes closer to its end.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

impl ScriptEngine for JavaScript {
    fn run(&self, language: &str, source: &str, context: &dyn Host) -> Result<Value, ScriptFailure> {
        if !LANGUAGES.contains(&language.to_ascii_lowercase().as_str()) {
            return Err(ScriptFailure::unknown_language(language));
        }
        // Taken out while it runs: were a script ever run within another one, it would get a runtime of its own.
        let runtime = match RUNTIME.take() {
            Some(runtime) => runtime,
            None => BoundedRuntime::new().map_err(|error| failed("JavaScript is not available", &error))?,
        };
        let result = runtime.run(&self.limits, source, context);
        if !runtime.is_spoilt.get() {
            RUNTIME.set(Some(runtime));
        }
        result
    }
}

impl BoundedRuntime {
    fn new() -> Result<BoundedRuntime, rquickjs::Error> {
        let runtime = Runtime::new()?;
        let deadline = Rc::new(Cell::new(None));
        let is_spoilt = Rc::new(Cell::new(false));
        let (ends, spoils) = (deadline.clone(), is_spoilt.clone());
        runtime.set_interrupt_handler(Some(Box::new(move || {
            let is_over = ends.get().is_some_and(|deadline: Duration| worked() >= deadline);
            if is_over {
                spoils.set(true);
            }
            is_over
        })));
        Ok(BoundedRuntime { runtime, deadline, is_spoilt })
    }

    fn run(&self, limits: &Limits, source: &str, host: &dyn Host) -> Result<Value, ScriptFailure> {
        self.runtime.set_max_stack_size(limits.stack_bytes);
        self.deadline.set(worked().checked_add(limits.time));
        let result = bridge::with_context(host, || self.run_in_context(limits, source));
        self.deadline.set(None);
        result.map_err(|stopped| match stopped {
            Stopped::Failure(failure) if !self.is_spoilt.get() => failure,
            Stopped::Failure(_) | Stopped::Limit(_) if self.is_spoilt.get() => {
                ScriptFailure::Failed(format!("the script ran longer than {} ms", limits.time.as_millis()))
            }
            Stopped::Failure(failure) => failure,
            Stopped::Limit(message) => {
                self.is_spoilt.set(true);
                let (memory, stack) = (limits.memory_bytes, limits.stack_bytes);
                ScriptFailure::Failed(format!(
                    "the script needs more than {memory} bytes, or {stack} bytes of stack: {message}"
                ))
            }
        })
    }

    fn run_in_context(&self, limits: &Limits, source: &str) -> Result<Value, Stopped> {
        let handles = Handles::for_script(source);
        let context = Context::full(&self.runtime)?;
        let exits = context.with(|ctx| {
            prepare(&ctx, &handles, source)
                .map(|exits| Persistent::save(&ctx, exits))
                .map_err(|error| Stopped::of(&ctx, None, &error))
        })?;
        // Only the script itself is limited: a context that could not be made whole, or not be taken apart, could take the
        // process with it.
        self.runtime.set_memory_limit(self.used_bytes().saturating_add(limits.memory_bytes));
        let result = context.with(|ctx| {
            let exits = exits.restore(&ctx)?;
            evaluate(&ctx, &handles, &exits, source)
        });
        self.runtime.set_memory_limit(UNLIMITED);
        result
    }

    fn used_bytes(&self) -> usize {
        usize::try_from(self.runtime.memory_usage().malloc_size).unwrap_or(0)
    }
}

/// Why a script has given no value.
enum Stopped {
    Failure(ScriptFailure),
    /// Memory or stack: nothing more can be expected of the runtime.
    Limit(String),
}

fn evaluate<'js>(ctx: &Ctx<'js>, handles: &Handles, exits: &Object<'js>, source: &str) -> Result<Value, Stopped> {
    let (result_of, exception_of): (Function<'js>, Function<'js>) = (exits.get(RESULT)?, exits.get(EXCEPTION)?);
    let mut options = EvalOptions::default();
    options.strict = false;
    let stopped = |error: &rquickjs::Error| Stopped::of(ctx, Some(&exception_of), error);
    let value: Js<'js> = ctx.eval_with_options(source, options).map_err(|error| stopped(&error))?;
    let value: Js<'js> = result_of.call((value,)).map_err(|error| stopped(&error))?;
    marshal::from_script(handles, &value).map_err(|error| match error {
        MarshalError::Script(error) => stopped(&error),
        MarshalError::Value(error) => Stopped::Failure(ScriptFailure::Failed(error.to_string())),
    })
}

/// Makes the world of a script. What it answers has the functions by which a result and an exception leave.
fn prepare<'js>(ctx: &Ctx<'js>, handles: &Handles, source: &str) -> Result<Object<'js>, rquickjs::Error> {
    let prelude: Function<'js> = ctx.eval(PRELUDE)?;
    let names: Vec<&str> = words(source).into_iter().collect();
    prelude.call((bridge::functions(ctx, handles)?, names))
}

/// The words of a text that may be names of variables.
fn words(source: &str) -> BTreeSet<&str> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_' || character == '$';
    source
        .split(|character| !is_part(character))
        .filter(|word| word.chars().next().is_some_and(|first| !first.is_ascii_digit()))
        .collect()
}

impl From<rquickjs::Error> for Stopped {
    /// What is not thrown by the script is a want of the runtime.
    fn from(error: rquickjs::Error) -> Stopped {
        Stopped::Limit(error.to_string())
    }
}

impl Stopped {
    /// What the script, or its preparation, has thrown.
    fn of<'js>(ctx: &Ctx<'js>, exception_of: Option<&Function<'js>>, error: &rquickjs::Error) -> Stopped {
        if !matches!(error, rquickjs::Error::Exception) {
            return Stopped::Limit(error.to_string());
        }
        let thrown = ctx.catch();
        let described: Option<(String, String, Option<String>)> = exception_of.and_then(|describe| {
            let parts: Vec<Option<String>> = describe.call((thrown,)).ok()?;
            let mut parts = parts.into_iter();
            Some((parts.next()??, parts.next()??, parts.next()?))
        });
        match described {
            Some((kind, code, message)) if !kind.is_empty() => {
                Stopped::Failure(ScriptFailure::BpmnError { code: Some(code.into()), message: message.map(Into::into) })
            }
            Some((_, text, _)) if LIMIT_MESSAGES.iter().any(|limit| text.contains(limit)) => Stopped::Limit(text),
            Some((_, text, _)) => Stopped::Failure(ScriptFailure::Failed(text)),
            None => {
                let _ = ctx.catch();
                Stopped::Limit("what it threw cannot be read".to_owned())
            }
        }
    }
}

fn failed(what: &str, error: &rquickjs::Error) -> ScriptFailure {
    ScriptFailure::Failed(format!("{what}: {error}"))
}

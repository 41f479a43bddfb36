//! What `prelude.js` calls of the host.
//!
//! The functions that a script can call live as long as its run, the context does not: it is lent to the thread for the
//! run, and each call looks it up there.

use expression::{Context, EvaluationError, Value};
use rquickjs::function::Rest;
use rquickjs::{Ctx, Exception, Function, Object, Value as Js};
use scoped_tls_hkt::scoped_thread_local;
use types::Timestamp;

use crate::handle::{Called, Handles};
use crate::marshal::{self, MarshalError};

scoped_thread_local!(static CONTEXT: for<'a> &'a (dyn Context + 'a));

/// Runs something with the context at hand for the functions of [`functions`].
pub(crate) fn with_context<R>(context: &dyn Context, run: impl FnOnce() -> R) -> R {
    CONTEXT.set(context, run)
}

/// The functions of the host, as one object.
pub(crate) fn functions<'js>(ctx: &Ctx<'js>, handles: &Handles) -> Result<Object<'js>, rquickjs::Error> {
    let host = Object::new(ctx.clone())?;
    let own = handles.clone();
    let resolve = move |ctx: Ctx<'js>, name: String| -> Result<Js<'js>, rquickjs::Error> {
        let found = CONTEXT.with(|context| context.resolve(&name));
        match found {
            Ok(None) => Ok(Js::new_undefined(ctx)),
            Ok(Some(value)) => marshal::to_script(&ctx, &own, &value).map_err(|error| thrown(&ctx, error)),
            Err(error) => Err(thrown(&ctx, error.into())),
        }
    };
    host.set("resolve", Function::new(ctx.clone(), resolve)?)?;
    let own = handles.clone();
    let property = move |ctx: Ctx<'js>, handle: f64, name: String| -> Result<Js<'js>, rquickjs::Error> {
        let target = own.value(handle as usize).map_err(|error| thrown(&ctx, error.into()))?;
        // A node has methods alone: `value` is not what `isValue` answers.
        if matches!(target, Value::Json(_) | Value::Xml(_)) {
            return Ok(Js::new_undefined(ctx));
        }
        match CONTEXT.with(|context| target.named_property(context, &name)) {
            Ok(value) => marshal::to_script(&ctx, &own, &value).map_err(|error| thrown(&ctx, error)),
            // What is no property may be a method.
            Err(_) => Ok(Js::new_undefined(ctx)),
        }
    };
    host.set("property", Function::new(ctx.clone(), property)?)?;
    let own = handles.clone();
    let call = move |ctx: Ctx<'js>, handle: f64, method: String, arguments: Rest<Js<'js>>| {
        let called = from_all(&own, &arguments).and_then(|arguments| {
            CONTEXT.with(|context| own.call(context, handle as usize, &method, &arguments)).map_err(Into::into)
        });
        let answer = called.and_then(|called| match called {
            Called::Value(value) => marshal::to_script(&ctx, &own, &value),
            Called::Held(handle) => marshal::held(&ctx, &own, handle),
        });
        answer.map_err(|error| thrown(&ctx, error))
    };
    host.set("call", Function::new(ctx.clone(), call)?)?;
    let own = handles.clone();
    let function = move |ctx: Ctx<'js>, name: String, arguments: Rest<Js<'js>>| {
        let called = from_all(&own, &arguments).and_then(|arguments| {
            CONTEXT.with(|context| Value::call_function(context, &name, &arguments)).map_err(Into::into)
        });
        let answer = called.and_then(|value| marshal::to_script(&ctx, &own, &value));
        answer.map_err(|error| thrown(&ctx, error))
    };
    host.set("function", Function::new(ctx.clone(), function)?)?;
    let own = handles.clone();
    let date = move |ctx: Ctx<'js>, ms: f64| -> Result<Js<'js>, rquickjs::Error> {
        let date = Value::Date(Timestamp(ms as i64));
        marshal::to_script(&ctx, &own, &date).map_err(|error| thrown(&ctx, error))
    };
    host.set("date", Function::new(ctx.clone(), date)?)?;
    Ok(host)
}

fn from_all(handles: &Handles, arguments: &Rest<Js<'_>>) -> Result<Vec<Value>, MarshalError> {
    arguments.0.iter().map(|argument| marshal::from_script(handles, argument)).collect()
}

/// As an exception of the script.
fn thrown(ctx: &Ctx<'_>, error: MarshalError) -> rquickjs::Error {
    match error {
        MarshalError::Script(error) => error,
        MarshalError::Value(error) => Exception::throw_message(ctx, &EvaluationError::to_string(&error)),
    }
}

//! Completions of many external tasks in one request, alone or with a fetchAndLock behind them. Camunda's API has neither.
//!
//! Each completion is a unit of its own and is answered as the single call would have been. A request that makes no
//! sense as a whole is refused before anything is done.

use std::sync::Arc;

use axum::http::StatusCode;
use engine::{Command, RejectionKind};
use futures_util::future::join_all;
use runtime::{FetchedTasks, IdempotencyKey, RecordedAnswer, Runtime};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use types::{ExternalTaskId, VariableMap};

use super::fetch_and_lock;
use crate::answer::Answer;
use crate::call::{Call, parse_id};
use crate::delivery::Delivery;
use crate::dto::variable::variables;
use crate::failure::{Failure, Refusal, look};
use crate::given::Given;
use crate::idempotency;
use crate::json::Fields;

pub async fn complete_batch(call: Call) -> Result<Answer, Failure> {
    let results = carry_out(&call, completions(&call, call.fields()?)?).await?;
    Answer::json(&results.iter().map(CompletionResult::shown).collect::<Vec<_>>())
}

/// The tasks are fetched once the completions are durable. Where one of them was refused the fetch does not wait, so that
/// the worker learns of it at once.
pub async fn complete_and_fetch(call: Call) -> Result<Answer, Failure> {
    let fields = call.fields()?;
    let (mut request, topics) = fetch_and_lock::read(&fields, &call.rest.settings)?;
    let results = carry_out(&call, completions(&call, fields)?).await?;
    if results.iter().any(|result| result.outcome.is_err()) {
        request.async_response_timeout_ms = 0;
    }
    let fetched = call.runtime().fetch_and_lock(request).await;
    let completed: Vec<Value> = results.iter().map(CompletionResult::shown).collect();
    match fetched {
        Ok(fetched) => {
            let answer = json!({ "completed": completed, "tasks": topics.shown(&fetched.tasks)? });
            delivered(&call, &answer, fetched)
        }
        // What was completed has to be told.
        Err(error) => {
            let refusal = refusal_json(&Failure::from(error).into_refusal(&look::ENGINE));
            Answer::json(&json!({ "completed": completed, "tasks": [], "fetchFailure": refusal }))
        }
    }
}

fn delivered(call: &Call, answer: &Value, fetched: FetchedTasks) -> Result<Answer, Failure> {
    let text = serde_json::to_vec(answer).map_err(Failure::internal)?;
    Ok(Answer::json_text(Delivery::new(text, fetched, call.deliveries.clone()).into_body()))
}

/// An entry of `tasks`, as far as it can be understood.
struct Completion {
    /// As it was sent.
    id: Value,
    content: Result<Content, Failure>,
}

struct Content {
    id: ExternalTaskId,
    variables: VariableMap,
    local_variables: VariableMap,
    /// Of an entry of a request with a key.
    key: Option<IdempotencyKey>,
}

/// What became of an entry.
struct CompletionResult {
    id: Value,
    outcome: Result<Novelty, Refusal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Novelty {
    New,
    /// It was carried out by an earlier request.
    Replayed,
}

/// A completion on its way through the phases.
enum Progress {
    Ended(Result<Novelty, Failure>),
    /// Its handle notes what has to be noted.
    Ready {
        runtime: Runtime,
        content: Content,
    },
}

fn completions(call: &Call, fields: Fields) -> Result<(Option<Arc<str>>, Vec<Completion>), Failure> {
    let worker_id = fields.text("workerId")?;
    let key = idempotency::text_of(call)?;
    fields.array("tasks")?.ok_or_else(|| Failure::invalid("`tasks` is missing; it has to be an array"))?;
    let Some(Given::Array(entries)) = fields.into_inner().remove("tasks") else { return Ok((worker_id, Vec::new())) };
    let completions_max = call.rest.settings.completions_per_request_max;
    if entries.len() > completions_max {
        return Err(Failure::invalid(format!("`tasks` must not have more than {completions_max} entries")));
    }
    let completion = |entry: Given| {
        let id = entry.get("id").map_or(Value::Null, Value::from);
        Completion { id, content: content(entry, key, worker_id.as_deref()) }
    };
    let completions = entries.into_iter().map(completion).collect();
    Ok((worker_id, completions))
}

fn content(entry: Given, key: Option<&str>, worker_id: Option<&str>) -> Result<Content, Failure> {
    let fingerprint = key.map(|_| fingerprint(&entry, worker_id));
    let fields = Fields::of(entry, "an entry of `tasks`")?;
    let id = fields.text("id")?.ok_or_else(|| Failure::invalid("`id` is missing"))?;
    let id = parse_id(&id, super::external_task::WHAT)?;
    let key = key.zip(fingerprint).map(|(key, fingerprint)| IdempotencyKey::of_part(key, id, fingerprint));
    Ok(Content {
        id,
        variables: variables(&fields, "variables")?,
        local_variables: variables(&fields, "localVariables")?,
        key,
    })
}

fn fingerprint(entry: &Given, worker_id: Option<&str>) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(json!([worker_id, entry]).to_string());
    digest.finalize().into()
}

/// Looks up what was done before, does the rest all at once, and looks once more at what was refused.
async fn carry_out(
    call: &Call,
    (worker_id, completions): (Option<Arc<str>>, Vec<Completion>),
) -> Result<Vec<CompletionResult>, Failure> {
    let worker = Worker {
        id: worker_id.as_ref(),
        runtime: call.runtime(),
        is_idempotent: call.rest.settings.idempotent_completion,
    };
    let (ids, contents): (Vec<_>, Vec<_>) =
        completions.into_iter().map(|completion| (completion.id, completion.content)).unzip();
    let known = join_all(contents.iter().map(|content| worker.recall(content.as_ref().ok()))).await;
    let begun = contents.into_iter().zip(known).map(|(content, known)| worker.begin(content, known));
    let mut commands = Vec::new();
    let mut pending = Vec::with_capacity(ids.len());
    for progress in begun {
        pending.push(match progress {
            Progress::Ended(outcome) => Err(outcome),
            Progress::Ready { runtime, content } => {
                let Content { id, variables, local_variables, key } = content;
                let worker_id = worker_id.clone();
                commands.push((runtime, Command::CompleteExternalTask { id, worker_id, variables, local_variables }));
                Ok((id, key))
            }
        });
    }
    let mut done = Runtime::execute_each(commands).await?.into_iter();
    let ended = pending.into_iter().map(|pending| match pending {
        Err(outcome) => (None, outcome),
        Ok(asked) => {
            let missing = || Err(runtime::Error::Defect("a completion has no result".to_owned()));
            (Some(asked), done.next().unwrap_or_else(missing).map(|_| Novelty::New).map_err(Failure::from))
        }
    });
    let outcomes = join_all(ended.map(|(asked, outcome)| worker.end(asked, outcome))).await;
    let result = |(id, outcome): (Value, Result<Novelty, Failure>)| CompletionResult {
        id,
        outcome: outcome.map_err(|failure| failure.into_refusal(&look::EXTERNAL_TASK)),
    };
    Ok(ids.into_iter().zip(outcomes).map(result).collect())
}

/// Who completes.
#[derive(Clone, Copy)]
struct Worker<'a> {
    id: Option<&'a Arc<str>>,
    runtime: &'a Runtime,
    /// A task that is gone because it has completed it is completed.
    is_idempotent: bool,
}

impl Worker<'_> {
    /// Whether it was carried out before.
    async fn recall(self, content: Option<&Content>) -> Result<bool, Failure> {
        let Some(key) = content.and_then(|content| content.key.as_ref()) else { return Ok(false) };
        Ok(idempotency::known_answer(self.runtime.recall(key).await?)?.is_some())
    }

    fn begin(self, content: Result<Content, Failure>, is_known: Result<bool, Failure>) -> Progress {
        let content = match (content, is_known) {
            (Err(failure), _) | (_, Err(failure)) => return Progress::Ended(Err(failure)),
            (Ok(_), Ok(true)) => return Progress::Ended(Ok(Novelty::Replayed)),
            (Ok(content), Ok(false)) => content,
        };
        let mut runtime = self.runtime.clone();
        if let Some(key) = &content.key {
            match runtime.record(key.clone(), Some(RecordedAnswer::no_content())) {
                Some(recording) => runtime = recording,
                None => return Progress::Ended(Err(idempotency::in_progress())),
            }
        }
        if let Some(worker_id) = self.id.filter(|_| self.is_idempotent) {
            let key = IdempotencyKey::of_completion(content.id, worker_id);
            // Where the worker completes it at this moment, the task itself says which of the two comes first.
            if let Some(recording) = runtime.record(key, Some(RecordedAnswer::no_content())) {
                runtime = recording;
            }
        }
        Progress::Ready { runtime, content }
    }

    /// What was refused may have been done by an earlier request, or by another node meanwhile.
    async fn end(
        self,
        asked: Option<(ExternalTaskId, Option<IdempotencyKey>)>,
        outcome: Result<Novelty, Failure>,
    ) -> Result<Novelty, Failure> {
        let (Some((id, key)), Err(failure)) = (asked, &outcome) else { return outcome };
        let is_gone = matches!(failure, Failure::Rejected(rejection) if rejection.kind == RejectionKind::NotFound);
        if let Some(worker_id) = self.id.filter(|_| self.is_idempotent && is_gone)
            && self.runtime.is_completed_by(id, worker_id).await?
        {
            return Ok(Novelty::New);
        }
        if let Some(key) = key
            && let runtime::Recalled::Answered(_) = self.runtime.recall_stored(&key).await?
        {
            return Ok(Novelty::Replayed);
        }
        outcome
    }
}

impl CompletionResult {
    fn shown(&self) -> Value {
        let mut shown = match &self.outcome {
            Ok(_) => json!({ "status": StatusCode::NO_CONTENT.as_u16() }),
            Err(refusal) => refusal_json(refusal),
        };
        shown["id"] = self.id.clone();
        if self.outcome == Ok(Novelty::Replayed) {
            shown["replayed"] = json!(true);
        }
        shown
    }
}

fn refusal_json(refusal: &Refusal) -> Value {
    let mut shown = json!({
        "status": refusal.status.as_u16(),
        "type": refusal.error_type,
        "message": refusal.message,
        "code": refusal.code,
    });
    if let Some(seconds) = refusal.retry_after_s {
        shown["retryAfter"] = json!(seconds);
    }
    shown
}

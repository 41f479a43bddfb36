//! What deletes looks its rows up by keys and indexes, however much there is of other things.

use std::sync::{Arc, Mutex};

use engine::Snapshot;
use query::{SqlValue, Statement, tables};
use runtime::{BatchWork, Cascade, DefinitionSet, LocatedBy, NewBatch, Runtime, TenantChoice};
use store::{Pending, SqliteStore, Store, Work, WorkDone};
use types::{ProcessInstanceId, VariableValue};

use crate::support::*;

/// Hands everything on, and keeps what it was told from outside of aggregates.
#[derive(Clone)]
struct Heard(Arc<Inner>);

struct Inner {
    store: SqliteStore,
    statements: Mutex<Vec<Statement>>,
}

impl Store for Heard {
    fn locate(&self, by: LocatedBy) -> Pending<'_, Option<ProcessInstanceId>> {
        self.0.store.locate(by)
    }

    fn load(&self, root: ProcessInstanceId) -> Pending<'_, Option<Snapshot>> {
        self.0.store.load(root)
    }

    fn select(&self, statement: Statement) -> Pending<'_, Vec<Vec<SqlValue>>> {
        self.0.note(std::slice::from_ref(&statement));
        self.0.store.select(statement)
    }

    fn submit(&self, work: Work) -> Pending<'static, WorkDone> {
        match &work {
            Work::Run(statements) | Work::ApplyAndRun(_, statements) | Work::ApplyAndNote(_, statements) => {
                statements.iter().for_each(|expected| self.0.note(std::slice::from_ref(&expected.statement)));
            }
            Work::Remove(statements) => self.0.note(statements),
            Work::Apply(_) | Work::Claim(_) | Work::ClaimJobs(_) | Work::ReleaseExpired { .. } => {}
        }
        self.0.store.submit(work)
    }
}

impl Inner {
    fn note(&self, statements: &[Statement]) {
        self.statements.lock().expect("not poisoned").extend_from_slice(statements);
    }

    fn forget(&self) {
        self.statements.lock().expect("not poisoned").clear();
    }

    /// Tables that have to be walked as a whole for what was heard since it was forgotten.
    async fn walks(&self) -> Vec<String> {
        let heard = std::mem::take(&mut *self.statements.lock().expect("not poisoned"));
        assert!(!heard.is_empty());
        let mut walks = Vec::new();
        // A list without values is for no row.
        for statement in heard.into_iter().filter(|statement| !statement.text.contains("1 = 0")) {
            let explained = Statement { text: format!("EXPLAIN QUERY PLAN {}", statement.text), ..statement.clone() };
            for row in self.store.select(explained).await.expect("can be explained") {
                let Some(SqlValue::Text(step)) = row.last() else { panic!("{row:?}") };
                // A list of values that was given, or what was found before.
                let is_given = ["json_each", "CONSTANT ROW", "SCAN named"].iter().any(|given| step.contains(given));
                if step.starts_with("SCAN") && !is_given {
                    walks.push(format!("{step}: {}", statement.text));
                }
            }
        }
        walks.sort();
        walks.dedup();
        walks
    }
}

/// An instance that calls one with a task of each kind and a timer.
async fn calling_instance(runtime: &Runtime) -> ProcessInstanceId {
    let called = r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="both"/>
        <bpmn:parallelGateway id="both"/>
        <bpmn:sequenceFlow id="f2" sourceRef="both" targetRef="user"/><bpmn:userTask id="user" camunda:assignee="ann"/>
        <bpmn:sequenceFlow id="f3" sourceRef="both" targetRef="task"/>
        <bpmn:serviceTask id="task" camunda:type="external" camunda:topic="work"/>
        <bpmn:sequenceFlow id="f4" sourceRef="both" targetRef="wait"/>
        <bpmn:intermediateCatchEvent id="wait"><bpmn:timerEventDefinition>
          <bpmn:timeDuration>P1D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"#;
    deploy(runtime, &model("called", called)).await;
    let calling = r#"<bpmn:startEvent id="start"/><bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="call"/>
        <bpmn:callActivity id="call" calledElement="called"/>
        <bpmn:startEvent id="told"><bpmn:signalEventDefinition signalRef="signal"/></bpmn:startEvent>
        <bpmn:sequenceFlow id="f3" sourceRef="told" targetRef="call"/>"#;
    deploy(runtime, &model("calling", calling)).await;
    let timed = r#"<bpmn:startEvent id="often"><bpmn:timerEventDefinition><bpmn:timeCycle>R/P1D</bpmn:timeCycle>
          </bpmn:timerEventDefinition></bpmn:startEvent>"#;
    deploy(runtime, &model("timed", timed)).await;
    start_with(runtime, "calling", variables(&[("n", VariableValue::Integer(1))])).await
}

fn by_key(key: &str) -> DefinitionSet {
    DefinitionSet::ByKey { key: key.into(), tenant: TenantChoice::None }
}

#[tokio::test]
async fn deletions_look_up_what_they_delete() {
    let store = SqliteStore::open("sqlite::memory:").expect("opens");
    let heard = Heard(Arc::new(Inner { store, statements: Mutex::default() }));
    let runtime = Runtime::open(Arc::new(heard.clone()), settings()).await.expect("opens");
    let mut walks = Vec::new();
    for round in ["definition", "deployment", "history", "batch"] {
        let instance = calling_instance(&runtime).await;
        let work = BatchWork::SetExternalTaskRetries { retries: 4 };
        let ids = vec![task_of_any(&runtime).await];
        let batch = runtime.create_batch(NewBatch { work, ids, tenant_id: None }).await.expect("is created");
        heard.0.forget();
        match round {
            "definition" => {
                for key in ["called", "calling", "timed"] {
                    runtime.delete_process_definitions(by_key(key), Cascade::On).await.expect("deletes");
                }
            }
            "deployment" => {
                for id in column(&runtime, &tables::DEPLOYMENT, "id").await {
                    heard.0.forget();
                    runtime.delete_deployment(id_of(id).into(), Cascade::On).await.expect("deletes");
                    walks.extend(heard.0.walks().await);
                }
                continue;
            }
            "history" => {
                runtime.delete_historic_variables_of(instance).await.expect("deletes");
            }
            _ => {}
        }
        runtime.delete_batch(batch.id, Cascade::On).await.expect("deletes");
        walks.extend(heard.0.walks().await);
    }
    assert!(walks.is_empty(), "{walks:#?}");
}

async fn task_of_any(runtime: &Runtime) -> types::Uuid {
    id_of(column(runtime, &tables::EXTERNAL_TASK, "id").await.pop().expect("a task"))
}

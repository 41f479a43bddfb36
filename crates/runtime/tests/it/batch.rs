//! Batches that set the retries of external tasks.

use engine::RejectionKind;
use query::{Condition, Select, SqlValue, tables};
use runtime::{Batch, BatchWork, Cascade, JobExecutor, NewBatch, Runtime, Settings};
use types::{ExternalTaskId, JobDefinitionId, JobId};

use crate::deployment::job_id;
use crate::support::*;

async fn tasks(runtime: &Runtime, count: usize) -> Vec<ExternalTaskId> {
    deploy(runtime, &external_task_model("order", "work", "")).await;
    let mut tasks = Vec::new();
    for _ in 0..count {
        let instance = start(runtime, "order").await;
        tasks.push(task_of(runtime, instance).await);
    }
    tasks
}

async fn jobs(runtime: &Runtime, of: JobDefinitionId) -> Vec<JobId> {
    let table = &tables::JOB;
    let mut select =
        Select::all(table.source()).filter(Condition::equal(table.col("job_definition_id"), SqlValue::Uuid(of.0)));
    select.columns = vec![table.col("id").into()];
    rows(runtime, select).await.into_iter().flatten().map(|cell| job_id(&cell)).collect()
}

async fn run_all(runtime: &Runtime, of: JobDefinitionId) -> usize {
    let jobs = jobs(runtime, of).await;
    for job in &jobs {
        runtime.execute_job(*job).await.expect("runs");
    }
    jobs.len()
}

async fn create(runtime: &Runtime, external_task_ids: Vec<ExternalTaskId>) -> Batch {
    let ids = external_task_ids.into_iter().map(|id| id.0).collect();
    let work = BatchWork::SetExternalTaskRetries { retries: 4 };
    runtime.create_batch(NewBatch { work, ids, tenant_id: None }).await.expect("is created")
}

#[tokio::test]
async fn a_batch_runs_job_by_job() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, Settings { batch_jobs_per_seed: 2, ..settings() }).await;
    let mut ids = tasks(&runtime, 3).await;
    ids.push(ids[0]);
    let batch = create(&runtime, ids).await;
    assert_eq!((batch.total_jobs, batch.jobs_created), (3, 0));
    assert_eq!(run_all(&runtime, batch.seed_job_definition_id).await, 1);
    assert_eq!(jobs(&runtime, batch.batch_job_definition_id).await.len(), 2);
    assert_eq!(run_all(&runtime, batch.seed_job_definition_id).await, 1);
    assert!(jobs(&runtime, batch.seed_job_definition_id).await.is_empty());
    assert_eq!(run_all(&runtime, batch.monitor_job_definition_id).await, 1, "too early");
    assert_eq!(count(&runtime, &tables::BATCH).await, 1);
    assert_eq!(run_all(&runtime, batch.batch_job_definition_id).await, 3);
    assert_eq!(column(&runtime, &tables::EXTERNAL_TASK, "retries").await, vec![SqlValue::Integer(4); 3]);
    assert_eq!(run_all(&runtime, batch.monitor_job_definition_id).await, 1);
    for table in [&tables::BATCH, &tables::JOB, &tables::JOB_DEFINITION] {
        assert_eq!(count(&runtime, table).await, 0, "{}", table.name);
    }
    for ended in ["execution_start_time", "end_time"] {
        assert!(matches!(column(&runtime, &tables::HISTORIC_BATCH, ended).await[..], [SqlValue::Integer(_)]));
    }
}

#[tokio::test]
async fn a_batch_runs_by_itself_and_what_fails_is_an_incident() {
    let staged = Staged::memory();
    let runtime = runtime_on(&staged, Settings { job_executor: JobExecutor::On, ..settings() }).await;
    let mut ids = tasks(&runtime, 2).await;
    ids.push(types::Uuid(1).into());
    let batch = create(&runtime, ids).await;
    while count(&runtime, &tables::INCIDENT).await == 0 || jobs(&runtime, batch.batch_job_definition_id).await.len() > 1
    {
        tokio::task::yield_now().await;
    }
    assert_eq!(column(&runtime, &tables::EXTERNAL_TASK, "retries").await, vec![SqlValue::Integer(4); 2]);
    assert_eq!(count(&runtime, &tables::BATCH).await, 1);
    runtime.delete_batch(batch.id, Cascade::Off).await.expect("goes");
    assert_eq!(count(&runtime, &tables::INCIDENT).await, 0);
    assert_eq!(count(&runtime, &tables::HISTORIC_BATCH).await, 1);
    runtime.shutdown().await;
}

#[tokio::test]
async fn a_deleted_batch_leaves_its_history_unless_that_goes_too() {
    let runtime = runtime().await;
    let ids = tasks(&runtime, 1).await;
    let (kept, gone) = (create(&runtime, ids.clone()).await, create(&runtime, ids).await);
    runtime.delete_batch(kept.id, Cascade::Off).await.expect("goes");
    runtime.delete_batch(gone.id, Cascade::On).await.expect("goes");
    assert_eq!(count(&runtime, &tables::HISTORIC_BATCH).await, 1);
    assert_eq!(count(&runtime, &tables::JOB).await, 0);
    assert!(is_refused(&runtime.delete_batch(gone.id, Cascade::On).await, RejectionKind::NotFound));
    let empty = runtime
        .create_batch(NewBatch {
            work: BatchWork::SetExternalTaskRetries { retries: 1 },
            ids: Vec::new(),
            tenant_id: None,
        })
        .await;
    assert!(is_refused(&empty, RejectionKind::BadUserRequest), "{empty:?}");
}

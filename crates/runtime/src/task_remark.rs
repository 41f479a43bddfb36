//! What people add to tasks: comments and attachments. Their rows belong to no aggregate and stay when the task has
//! ended; a task that goes on hears of a change in the same unit of work.

use std::sync::Arc;

use engine::{Command, RejectionKind, TaskChange};
use query::{Condition, Mutation, Select, SqlValue, Subquery, Table, tables};
use store::LocatedBy;
use store::work::ExpectedStatement;
use types::{ProcessInstanceId, TaskId, Uuid};

use crate::command::in_own_task;
use crate::error::Error;
use crate::lane::LaneWork;
use crate::request::{AttachmentContents, CommentOwner, NewAttachment, NewComment};
use crate::row::{self, Cells};
use crate::shared::Shared;

impl Shared {
    /// To a task that is or was there. Only one that goes on is known to belong to an instance.
    pub(crate) async fn add_comment(self: &Arc<Self>, new: NewComment) -> Result<Uuid, Error> {
        let now = self.now();
        let id = self.ids.next(now);
        let task_id = new.task_id;
        let insert = move |root: Option<ProcessInstanceId>| {
            let row = vec![
                row::id(id),
                row::id(task_id.0),
                row::optional_text(new.process_instance_id.as_ref()),
                root.map_or(SqlValue::Null, |root| row::id(root.0)),
                row::time(now),
                row::text(&new.message),
            ];
            Mutation::insert(&tables::COMMENT, vec![row])
        };
        self.add_remark(task_id, insert).await.map(|()| id)
    }

    /// # Errors
    /// `NotFound` where the owner has ended or has no such comment.
    pub(crate) async fn change_comment(
        self: &Arc<Self>,
        owner: CommentOwner,
        id: Uuid,
        message: Arc<str>,
    ) -> Result<(), Error> {
        let this = of_owner(owner).and(Condition::equal(tables::COMMENT.col("id"), row::id(id)));
        if self.count(&Select::all(tables::COMMENT.source()).filter(this.clone())).await? == 0 {
            return Err(Error::not_found("comment", id));
        }
        let values = vec![("message", row::text(&message)), ("time", row::time(self.now()))];
        self.change_remarks(owner, Mutation::update(&tables::COMMENT, values, this)).await
    }

    /// One of them or all. There need not be any.
    ///
    /// # Errors
    /// `NotFound` where the owner has ended.
    pub(crate) async fn delete_comments(self: &Arc<Self>, owner: CommentOwner, id: Option<Uuid>) -> Result<(), Error> {
        let mut these = of_owner(owner);
        if let Some(id) = id {
            these = these.and(Condition::equal(tables::COMMENT.col("id"), row::id(id)));
        }
        self.change_remarks(owner, Mutation::delete(&tables::COMMENT, these)).await
    }

    /// To a task that is or was there.
    pub(crate) async fn add_attachment(self: &Arc<Self>, new: NewAttachment) -> Result<Uuid, Error> {
        let now = self.now();
        let id = self.ids.next(now);
        let task_id = new.task_id;
        let insert = move |root: Option<ProcessInstanceId>| {
            let (url, contents) = match &new.contents {
                AttachmentContents::Url(url) => (row::text(url), SqlValue::Null),
                AttachmentContents::Bytes(bytes) => (SqlValue::Null, SqlValue::Blob(bytes.clone())),
            };
            let row = vec![
                row::id(id),
                row::id(task_id.0),
                root.map_or(SqlValue::Null, |root| row::id(root.0)),
                row::time(now),
                row::optional_text(new.name.as_ref()),
                row::optional_text(new.description.as_ref()),
                row::optional_text(new.attachment_type.as_ref()),
                url,
                contents,
            ];
            Mutation::insert(&tables::ATTACHMENT, vec![row])
        };
        self.add_remark(task_id, insert).await.map(|()| id)
    }

    /// # Errors
    /// `NotFound` where the task has no such attachment.
    pub(crate) async fn delete_attachment(self: &Arc<Self>, task_id: TaskId, id: Uuid) -> Result<(), Error> {
        let table = &tables::ATTACHMENT;
        let this = Condition::equal(table.col("task_id"), row::id(task_id.0))
            .and(Condition::equal(table.col("id"), row::id(id)));
        if self.count(&Select::all(table.source()).filter(this.clone())).await? == 0 {
            return Err(Error::not_found("attachment", id));
        }
        let deletion = Mutation::delete(table, this);
        self.add_remark(task_id, move |_| deletion.clone()).await
    }

    /// Whether or not the task goes on; the mutation is told the root of its instance if it does.
    async fn add_remark(
        self: &Arc<Self>,
        task_id: TaskId,
        mutation: impl Fn(Option<ProcessInstanceId>) -> Mutation + Send + 'static,
    ) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let root = shared.root_of_task(task_id).await?;
            match shared.touch_task(task_id, shared.statement(&mutation(root))).await {
                Err(Error::Rejected(rejection)) if rejection.kind == RejectionKind::NotFound => {
                    shared.apply(vec![shared.statement(&mutation(None))]).await
                }
                done => done,
            }
        })
        .await
    }

    /// Only while the owner goes on.
    async fn change_remarks(self: &Arc<Self>, owner: CommentOwner, mutation: Mutation) -> Result<(), Error> {
        let admitted = self.admission.admit()?;
        let shared = self.clone();
        in_own_task(async move {
            let _admitted = admitted;
            let statement = shared.statement(&mutation);
            match owner {
                CommentOwner::Task(id) => shared.touch_task(id, statement).await,
                CommentOwner::ProcessInstance(id) => {
                    let instances = &tables::PROCESS_INSTANCE;
                    let this = Condition::equal(instances.col("id"), row::id(id.0));
                    if shared.count(&Select::all(instances.source()).filter(this)).await? == 0 {
                        return Err(Error::not_found("process instance", id));
                    }
                    shared.apply(vec![statement]).await
                }
            }
        })
        .await
    }

    /// # Errors
    /// `NotFound` for a task that has ended.
    async fn touch_task(self: &Arc<Self>, id: TaskId, along: ExpectedStatement) -> Result<(), Error> {
        let root = self.root_of(LocatedBy::Task(id)).await?.ok_or_else(|| Error::not_found("task", id))?;
        let command = Command::ChangeTask { id, change: TaskChange::Touch };
        self.run_together_along(vec![(root, LaneWork::Command(command))], vec![along]).await?;
        Ok(())
    }

    /// As its history says; none of a task that belongs to no instance.
    async fn root_of_task(&self, id: TaskId) -> Result<Option<ProcessInstanceId>, Error> {
        let table = &tables::HISTORIC_TASK;
        let mut select = Select::all(table.source()).filter(Condition::equal(table.col("id"), row::id(id.0)));
        select.columns = vec![table.col("root_process_instance_id").into()];
        match self.rows(&select).await?.pop() {
            Some(found) => Cells::of(found).optional_id(),
            None => Ok(None),
        }
    }
}

fn of_owner(owner: CommentOwner) -> Condition {
    let comments = &tables::COMMENT;
    match owner {
        CommentOwner::Task(id) => Condition::equal(comments.col("task_id"), row::id(id.0)),
        CommentOwner::ProcessInstance(id) => {
            Condition::equal(comments.col("process_instance_id"), id.to_string().as_str())
        }
    }
}

/// What deletes the comments and attachments of instances, to be run before their historic tasks are deleted.
pub(crate) fn remark_deletions(instances: &[SqlValue]) -> Vec<Mutation> {
    let tasks = &tables::HISTORIC_TASK;
    let of_tasks = |table: &'static Table| {
        let condition = Condition::OneOf(tasks.col("process_instance_id").into(), instances.to_vec());
        let these = Subquery { from: tasks.source(), joins: Vec::new(), condition };
        Condition::OneOfColumn(table.col("task_id").into(), Box::new(these), tasks.col("id"))
    };
    let comments = &tables::COMMENT;
    let named = instances.iter().filter_map(|id| match id {
        SqlValue::Uuid(id) => Some(SqlValue::Text(id.to_string().into())),
        _ => None,
    });
    let of_instances = Condition::OneOf(comments.col("process_instance_id").into(), named.collect());
    vec![
        Mutation::delete(comments, of_tasks(comments)),
        Mutation::delete(comments, of_instances),
        Mutation::delete(&tables::ATTACHMENT, of_tasks(&tables::ATTACHMENT)),
    ]
}

//! All figures in the text format of OpenMetrics, which Prometheus reads.

use std::fmt;
use std::sync::Arc;

use metric::HistogramReading;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use rest::RestMetrics;
use runtime::{Runtime, Statistics, StoreMetrics, TopicStatistics};

use super::process;

/// One look at everything.
#[derive(Debug)]
pub struct Scrape {
    pub runtime: Runtime,
    pub rest_metrics: Arc<RestMetrics>,
    pub statistics: Option<Statistics>,
    pub topics_max: usize,
}

pub fn text(scrape: Scrape) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(scrape));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)?;
    Ok(text)
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut page = Page(encoder);
        page.gauge("camlock_build_info", "What runs", [(label("version", env!("CARGO_PKG_VERSION")), 1.0)])?;
        self.requests(&mut page)?;
        if let Some(store) = self.runtime.store_metrics() {
            store_figures(&mut page, store)?;
        }
        self.runtime_figures(&mut page)?;
        if let Some(statistics) = &self.statistics {
            page.statistics(statistics, self.topics_max, self.runtime.now().0)?;
        }
        process_figures(&mut page)
    }
}

type Labels = Vec<(&'static str, String)>;

/// What is written on.
struct Page<'e>(DescriptorEncoder<'e>);

fn no_labels() -> Labels {
    Vec::new()
}

fn label(name: &'static str, value: &str) -> Labels {
    vec![(name, value.to_owned())]
}

impl Scrape {
    /// Operations that were never called are left out.
    fn requests(&self, page: &mut Page<'_>) -> fmt::Result {
        let called = || self.rest_metrics.operations().iter().filter(|of| of.answers().any(|(_, count)| count > 0));
        let answers = called().flat_map(|of| {
            of.answers().filter(|(_, count)| *count > 0).map(|(class, count)| {
                let labels = vec![("operation", of.operation.id.to_owned()), ("status", format!("{class}xx"))];
                (labels, count as f64)
            })
        });
        page.counter("camlock_requests", "Answers by operation and class of status", answers)?;
        let durations = called().map(|of| (label("operation", of.operation.id), of.durations.read()));
        page.durations("camlock_request_duration_seconds", "From the head of a request to its answer", durations)?;
        let in_progress = self.rest_metrics.in_progress.get() as f64;
        page.one_gauge("camlock_requests_in_progress", "Requests that wait for their answer", in_progress)
    }

    fn runtime_figures(&self, page: &mut Page<'_>) -> fmt::Result {
        let metrics = self.runtime.metrics();
        let nodes = self.runtime.nodes_living() as f64;
        page.one_gauge("camlock_nodes", "Nodes that serve the database, this one included", nodes)?;
        let in_work = self.runtime.requests_in_work() as f64;
        page.one_gauge("camlock_commands_in_progress", "Commands, claims and deployments in work", in_work)?;
        let parked = self.runtime.parked_polls() as f64;
        page.one_gauge("camlock_parked_polls", "Polls that wait for external tasks", parked)?;
        let streams = self.runtime.worker_streams() as f64;
        page.one_gauge("camlock_worker_streams", "Worker streams that are open", streams)?;
        let re_executions = metrics.re_executions.get();
        page.one_counter("camlock_command_re_executions", "Commands decided again after a conflict", re_executions)?;
        let executing = metrics.jobs_executing.get() as f64;
        page.one_gauge("camlock_jobs_executing", "Jobs that this node executes now", executing)?;
        page.one_counter(
            "camlock_removed_process_instances",
            "Process instances whose history this node has removed when it was due",
            metrics.removed_process_instances.get(),
        )?;
        page.one_counter("camlock_jobs_executed", "Jobs that this node has executed", metrics.jobs_executed.get())?;
        page.one_counter("camlock_jobs_failed", "Of those, the ones that failed", metrics.jobs_failed.get())?;
        let failures = metrics.external_task_failures.read();
        let failures = failures.iter().map(|(topic, count)| (label("topic", topic), *count as f64));
        let failures = limited(failures.collect(), self.topics_max);
        page.counter("camlock_external_task_failures", "Failures that workers reported to this node", failures)?;
        let Some(store) = self.runtime.store_metrics() else { return Ok(()) };
        let expiries = store.lock_expiries.read();
        let expiries = expiries.iter().map(|(topic, count)| (label("topic", topic), *count as f64));
        let expiries = limited(expiries.collect(), self.topics_max);
        page.counter("camlock_external_task_lock_expiries", "Locks that ran out on this node", expiries)
    }
}

fn store_figures(page: &mut Page<'_>, store: &StoreMetrics) -> fmt::Result {
    let commits = [(no_labels(), store.commits.read())];
    page.durations("camlock_commit_duration_seconds", "From a batch's first statement to the disk", commits)?;
    let units = [(no_labels(), store.batch_units.read())];
    page.histogram("camlock_batch_units", "Units of work in one commit", units, 1.0)?;
    page.one_counter("camlock_commit_conflicts", "Units decided on what had changed", store.conflicts.get())?;
    page.one_counter("camlock_failed_batches", "Batches of which nothing was written", store.failed_batches.get())?;
    let waiting = store.writes_waiting.get() as f64;
    page.one_gauge("camlock_writes_waiting", "Units of work in the writer's queue", waiting)?;
    let waiting = store.queries_waiting.get() as f64;
    page.one_gauge("camlock_queries_waiting", "Queries that wait for a reader", waiting)?;
    let (open, in_use) = (store.connections.get(), store.connections_in_use.get());
    // A file has no connections.
    if open == 0 {
        return Ok(());
    }
    let waiting = store.claims_waiting.get() as f64;
    page.one_gauge("camlock_claims_waiting", "Claims of tasks and jobs that wait for a connection", waiting)?;
    let states = [("in_use", in_use), ("idle", open.saturating_sub(in_use))];
    let states = states.map(|(state, count)| (label("state", state), count as f64));
    page.gauge("camlock_database_connections", "Connections to the database", states)
}

fn process_figures(page: &mut Page<'_>) -> fmt::Result {
    let Some(process) = process::look() else { return Ok(()) };
    page.counter("process_cpu_seconds", "Processor time of user and system", [(no_labels(), process.cpu_seconds)])?;
    page.one_gauge("process_resident_memory_bytes", "Memory in use", process.resident_bytes as f64)?;
    page.one_gauge("process_open_fds", "Open files, connections included", process.open_files as f64)?;
    page.one_gauge("process_start_time_seconds", "When the process began, since 1970", process.started_at)
}

impl Page<'_> {
    fn statistics(&mut self, statistics: &Statistics, topics_max: usize, now_ms: i64) -> fmt::Result {
        let figure = |of: fn(&TopicStatistics) -> u64| {
            let all = statistics.topics.iter().map(|(topic, figures)| (label("topic", topic), of(figures) as f64));
            limited(all.collect(), topics_max)
        };
        self.gauge("camlock_external_tasks_ready", "Tasks that can be fetched now", figure(|topic| topic.ready))?;
        self.gauge("camlock_external_tasks_locked", "Tasks that a worker has locked", figure(|topic| topic.locked))?;
        let waiting = figure(|topic| topic.waiting_for_retry);
        self.gauge("camlock_external_tasks_waiting_for_retry", "Tasks that failed and are tried later", waiting)?;
        let ages = statistics.topics.iter().filter_map(|(topic, figures)| {
            let age_ms = now_ms.saturating_sub(figures.oldest_ready?.0).max(0);
            Some((label("topic", topic), age_ms as f64 / 1000.0))
        });
        // Ages do not add up: the greatest are shown.
        let mut ages: Vec<_> = ages.collect();
        ages.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        ages.truncate(topics_max);
        self.gauge("camlock_external_task_oldest_seconds", "Age of the oldest task that can be fetched", ages)?;
        self.one_gauge("camlock_jobs_due", "Jobs that should run now", statistics.jobs_due as f64)?;
        let incidents = statistics.incidents.iter().map(|(kind, count)| (label("type", kind), *count as f64));
        self.gauge("camlock_incidents", "Open incidents", limited(incidents.collect(), topics_max))
    }

    fn one_counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.counter(name, help, [(no_labels(), value as f64)])
    }

    fn one_gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.gauge(name, help, [(no_labels(), value)])
    }

    fn counter(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, f64)>) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in values {
            labelled(&mut family, &labels, |one| one.encode_counter::<NoLabelSet, f64, f64>(&value, None))?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, f64)>) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in values {
            labelled(&mut family, &labels, |one| one.encode_gauge(&value))?;
        }
        Ok(())
    }

    /// Read in microseconds, shown in seconds.
    fn durations(
        &mut self,
        name: &str,
        help: &str,
        readings: impl IntoIterator<Item = (Labels, HistogramReading)>,
    ) -> fmt::Result {
        self.histogram(name, help, readings, 1e6)
    }

    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        readings: impl IntoIterator<Item = (Labels, HistogramReading)>,
        shown_unit: f64,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for (labels, reading) in readings {
            let bound = |bound: Option<u64>| bound.map_or(f64::INFINITY, |bound| bound as f64 / shown_unit);
            let buckets: Vec<_> = reading.buckets.iter().map(|(upper, count)| (bound(*upper), *count)).collect();
            let (sum, count) = (reading.sum as f64 / shown_unit, reading.count());
            labelled(&mut family, &labels, |one| one.encode_histogram::<NoLabelSet>(sum, count, &buckets, None))?;
        }
        Ok(())
    }
}

fn labelled(
    family: &mut MetricEncoder<'_>,
    labels: &Labels,
    write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
) -> fmt::Result {
    if labels.is_empty() { write(family) } else { write(&mut family.encode_family(labels)?) }
}

/// The greatest ones by name, and what the others have together.
fn limited(mut values: Vec<(Labels, f64)>, most: usize) -> Vec<(Labels, f64)> {
    if values.len() > most {
        values.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let others = values.split_off(most);
        let sum = others.iter().map(|(_, value)| value).sum::<f64>();
        if let Some((_, known)) =
            values.iter_mut().find(|(labels, _)| labels.iter().any(|(_, of)| of == metric::OTHERS))
        {
            *known += sum;
            return values;
        }
        let name = others.first().and_then(|(labels, _)| labels.first()).map_or("topic", |(name, _)| *name);
        values.push((label(name, metric::OTHERS), sum));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_limit_figures_are_added_up() {
        let values = [("a", 1.0), ("b", 5.0), ("c", 2.0)].map(|(topic, value)| (label("topic", topic), value));
        let expected = [("b", 5.0), (metric::OTHERS, 3.0)].map(|(topic, value)| (label("topic", topic), value));
        assert_eq!(limited(values.to_vec(), 1), expected);
        assert_eq!(limited(values.to_vec(), 3).len(), 3);
    }
}

//! What a workload measured in one round, and the medians over rounds as a table.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The part of a run that is measured: after the warm-up, before the end.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub from: Instant,
    pub until: Instant,
}

impl Window {
    /// The first part warms up caches and connections, the second is measured.
    pub fn starting_now(warm_up: Duration, measured: Duration) -> Window {
        let from = Instant::now() + warm_up;
        Window { from, until: from + measured }
    }

    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    pub fn seconds(&self) -> f64 {
        (self.until - self.from).as_secs_f64()
    }
}

/// How long the calls of one kind took, of those that lie within the window.
#[derive(Debug, Default, Clone)]
pub struct Samples {
    micros: Vec<u32>,
}

impl Samples {
    /// Records a call that has just ended, if it lies within the window; says whether it does.
    pub fn record(&mut self, window: Window, started: Instant) -> bool {
        let now = Instant::now();
        let is_within = started >= window.from && now <= window.until;
        if is_within {
            self.push(now - started);
        }
        is_within
    }

    pub fn push(&mut self, duration: Duration) {
        self.micros.push(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX));
    }

    pub fn append(&mut self, mut other: Samples) {
        self.micros.append(&mut other.micros);
    }

    pub fn count(&self) -> usize {
        self.micros.len()
    }

    /// Median and 99th percentile, in milliseconds.
    pub fn percentiles(&self, call: &'static str) -> Percentiles {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let at = |share: f64| {
            let index = ((sorted.len() as f64 * share).ceil() as usize).saturating_sub(1);
            sorted.get(index).map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
        };
        Percentiles { call, p50_ms: at(0.5), p99_ms: at(0.99) }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Percentiles {
    pub call: &'static str,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// One row of the table, from one round.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The workload with its sizes: `lifecycle 64+64`.
    pub workload: String,
    /// Per second, and of what.
    pub rate: Option<(f64, &'static str)>,
    pub calls: Vec<Percentiles>,
    /// What else was seen, with its unit: `("RSS idle, MB", 12.5)`.
    pub besides: Vec<(&'static str, f64)>,
}

impl Figure {
    /// What was seen besides under this name.
    pub fn beside(&self, name: &str) -> Option<f64> {
        self.besides.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// Medians of the rounds of each workload and engine, in the order in which they first came.
pub fn medians(rounds: &[(String, Figure)]) -> Vec<(String, Figure)> {
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut grouped: BTreeMap<(&str, &str), Vec<&Figure>> = BTreeMap::new();
    for (engine, figure) in rounds {
        let key = (figure.workload.as_str(), engine.as_str());
        if !order.contains(&key) {
            order.push(key);
        }
        grouped.entry(key).or_default().push(figure);
    }
    order.sort_by_key(|(workload, _)| rounds.iter().position(|(_, figure)| figure.workload == *workload));
    order.into_iter().map(|key| (key.1.to_owned(), median_figure(&grouped[&key]))).collect()
}

fn median_figure(figures: &[&Figure]) -> Figure {
    let mut result = figures[0].clone();
    if let Some((rate, _)) = &mut result.rate {
        *rate = median(figures.iter().filter_map(|figure| Some(figure.rate?.0)));
    }
    for (index, call) in result.calls.iter_mut().enumerate() {
        call.p50_ms = median(figures.iter().filter_map(|figure| Some(figure.calls.get(index)?.p50_ms)));
        call.p99_ms = median(figures.iter().filter_map(|figure| Some(figure.calls.get(index)?.p99_ms)));
    }
    for (index, (_, value)) in result.besides.iter_mut().enumerate() {
        *value = median(figures.iter().filter_map(|figure| Some(figure.besides.get(index)?.1)));
    }
    result
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => sorted[count / 2],
        count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
    }
}

/// A markdown table.
pub fn table(figures: &[(String, Figure)]) -> String {
    let mut text = String::from("| workload | engine | rate | p50 / p99 ms | besides |\n|---|---|---|---|---|\n");
    for (engine, figure) in figures {
        let rate = figure.rate.map_or(String::new(), |(rate, unit)| format!("{} {unit}/s", grouped_digits(rate)));
        let calls: Vec<String> = figure
            .calls
            .iter()
            .map(|call| format!("{} {} / {}", call.call, short(call.p50_ms), short(call.p99_ms)))
            .collect();
        let besides: Vec<String> =
            figure.besides.iter().map(|(name, value)| format!("{name} {}", short(*value))).collect();
        let _ = writeln!(
            text,
            "| {} | {engine} | {rate} | {} | {} |",
            figure.workload,
            calls.join(", "),
            besides.join(", ")
        );
    }
    text
}

pub fn short(value: f64) -> String {
    match value {
        value if value.abs() >= 100.0 || value.fract() == 0.0 => grouped_digits(value),
        value if value.abs() >= 10.0 => format!("{value:.1}"),
        value if value.abs() >= 0.1 => format!("{value:.2}"),
        value => format!("{value:.4}"),
    }
}

pub fn grouped_digits(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(workload: &str, rate: f64) -> Figure {
        Figure {
            workload: workload.to_owned(),
            rate: Some((rate, "calls")),
            calls: vec![Percentiles { call: "lock", p50_ms: rate / 1000.0, p99_ms: 12.34 }],
            besides: Vec::new(),
        }
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_samples() {
        let mut samples = Samples::default();
        for millis in (1..=100).rev() {
            samples.push(Duration::from_millis(millis));
        }
        assert_eq!(samples.percentiles("a"), Percentiles { call: "a", p50_ms: 50.0, p99_ms: 99.0 });
    }

    #[test]
    fn rounds_become_medians_with_workloads_side_by_side() {
        let rounds = [("ours", "lock", 1.0), ("ours", "start", 9.0), ("other", "lock", 7.0), ("ours", "lock", 3.0)]
            .map(|(engine, workload, rate)| (engine.to_owned(), figure(workload, rate)));
        let rates: Vec<_> = medians(&rounds)
            .into_iter()
            .map(|(engine, figure)| (engine, figure.workload, figure.rate.unwrap().0))
            .collect();
        let expected = [("ours", "lock", 2.0), ("other", "lock", 7.0), ("ours", "start", 9.0)]
            .map(|(engine, workload, rate)| (engine.to_owned(), workload.to_owned(), rate));
        assert_eq!(rates, expected);
    }

    #[test]
    fn the_table_is_markdown() {
        let text = table(&[("ours".to_owned(), figure("lock", 12345.6))]);
        assert_eq!(text.lines().last().unwrap(), "| lock | ours | 12,346 calls/s | lock 12.3 / 12.3 |  |");
    }
}

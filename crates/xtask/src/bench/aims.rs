//! What the figures should be, and how far they are from it.

use super::age;
use super::engine::{REFERENCE, StoreKind, camlock_on};
use super::figure::{Figure, grouped_digits, short};
use super::footprint;
use super::longpoll::WAKE_UP;
use super::processor::{DATABASE_CPU, SERVER_CPU};
use super::round::Measured;
use std::fmt::Write;

/// A row of the table: nothing is said of what was not measured.
#[derive(Debug, Clone, PartialEq)]
struct Aim {
    workload: String,
    aim: String,
    /// The two numbers, or the one.
    measured: String,
    /// The number that the aim is about.
    result: f64,
    is_met: bool,
}

#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast(f64),
    Under(f64),
}

/// A markdown table; `None` if no figure has an aim.
pub fn table(medians: &Measured) -> Option<String> {
    let rows = rows(medians);
    if rows.is_empty() {
        return None;
    }
    let mut text = String::from("| workload | aim | measured | result | met |\n|---|---|---|---|---|\n");
    for row in rows {
        let met = if row.is_met { "yes" } else { "no" };
        let result = short(row.result);
        let _ = writeln!(text, "| {} | {} | {} | {result} | {met} |", row.workload, row.aim, row.measured);
    }
    Some(text)
}

fn rows(medians: &Measured) -> Vec<Aim> {
    let figures = Figures(medians);
    let both = [(StoreKind::Sqlite, 60.0, 3.0), (StoreKind::Postgres, 25.0, 8.0)];
    let mut rows = Vec::new();
    for (store, times, _) in both {
        rows.extend(figures.against_reference(store, times));
    }
    for (store, ..) in both {
        rows.extend(figures.against_bare_loop(store));
    }
    for (store, ..) in both {
        rows.extend(figures.against_empty_handler(store));
    }
    for (store, _, limit_ms) in both {
        rows.extend(figures.wake_up(store, limit_ms));
    }
    for (store, ..) in both {
        rows.extend(figures.long_against_short(store, "backlog of", "fetchAndLock"));
        rows.extend(figures.long_against_short(store, "backlog of", "lifecycle"));
    }
    for (store, ..) in both {
        rows.extend(figures.long_against_short(store, age::NAME, "lifecycle"));
    }
    for (store, ..) in both {
        rows.extend(figures.processor_time(store));
    }
    for (store, ..) in both {
        rows.extend(figures.footprint(store));
    }
    for (store, ..) in both {
        rows.extend(figures.steady(store));
    }
    rows
}

struct Figures<'a>(&'a Measured);

impl<'a> Figures<'a> {
    fn of(&self, engine: &str, workload: &str) -> Option<&'a Figure> {
        let found = self.0.iter().find(|(name, figure)| name == engine && figure.workload.starts_with(workload));
        found.map(|(_, figure)| figure)
    }

    fn camlock(&self, store: StoreKind, workload: &str) -> Option<&'a Figure> {
        self.of(&camlock_on(store), workload)
    }

    fn against_reference(&self, store: StoreKind, times: f64) -> Option<Aim> {
        let (ours, theirs) = (self.camlock(store, "lifecycle")?, self.of(REFERENCE, "lifecycle")?);
        let workload = format!("lifecycle, {}, against the reference on PostgreSQL", store.name());
        ratio(workload, Bound::AtLeast(times), " times", (ours.rate?.0, theirs.rate?.0))
    }

    fn against_bare_loop(&self, store: StoreKind) -> Option<Aim> {
        let (ours, bare) = (self.camlock(store, "lifecycle")?, self.camlock(store, "bare loop")?);
        let workload = format!("lifecycle, {}, against a bare loop that writes the same rows", store.name());
        ratio(workload, Bound::AtLeast(0.5), "", (ours.rate?.0, bare.rate?.0))
    }

    fn against_empty_handler(&self, store: StoreKind) -> Option<Aim> {
        let empty = self.0.iter().find(|(_, figure)| figure.workload.starts_with("empty handler"))?;
        let ours = self.camlock(store, "lock")?;
        let workload = format!("lock, 128 connections, {}, against an empty handler", store.name());
        ratio(workload, Bound::AtLeast(0.4), "", (ours.rate?.0, empty.1.rate?.0))
    }

    fn wake_up(&self, store: StoreKind, limit_ms: f64) -> Option<Aim> {
        let figure = self.camlock(store, "longpoll")?;
        let p99 = figure.calls.iter().find(|call| call.call == WAKE_UP)?.p99_ms;
        let parked = figure.workload.trim_start_matches("longpoll ").to_owned();
        let workload = format!("longpoll, {}, {parked} parked, p99 ms", store.name());
        Some(value(workload, Bound::Under(limit_ms), "", p99))
    }

    /// `of`: how the names of both figures begin, the short one's first.
    fn long_against_short(&self, store: StoreKind, of: &str, what: &str) -> Option<Aim> {
        let size = |figure: &'a Figure| {
            let (name, rest) = figure.workload.split_once(':')?;
            let size = name.strip_prefix(of)?.trim();
            rest.contains(what).then_some((size, figure))
        };
        let ours = self.0.iter().filter(|(name, _)| *name == camlock_on(store));
        let sizes: Vec<_> = ours.filter_map(|(_, figure)| size(figure)).collect();
        let [(short_size, short), (long_size, long)] = sizes[..] else { return None };
        let workload = format!("{what}, {}, {of} {long_size} against {short_size}", store.name());
        ratio(workload, Bound::AtLeast(0.9), "", (long.rate?.0, short.rate?.0))
    }

    fn processor_time(&self, store: StoreKind) -> Option<Aim> {
        let (ours, theirs) = (self.camlock(store, "lifecycle")?, self.of(REFERENCE, "lifecycle")?);
        let (server, reference) = (ours.beside(SERVER_CPU)?, theirs.beside(SERVER_CPU)?);
        let result = reference / server;
        let database = |figure: &Figure| match figure.beside(DATABASE_CPU) {
            Some(seconds) => format!(" (database besides {})", short(seconds)),
            None => String::new(),
        };
        let measured = format!("{}{} / {}{}", short(reference), database(theirs), short(server), database(ours));
        let workload = format!("server CPU s per 1,000 lifecycles, {}: the reference's against ours", store.name());
        Some(Aim { workload, aim: "at least 40 times".to_owned(), measured, result, is_met: result >= 40.0 })
    }

    fn footprint(&self, store: StoreKind) -> Vec<Aim> {
        let Some(figure) = self.camlock(store, "footprint") else { return Vec::new() };
        let limits = [(footprint::READY, 50.0), (footprint::IDLE, 20.0), (footprint::WORKED, 80.0)];
        let row = |(name, limit)| {
            Some(value(format!("{name}, {}", store.name()), Bound::Under(limit), "", figure.beside(name)?))
        };
        limits.into_iter().filter_map(row).collect()
    }

    fn steady(&self, store: StoreKind) -> Option<Aim> {
        let figure = self.camlock(store, "steady")?;
        let worst = figure.calls.iter().map(|call| call.p99_ms).max_by(f64::total_cmp)?;
        let workload = format!("half of the maximal rate, {}, worst p99 of all calls, ms", store.name());
        Some(value(workload, Bound::Under(10.0), "", worst))
    }
}

fn ratio(workload: String, bound: Bound, unit: &str, (a, b): (f64, f64)) -> Option<Aim> {
    let measured = format!("{} / {}", grouped_digits(a), grouped_digits(b));
    let result = a / b;
    let (aim, is_met) = bound.judge(result, unit);
    Some(Aim { workload, aim, measured, result, is_met })
}

fn value(workload: String, bound: Bound, unit: &str, result: f64) -> Aim {
    let (aim, is_met) = bound.judge(result, unit);
    Aim { workload, aim, measured: short(result), result, is_met }
}

impl Bound {
    fn judge(self, result: f64, unit: &str) -> (String, bool) {
        match self {
            Bound::AtLeast(least) => (format!("at least {least}{unit}"), result >= least),
            Bound::Under(limit) => (format!("under {limit}{unit}"), result < limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figure::Percentiles;

    fn figure(workload: &str, rate: f64) -> Figure {
        let wake_up = Percentiles { call: WAKE_UP, p50_ms: 1.0, p99_ms: 9.0 };
        let besides = vec![(SERVER_CPU, 1000.0 / rate)];
        Figure { workload: workload.to_owned(), rate: Some((rate, "")), calls: vec![wake_up], besides }
    }

    #[test]
    fn each_aim_that_was_measured_has_a_row() {
        let (sqlite, postgres) = (camlock_on(StoreKind::Sqlite), camlock_on(StoreKind::Postgres));
        let medians = vec![
            (sqlite.clone(), figure("lifecycle 64+64", 6_000.0)),
            (REFERENCE.to_owned(), figure("lifecycle 8+8", 100.0)),
            (postgres, figure("longpoll 1000", 1.0)),
            (sqlite.clone(), figure("backlog of 1,000: lifecycle 64+64", 100.0)),
            (sqlite, figure("backlog of 1,000,000: lifecycle 64+64", 80.0)),
        ];
        let rows: Vec<_> = rows(&medians).into_iter().map(|row| (row.result, row.is_met)).collect();
        assert_eq!(rows, [(60.0, true), (9.0, false), (0.8, false), (60.0, true)]);
    }
}

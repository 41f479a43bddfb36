//! What the system tells of this process.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Process {
    /// Processor time, of user and system.
    pub cpu_seconds: f64,
    pub resident_bytes: u64,
    pub open_files: u64,
    /// In seconds since 1970.
    pub started_at: f64,
}

/// `None` where the system has no `/proc`.
pub fn look() -> Option<Process> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let memory = std::fs::read_to_string("/proc/self/statm").ok()?;
    let uptime = std::fs::read_to_string("/proc/uptime").ok()?;
    let open_files = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64();
    // The name of the program stands in parentheses and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let field = |number: usize| fields.split_ascii_whitespace().nth(number - 3)?.parse::<f64>().ok();
    let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
    let uptime: f64 = uptime.split_ascii_whitespace().next()?.parse().ok()?;
    let resident_pages: u64 = memory.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(Process {
        cpu_seconds: (field(14)? + field(15)?) / ticks_per_second,
        resident_bytes: resident_pages * rustix::param::page_size() as u64,
        open_files,
        started_at: now - uptime + field(22)? / ticks_per_second,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_is_told_of() {
        let process = super::look().expect("/proc");
        assert!(process.resident_bytes > 100_000 && process.open_files > 2, "{process:?}");
        assert!(process.started_at > 1.6e9, "{process:?}");
    }
}

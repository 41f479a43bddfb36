//! In what servers that speak the protocol differ, one name for each difference.

use super::connection::Purpose;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Plans can be steered by settings.
    pub planner_settings: bool,
    /// `LISTEN` and `NOTIFY`. Without them other nodes learn of tasks by looking at intervals.
    pub notifications: bool,
}

impl Capabilities {
    /// By the parameters that a server reports with a new connection.
    pub fn of<'p>(parameter: impl Fn(&str) -> Option<&'p str>) -> Capabilities {
        let is_cockroach = parameter("crdb_version").is_some();
        let version = parameter("server_version").unwrap_or_default();
        // YugabyteDB calls itself PostgreSQL with a suffix such as `-YB-2.20`.
        let is_yugabyte = version.contains("-YB-");
        Capabilities { planner_settings: !is_cockroach, notifications: !is_cockroach && !is_yugabyte }
    }

    /// What is said once on each new connection.
    pub fn settings(self, purpose: Purpose) -> &'static [&'static str] {
        // A session that stops amid a transaction must not keep its locks from the other nodes.
        const BOUNDED: &str = "SET idle_in_transaction_session_timeout = '60s'";
        match (purpose, self.planner_settings) {
            // A plan is kept from when a table was empty; all statements go by keys and indexes whatever it holds.
            (Purpose::Keys, true) => &[
                BOUNDED,
                "SET statement_timeout = '60s'",
                "SET plan_cache_mode = force_generic_plan",
                "SET enable_seqscan = off",
                "SET enable_hashjoin = off",
                "SET enable_mergejoin = off",
                "SET jit = off",
                // A process started for a few rows costs more than they do; it is planned where many are expected.
                "SET max_parallel_workers_per_gather = 0",
            ],
            (Purpose::Keys, false) => &[BOUNDED, "SET statement_timeout = '60s'"],
            (Purpose::Queries, true) => &[BOUNDED, "SET statement_timeout = '60s'", "SET jit = off"],
            (Purpose::Queries, false) => &[BOUNDED, "SET statement_timeout = '60s'"],
            (Purpose::Migrations, _) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_told_apart() {
        let of = |version: &'static str, name: &'static str| {
            Capabilities::of(move |asked| match asked {
                "server_version" => Some(version),
                _ => (asked == name).then_some("CockroachDB CCL v23.2.0"),
            })
        };
        let postgres = of("15.18 (Debian 15.18-0+deb12u1)", "");
        assert!(postgres.planner_settings && postgres.notifications);
        let yugabyte = of("11.2-YB-2.20.1.3-b0", "");
        assert!(yugabyte.planner_settings && !yugabyte.notifications);
        assert!(!of("13.0.0", "crdb_version").planner_settings);
    }
}

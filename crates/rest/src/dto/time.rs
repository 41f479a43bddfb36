//! Times in places where the reference is less strict than in JSON.

use types::Timestamp;

use crate::failure::Failure;

/// Also without a zone, which is UTC then, and without a time of day.
pub fn lenient(text: &str) -> Result<Timestamp, Failure> {
    let candidates = [text.to_owned(), format!("{text}Z"), format!("{text}:00Z"), format!("{text}T00:00:00Z")];
    let time = candidates.iter().find_map(|candidate| candidate.parse().ok());
    time.ok_or_else(|| Failure::invalid(format!("`{text}` is not a time like 2026-01-31T11:00:00.123+0000")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_and_time_of_day_may_be_missing() {
        for text in ["2050-01-01T00:00:00", "2050-01-01", "2050-01-01T00:00", "2050-01-01T00:00:00.000+0000"] {
            assert_eq!(
                lenient(text).map(|time| time.to_string()).ok().as_deref(),
                Some("2050-01-01T00:00:00.000+0000")
            );
        }
        assert!(lenient("x").is_err());
    }
}

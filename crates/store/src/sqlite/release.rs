//! Making tasks fetchable whose lock or retry timeout has run out.

use std::collections::BTreeSet;
use std::sync::Arc;

use types::Timestamp;

use super::batch::Writer;
use super::queue::UnitDone;
use crate::StoreError;

/// Released by one claim on its way; the rest waits for the next.
const RELEASED_BY_CLAIM_MAX: u32 = 1000;

impl Writer<'_> {
    pub fn release_expired(&mut self, now: Timestamp, limit: u32) -> Result<UnitDone, StoreError> {
        let mut released = if self.has_expired(now)? { self.release(now, limit)? } else { BTreeSet::new() };
        let next = self.next_expiry()?;
        released.append(&mut self.released_topics);
        Ok(UnitDone::Released { topics: released.into_iter().collect(), next })
    }

    /// Before a claim: what has run out can be fetched again. Who waits for those topics learns of it with the next
    /// release.
    pub fn release_before_claim(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self.has_expired(now)? {
            let mut topics = self.release(now, RELEASED_BY_CLAIM_MAX)?;
            self.released_topics.append(&mut topics);
        }
        Ok(())
    }

    fn has_expired(&mut self, now: Timestamp) -> Result<bool, StoreError> {
        let statement = &mut self.statements.claim.any_expired;
        statement.raw_bind_parameter(1, now.0)?;
        Ok(statement.raw_query().next()?.is_some())
    }

    fn release(&mut self, now: Timestamp, limit: u32) -> Result<BTreeSet<Arc<str>>, StoreError> {
        let statement = &mut self.statements.claim.release;
        statement.raw_bind_parameter(1, now.0)?;
        statement.raw_bind_parameter(2, limit)?;
        let mut topics = BTreeSet::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let topic: Arc<str> = row.get(0)?;
            // Without a worker it was a retry timeout.
            if row.get(1)? {
                self.metrics.lock_expiries.add(&topic, 1);
            }
            topics.insert(topic);
        }
        Ok(topics)
    }

    fn next_expiry(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let mut rows = self.statements.claim.next_expiry.raw_query();
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?.map(Timestamp))
    }
}

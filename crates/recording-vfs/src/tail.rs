//! What of the unsynced end of a recording reaches the disk.

/// The unit that a disk writes whole.
const SECTOR_BYTES: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    Lost,
    /// All of it, though nobody asked for it.
    Kept,
    /// Some operations, and of some writes only some sectors. The same seed makes the same choice.
    Partly { seed: u64 },
}

/// What becomes of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Lost,
    Kept,
    Torn,
}

/// Decides for one operation after the other.
#[derive(Debug)]
pub(crate) struct Chance {
    tail: Tail,
    state: u64,
}

impl Chance {
    pub fn new(tail: Tail) -> Chance {
        let state = match tail {
            Tail::Lost | Tail::Kept => 0,
            Tail::Partly { seed } => seed,
        };
        Chance { tail, state }
    }

    pub fn fate(&mut self) -> Fate {
        match self.tail {
            Tail::Lost => Fate::Lost,
            Tail::Kept => Fate::Kept,
            Tail::Partly { .. } => match self.next() % 4 {
                0 => Fate::Lost,
                1 => Fate::Torn,
                _ => Fate::Kept,
            },
        }
    }

    /// The sectors of a torn write that reach the disk, as ranges of its bytes.
    pub fn sectors(&mut self, offset: u64, length: usize) -> Vec<std::ops::Range<usize>> {
        let mut kept = Vec::new();
        let mut start = 0;
        while start < length {
            let into_sector = (offset as usize + start) % SECTOR_BYTES;
            let end = length.min(start + SECTOR_BYTES - into_sector);
            if self.next().is_multiple_of(2) {
                kept.push(start..end);
            }
            start = end;
        }
        kept
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_choice() {
        let fates = |seed| {
            let mut chance = Chance::new(Tail::Partly { seed });
            (0..64).map(|_| chance.fate()).collect::<Vec<_>>()
        };
        assert_eq!(fates(7), fates(7));
        assert_ne!(fates(7), fates(8));
    }

    #[test]
    fn sectors_begin_where_the_disk_says() {
        let mut chance = Chance::new(Tail::Partly { seed: 1 });
        let sectors: Vec<_> = (0..64).flat_map(|_| chance.sectors(500, 600)).collect();
        assert!(!sectors.is_empty());
        assert!(sectors.iter().all(|sector| [0..12, 12..524, 524..600].contains(sector)), "{sectors:?}");
    }
}

//! A set of ids that stays small when they lie close together, as an ERP's do.

use std::collections::BTreeMap;

/// Ids that share one block of the set.
const BLOCK: i64 = 512;

/// A set of ids.
#[derive(Debug, Clone, Default)]
pub struct IdSet {
    blocks: BTreeMap<i64, [u64; 8]>,
}

impl IdSet {
    /// Puts an id in; whether it is new.
    pub fn insert(&mut self, id: i64) -> bool {
        let block = self.blocks.entry(id.div_euclid(BLOCK)).or_default();
        let bit = id.rem_euclid(BLOCK).unsigned_abs();
        let word = &mut block[usize::try_from(bit / 64).unwrap_or(0)];
        let mask = 1u64 << (bit % 64);
        let new = *word & mask == 0;
        *word |= mask;
        new
    }

    /// How many blocks it holds: fewer the closer ids lie together.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Whether an id is in.
    pub fn contains(&self, id: i64) -> bool {
        let bit = id.rem_euclid(BLOCK).unsigned_abs();
        self.blocks.get(&id.div_euclid(BLOCK)).is_some_and(|block| {
            block[usize::try_from(bit / 64).unwrap_or(0)] & (1 << (bit % 64)) != 0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #![proptest_config(crate::property::cases(256))]

        #[test]
        fn it_is_a_set(ids in proptest::collection::vec(-2_000i64..2_000, 0..200)) {
            let mut set = IdSet::default();
            let mut model = HashSet::new();
            for id in ids {
                prop_assert_eq!(set.contains(id), model.contains(&id));
                prop_assert_eq!(set.insert(id), model.insert(id));
            }
        }
    }
}

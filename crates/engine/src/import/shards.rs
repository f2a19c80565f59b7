//! A large map by 128-bit hashes that grows a part at a time: while it grows, memory holds one small part twice instead of
//! the whole.

use std::collections::HashMap;

use foldhash::fast::FixedState;

const SHARDS: usize = 64;

/// Values by hash.
pub(crate) struct Shards<V>(Vec<HashMap<u128, V, FixedState>>);

impl<V> Default for Shards<V> {
    fn default() -> Self {
        Self((0..SHARDS).map(|_| HashMap::default()).collect())
    }
}

impl<V> Shards<V> {
    /// Puts a value in; returns the one that was there.
    pub(crate) fn insert(&mut self, hash: u128, value: V) -> Option<V> {
        self.0[shard(hash)].insert(hash, value)
    }

    /// The value of a hash.
    pub(crate) fn get(&self, hash: u128) -> Option<&V> {
        self.0[shard(hash)].get(&hash)
    }
}

fn shard(hash: u128) -> usize {
    (hash >> 122) as usize
}

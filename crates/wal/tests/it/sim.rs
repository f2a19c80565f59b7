//! A disk in memory that fails on demand: no space, failing or lying fsync, short writes, the death of the process, and
//! power cuts after which anything between "nothing" and "all" of what was not fsynced is there.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Condvar, Mutex};

use zhike_wal::{Disk, DiskFile};

use crate::toy::mix;

/// What survives a power cut as one; small, so that records tear in many places.
const SECTOR: usize = 16;

#[derive(Default)]
struct Node {
    /// What programs read.
    cache: Vec<u8>,
    /// What the next power-up finds.
    platter: Vec<u8>,
    /// Sectors that the next fsync writes. A failed fsync takes them for written: the system does not try again.
    dirty: BTreeSet<usize>,
}

#[derive(Default)]
struct State {
    nodes: Vec<Node>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    seed: u64,
    /// Of the process that may use the disk.
    generation: u64,
    is_locked: bool,
    space: Option<usize>,
    n_failing_syncs: usize,
    is_lying: bool,
    is_short: bool,
    is_held: bool,
    /// Changes until the process dies.
    n_steps: Option<usize>,
    n_syncs: usize,
}

/// The disk; clones are the same one.
#[derive(Clone, Default)]
pub struct SimDisk {
    state: Arc<(Mutex<State>, Condvar)>,
    generation: u64,
}

struct SimFile {
    disk: SimDisk,
    node: usize,
}

struct SimLock(SimDisk);

impl State {
    fn random(&mut self, below: usize) -> usize {
        self.seed = mix(self.seed);
        (self.seed % below as u64) as usize
    }

    fn used(&self) -> usize {
        self.names.values().map(|&node| self.nodes[node].cache.len()).sum()
    }
}

impl Node {
    fn write_back(&mut self, sector: usize) {
        let (from, to) = (sector * SECTOR, ((sector + 1) * SECTOR).min(self.cache.len()));
        if from < to {
            self.platter.resize(self.platter.len().max(to), 0);
            self.platter[from..to].copy_from_slice(&self.cache[from..to]);
        }
    }
}

impl SimDisk {
    pub fn new(seed: u64) -> Self {
        let disk = Self::default();
        disk.with(|state| state.seed = seed);
        disk
    }

    /// A disk with some files, all of them durable.
    pub fn with_files<'a>(files: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Self {
        let disk = Self::new(1);
        disk.with(|state| {
            for (name, bytes) in files {
                state.names.insert(name.to_owned(), state.nodes.len());
                state.nodes.push(Node { cache: bytes.clone(), platter: bytes, dirty: BTreeSet::new() });
            }
            state.durable_names = state.names.clone();
        });
        disk
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.0.lock().unwrap())
    }

    /// An operation that changes something.
    fn step<T>(&self, f: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        self.with(|state| {
            if let Some(n_steps) = &mut state.n_steps {
                *n_steps = n_steps.saturating_sub(1);
            }
        });
        self.look(f)
    }

    /// An operation of the process.
    fn look<T>(&self, f: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        self.with(|state| {
            if state.generation != self.generation || state.n_steps == Some(0) {
                return Err(io::Error::other("the process is dead"));
            }
            f(state)
        })
    }

    /// The bytes of all files, as programs read them.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.with(|state| {
            state.names.iter().map(|(name, &node)| (name.clone(), state.nodes[node].cache.clone())).collect()
        })
    }

    /// No more than so many bytes beyond what is used now; `None` for enough.
    pub fn leave_space(&self, n_bytes: Option<usize>) {
        self.with(|state| state.space = n_bytes.map(|n_bytes| state.used() + n_bytes));
    }

    /// The next fsyncs of files fail.
    pub fn fail_syncs(&self, n: usize) {
        self.with(|state| state.n_failing_syncs = n);
    }

    /// Fsync says yes and does nothing.
    pub fn lie(&self, is_lying: bool) {
        self.with(|state| state.is_lying = is_lying);
    }

    /// Writes take a part of what they are given.
    pub fn write_short(&self, is_short: bool) {
        self.with(|state| state.is_short = is_short);
    }

    /// Fsyncs wait until released.
    pub fn hold(&self, is_held: bool) {
        self.with(|state| state.is_held = is_held);
        self.state.1.notify_all();
    }

    /// Number of fsyncs of files that succeeded.
    pub fn n_syncs(&self) -> usize {
        self.with(|state| state.n_syncs)
    }

    /// The process dies after so many changes.
    pub fn die_after(&self, n_steps: usize) {
        self.with(|state| state.n_steps = Some(n_steps + 1));
    }

    pub fn is_dead(&self) -> bool {
        self.with(|state| state.generation != self.generation || state.n_steps == Some(0))
    }

    /// The process is dead, another begins; what the system had cached is there.
    pub fn kill(&self) -> Self {
        self.with(|state| {
            state.generation += 1;
            (state.n_steps, state.is_locked, state.is_held) = (None, false, false);
            (state.is_short, state.n_failing_syncs) = (false, 0);
        });
        self.state.1.notify_all();
        Self { state: self.state.clone(), generation: self.generation + 1 }
    }

    /// As [`SimDisk::kill`], and the system dies too: of what was not fsynced any part is there.
    pub fn cut_power(&self) -> Self {
        let next = self.kill();
        next.with(|state| {
            for at in 0..state.nodes.len() {
                let mut node = std::mem::take(&mut state.nodes[at]);
                for sector in std::mem::take(&mut node.dirty) {
                    if state.random(2) == 0 {
                        node.write_back(sector);
                    }
                }
                // The length is metadata: it may be ahead of the content or behind.
                let (short, long) =
                    (node.cache.len().min(node.platter.len()), node.cache.len().max(node.platter.len()));
                let n_bytes = short + state.random(long - short + 1);
                node.platter.resize(n_bytes, 0);
                node.cache = node.platter.clone();
                state.nodes[at] = node;
            }
            let all: BTreeSet<String> = state.names.keys().chain(state.durable_names.keys()).cloned().collect();
            for name in all {
                let (now, durable) = (state.names.get(&name).copied(), state.durable_names.get(&name).copied());
                let survivor = if now == durable || state.random(2) == 0 { now } else { durable };
                match survivor {
                    Some(node) => state.names.insert(name, node),
                    None => state.names.remove(&name),
                };
            }
            state.durable_names = state.names.clone();
        });
        next
    }
}

impl Disk for SimDisk {
    fn lock(&self) -> io::Result<Option<Box<dyn Send + Sync>>> {
        self.step(|state| {
            let is_free = !state.is_locked;
            state.is_locked = true;
            Ok(is_free.then(|| Box::new(SimLock(self.clone())) as Box<dyn Send + Sync>))
        })
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.look(|state| Ok(state.names.keys().cloned().collect()))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.step(|state| {
            if state.names.contains_key(name) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let node = state.nodes.len();
            state.nodes.push(Node::default());
            state.names.insert(name.to_owned(), node);
            Ok(Box::new(SimFile { disk: self.clone(), node }) as Box<dyn DiskFile>)
        })
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.look(|state| {
            let node = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
            Ok(Box::new(SimFile { disk: self.clone(), node }) as Box<dyn DiskFile>)
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.step(|state| state.names.remove(name).map(drop).ok_or(io::ErrorKind::NotFound.into()))
    }

    fn sync(&self) -> io::Result<()> {
        self.step(|state| {
            if !state.is_lying {
                state.durable_names = state.names.clone();
            }
            Ok(())
        })
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let generation = self.0.generation;
        self.0.with(|state| {
            if state.generation == generation {
                state.is_locked = false;
            }
        });
    }
}

impl DiskFile for SimFile {
    fn n_bytes(&self) -> io::Result<u64> {
        self.disk.look(|state| Ok(state.nodes[self.node].cache.len() as u64))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.disk.look(|state| {
            let bytes = state.nodes[self.node].cache.get(offset as usize..).unwrap_or_default();
            let n = bytes.len().min(buffer.len());
            buffer[..n].copy_from_slice(&bytes[..n]);
            Ok(n)
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.disk.step(|state| {
            let mut n = bytes.len();
            if state.is_short {
                n = 1 + state.random(n);
            }
            let end = offset as usize + n;
            let grows = end.saturating_sub(state.nodes[self.node].cache.len());
            if let Some(space) = state.space {
                let missing = (state.used() + grows).saturating_sub(space).min(n);
                n -= missing;
                if n == 0 {
                    return Err(io::ErrorKind::StorageFull.into());
                }
            }
            let node = &mut state.nodes[self.node];
            let (from, to) = (offset as usize, offset as usize + n);
            node.cache.resize(node.cache.len().max(to), 0);
            node.cache[from..to].copy_from_slice(&bytes[..n]);
            node.dirty.extend(from / SECTOR..to.div_ceil(SECTOR));
            Ok(n)
        })
    }

    fn truncate(&self, n_bytes: u64) -> io::Result<()> {
        self.disk.step(|state| {
            let node = &mut state.nodes[self.node];
            node.cache.truncate(n_bytes as usize);
            node.dirty.retain(|&sector| sector * SECTOR < n_bytes as usize);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        let (mutex, released) = &*self.disk.state;
        drop(released.wait_while(mutex.lock().unwrap(), |state| state.is_held).unwrap());
        self.disk.step(|state| {
            if state.is_lying {
                return Ok(());
            }
            let fails = state.n_failing_syncs > 0;
            state.n_failing_syncs = state.n_failing_syncs.saturating_sub(1);
            let dirty = std::mem::take(&mut state.nodes[self.node].dirty);
            for sector in dirty {
                if !fails || state.random(2) == 0 {
                    state.nodes[self.node].write_back(sector);
                }
            }
            let node = &mut state.nodes[self.node];
            node.platter.resize(node.cache.len(), 0);
            state.n_syncs += usize::from(!fails);
            if fails { Err(io::Error::other("the disk failed")) } else { Ok(()) }
        })
    }
}

//! What waits for the writer, bounded in records and bytes.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::Position;
use crate::error::Refused;
use crate::view::lock;

/// Told once: the positions, or why not.
pub(crate) type Done = Box<dyn FnOnce(Result<Range<Position>, Refused>) + Send>;

pub(crate) struct Append {
    pub(crate) records: Vec<Vec<u8>>,
    pub(crate) n_bytes: usize,
    pub(crate) done: Done,
}

pub(crate) enum Work {
    /// One group.
    Group(Vec<Append>),
    /// Go on in a new segment; in any case, or only after one that has records.
    Roll(Done, bool),
}

enum Waiting {
    Append(Append),
    Roll(Done, bool),
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    n_records: usize,
    n_bytes: usize,
    is_closed: bool,
}

pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    max_records: usize,
    max_bytes: usize,
}

impl Queue {
    pub(crate) fn new(max_records: usize, max_bytes: usize) -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), max_records, max_bytes }
    }

    /// Errors: [`Refused::QueueFull`], [`Refused::TooLarge`], [`Refused::Closed`].
    pub(crate) fn push(&self, append: Append) -> Result<(), Refused> {
        let (n_records, n_bytes) = (append.records.len(), append.n_bytes);
        if n_records > self.max_records {
            return Err(Refused::TooLarge { what: "number of records", found: n_records, limit: self.max_records });
        }
        if n_bytes > self.max_bytes {
            return Err(Refused::TooLarge { what: "bytes of records", found: n_bytes, limit: self.max_bytes });
        }
        let mut state = lock(&self.state);
        if state.is_closed {
            return Err(Refused::Closed);
        }
        if state.n_records + n_records > self.max_records || state.n_bytes + n_bytes > self.max_bytes {
            return Err(Refused::QueueFull);
        }
        state.n_records += n_records;
        state.n_bytes += n_bytes;
        state.waiting.push_back(Waiting::Append(append));
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Errors: [`Refused::Closed`].
    pub(crate) fn push_roll(&self, done: Done, even_empty: bool) -> Result<(), Refused> {
        let mut state = lock(&self.state);
        if state.is_closed {
            return Err(Refused::Closed);
        }
        state.waiting.push_back(Waiting::Roll(done, even_empty));
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for work, and takes as much as one group may hold; `None` once the queue is closed and empty.
    pub(crate) fn take(&self, group_bytes: usize) -> Option<Work> {
        let mut state = lock(&self.state);
        while state.waiting.is_empty() {
            if state.is_closed {
                return None;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut group = Vec::new();
        let mut n_bytes = 0;
        loop {
            match state.waiting.pop_front() {
                Some(Waiting::Append(append)) if group.is_empty() || n_bytes + append.n_bytes <= group_bytes => {
                    n_bytes += append.n_bytes;
                    group.push(append);
                }
                Some(Waiting::Roll(done, even_empty)) if group.is_empty() => return Some(Work::Roll(done, even_empty)),
                Some(other) => {
                    state.waiting.push_front(other);
                    break;
                }
                None => break,
            }
        }
        Some(Work::Group(group))
    }

    /// Makes room for what was answered.
    pub(crate) fn release(&self, n_records: usize, n_bytes: usize) {
        let mut state = lock(&self.state);
        state.n_records -= n_records;
        state.n_bytes -= n_bytes;
    }

    /// Takes nothing more; what waits is still written.
    pub(crate) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.filled.notify_all();
    }

    /// Forgets what waits, without an answer: there is nobody left to write it.
    pub(crate) fn abandon(&self) {
        self.close();
        let waiting = std::mem::take(&mut lock(&self.state).waiting);
        drop(waiting);
    }

    /// Records and bytes that wait, those being written included.
    pub(crate) fn load(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.n_records, state.n_bytes)
    }
}

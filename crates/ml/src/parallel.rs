//! Work over ranges on several threads, with results in the order of the ranges.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Cuts `0..n` into ranges of `size`, works on them with `n_threads` threads, and returns the results in order.
///
/// `worker` makes the state of one thread (caches); results must not depend on it. `size` must not depend on the number
/// of threads where results are sums of floating point numbers.
pub(crate) fn map<S, T: Send>(
    n: usize,
    size: usize,
    n_threads: usize,
    worker: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, Range<usize>) -> T + Sync,
) -> Vec<T> {
    let size = size.max(1);
    let n_ranges = n.div_ceil(size);
    let range = |at: usize| at * size..((at + 1) * size).min(n);
    let n_threads = n_threads.clamp(1, n_ranges.max(1));
    if n_threads == 1 {
        let mut state = worker();
        return (0..n_ranges).map(|at| work(&mut state, range(at))).collect();
    }
    let next = AtomicUsize::new(0);
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..n_threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut state = worker();
                    let mut done = Vec::new();
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        if at >= n_ranges {
                            return done;
                        }
                        done.push((at, work(&mut state, range(at))));
                    }
                })
            })
            .collect();
        // A panic of a worker is a bug of ours and goes on in the caller.
        handles
            .into_iter()
            .flat_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

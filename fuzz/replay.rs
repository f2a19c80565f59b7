//! Replays the corpus on every change: each input as it is, and a thousand neighbours of it.

use std::path::Path;

/// Neighbours of an input.
const N_MUTATIONS: u64 = 1_000;

/// The reader's next number; SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A neighbour: a bit turned, a byte set, a part left out, doubled or taken from another input.
fn mutated(input: &[u8], other: &[u8], state: &mut u64) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..1 + next(state) % 3 {
        let at = next(state) as usize % (bytes.len() + 1);
        let to = at + next(state) as usize % (bytes.len() - at + 1).min(40);
        match next(state) % 6 {
            0 if at < bytes.len() => bytes[at] ^= 1 << (next(state) % 8),
            1 if at < bytes.len() => bytes[at] = next(state) as u8,
            2 => drop(bytes.drain(at..to)),
            3 => bytes.truncate(at),
            4 => {
                let part = bytes[at..to].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let from = next(state) as usize % (other.len() + 1);
                let part = &other[from..(from + 20).min(other.len())];
                bytes.splice(at..to, part.iter().copied());
            }
        }
    }
    bytes
}

/// A name, and what is done with bytes.
type Reader = (&'static str, fn(&[u8]));

/// Runs every reader over its folder of `fuzz/corpus`.
pub fn replay(readers: &[Reader]) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, read) in readers {
        let folder = corpus.join(name);
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("a folder that is read").path()).collect();
        paths.sort();
        let inputs: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).expect("an input")).collect();
        assert!(inputs.len() > 2, "{name}: {} inputs", inputs.len());
        let mut state = 7;
        for (n, (path, input)) in paths.iter().zip(&inputs).enumerate() {
            // What fails is told by its file and number; the same come every time.
            let try_it = |bytes: &[u8], number: u64| {
                let tried = std::panic::catch_unwind(|| read(bytes));
                assert!(tried.is_ok(), "{} (neighbour {number}): {:?}", path.display(), String::from_utf8_lossy(bytes));
            };
            try_it(input, 0);
            for number in 1..=N_MUTATIONS {
                try_it(&mutated(input, &inputs[(n + 1) % inputs.len()], &mut state), number);
            }
        }
    }
}

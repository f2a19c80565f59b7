//! Gives made-up bytes to one reader: `scripts/fuzz NAME`.
#![no_main]

#[path = "../readers/domain.rs"]
mod domain;
#[path = "../../crates/wal/tests/it/sim.rs"]
#[allow(dead_code)]
mod sim;
#[path = "../../crates/wal/tests/it/toy.rs"]
#[allow(dead_code)]
mod toy;
#[path = "../readers/vault.rs"]
mod vault;
#[path = "../readers/wal.rs"]
mod wal;

use std::sync::OnceLock;

/// The reader that `ZHIKE_FUZZ` names.
fn reader() -> fn(&[u8]) {
    static READER: OnceLock<fn(&[u8])> = OnceLock::new();
    *READER.get_or_init(|| {
        let name = std::env::var("ZHIKE_FUZZ").expect("ZHIKE_FUZZ names a reader");
        let all = domain::READERS.iter().chain(vault::READERS).chain(wal::READERS);
        all.copied().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no reader is called {name}")).1
    })
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| reader()(data));

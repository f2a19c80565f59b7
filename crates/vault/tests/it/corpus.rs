//! What fuzzing found, and its neighbours: `fuzz/README.md`.

#[path = "../../../../fuzz/readers/vault.rs"]
mod readers;
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[test]
fn inputs_of_the_vault_do_no_harm() {
    replay::replay(readers::READERS);
}

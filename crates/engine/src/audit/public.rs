//! Roots that stand outside, checked by whoever has the public key: no data directory is needed.

use std::collections::BTreeMap;
use std::io::BufRead;

use zhike_domain::signed::Kind;
use zhike_state::AuditRootRow;
use zhike_vault::PublicKey;

use super::verify::read_roots;
use super::{Flaw, FlawKind};
use crate::Result;

/// What a check of roots found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootsChecked {
    /// Roots that the key signed.
    pub n_signed: u64,
    /// Roots of older releases, before those: they have no signature, and a later one covers what they covered.
    pub n_unsigned: u64,
    /// The last entry under a signed root.
    pub seq: i64,
    /// When that root was signed, in microseconds.
    pub at: Option<i64>,
    /// What is wrong.
    pub flaws: Vec<Flaw>,
}

impl RootsChecked {
    /// Whether anything was proved, and nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.n_signed > 0 && self.flaws.is_empty()
    }
}

/// Checks that a key signed the roots of a file or log, that none is missing between the first and the last, and that they go
/// forward. It says nothing of the entries: they are in the data directory, and [`super::verify`] compares them.
///
/// **Errors**: `unreadable_file` when there is no root.
pub fn check_roots(outside: &mut (dyn BufRead + Send), key: &PublicKey) -> Result<RootsChecked> {
    let mut found = RootsChecked::default();
    let mut roots: BTreeMap<i64, (AuditRootRow, bool)> = BTreeMap::new();
    for (root, document) in read_roots(outside)? {
        let flaw = |kind| Flaw { kind, seq: root.seq };
        match key.check(Kind::AuditRoot, &document) {
            Some(false) => found.flaws.push(flaw(FlawKind::Signature)),
            // What could not be sent is sent again, and says the same.
            checked => match roots.get(&root.n) {
                Some((known, _)) if *known != root => found.flaws.push(flaw(FlawKind::Anchor)),
                Some((_, true)) => {}
                _ => drop(roots.insert(root.n, (root, checked.is_some()))),
            },
        }
    }
    let mut before: Option<(AuditRootRow, bool)> = None;
    for (n, (root, is_signed)) in roots {
        let flaw = |kind| Flaw { kind, seq: root.seq };
        if let Some((last, was_signed)) = &before {
            if last.n + 1 != n {
                found.flaws.push(flaw(FlawKind::Gap));
            }
            if last.seq >= root.seq {
                found.flaws.push(flaw(FlawKind::Link));
            }
            // Once roots are signed, all are.
            if *was_signed && !is_signed {
                found.flaws.push(flaw(FlawKind::Signature));
            }
        }
        if is_signed {
            found.n_signed += 1;
            (found.seq, found.at) = (root.seq, Some(root.at));
        } else {
            found.n_unsigned += 1;
        }
        before = Some((root, is_signed));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use zhike_vault::{Unlock, Vault};

    use super::super::line;
    use super::*;

    fn lines(vault: &Vault) -> Vec<String> {
        let root =
            |n: i64| AuditRootRow { n, seq: 6 * n, at: 100 + n, head: [n as u8; 32], mac: [2; 32], is_anchored: 1 };
        (1..=5).map(|n| line(vault, &root(n))).collect()
    }

    fn check(lines: &[String], key: &PublicKey) -> RootsChecked {
        check_roots(&mut lines.join("\n").as_bytes(), key).unwrap()
    }

    #[test]
    fn roots_are_checked_by_the_public_key_alone() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let vault = Vault::open(dir.path(), Unlock::KeyFile).unwrap();
        let key = vault.public_key();
        let whole = lines(&vault);
        let found = check(&whole, &key);
        assert_eq!((found.is_whole(), found.n_signed, found.seq, found.at), (true, 5, 30, Some(105)));
        // Twice is no contradiction; those of another installation prove nothing.
        assert!(check(&[&whole[..], &whole[2..4]].concat(), &key).is_whole());
        let foreign = Vault::open(other.path(), Unlock::KeyFile).unwrap();
        assert!(!check(&whole, &foreign.public_key()).is_whole());
        assert!(check_roots(&mut &b"nothing\n"[..], &key).is_err());

        // Every character of a root counts.
        for at in 0..whole[2].len() {
            let mut changed = whole.clone();
            let char = if whole[2].as_bytes()[at] == b'1' { "2" } else { "1" };
            changed[2].replace_range(at..=at, char);
            let found = check_roots(&mut changed.join("\n").as_bytes(), &key);
            assert!(!found.is_ok_and(|found| found.is_whole()), "{}", changed[2]);
        }
        let mut gone = whole.clone();
        gone.remove(2);
        assert_eq!(check(&gone, &key).flaws, [Flaw { kind: FlawKind::Gap, seq: 24 }]);
    }

    #[test]
    fn roots_of_older_releases_have_no_signature_and_later_ones_have() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(dir.path(), Unlock::KeyFile).unwrap();
        let key = vault.public_key();
        let without = |line: &String| {
            let mut json: serde_json::Value = serde_json::from_str(line).unwrap();
            json.as_object_mut().unwrap().remove("signature");
            json.to_string()
        };
        let mut older = lines(&vault);
        older[0] = without(&older[0]);
        let found = check(&older, &key);
        assert_eq!((found.is_whole(), found.n_signed, found.n_unsigned), (true, 4, 1));
        older[3] = without(&older[3]);
        assert_eq!(check(&older, &key).flaws, [Flaw { kind: FlawKind::Signature, seq: 24 }]);
        let none: Vec<String> = lines(&vault).iter().map(without).collect();
        assert!(!check(&none, &key).is_whole());
    }
}

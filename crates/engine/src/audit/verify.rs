//! Whether the audit trail is what was written: every link, every root, every copy outside.

use crate::boxed;
use std::collections::BTreeMap;
use std::io::BufRead;

use serde_json::Value as Json;
use zhike_domain::signed::Kind;
use zhike_state::{AuditRootRow, AuditRow};
use zhike_vault::Vault;

use super::read_line;
use crate::{Ctx, Error, Result};

/// Entries read at a time.
const PAGE: usize = 5_000;
/// Flaws told at most.
const MAX_FLAWS: usize = 100;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlawKind {
    /// An entry does not follow the one before.
    Link,
    /// A root was not signed with the keys of this directory.
    Signature,
    /// A root names another hash than the entry has.
    Head,
    /// A root covers an entry that is not there.
    Missing,
    /// A root stands outside and is not here, or says something else here.
    Anchor,
    /// Roots before one are missing among those outside.
    Gap,
}

impl FlawKind {
    /// Name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Signature => "signature",
            Self::Head => "head",
            Self::Missing => "missing",
            Self::Anchor => "anchor",
            Self::Gap => "gap",
        }
    }

    /// In Chinese and English.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Link => ("记录与前一条不衔接", "the entry does not follow the one before"),
            Self::Signature => (
                "根没有签名，或不是本安装的密钥所签",
                "the root is not signed, or not with the keys of this installation",
            ),
            Self::Head => ("记录与已签名的根不符", "the entry is not the one that a root was signed for"),
            Self::Missing => ("已签名的根所含的记录缺失", "an entry that a root was signed for is gone"),
            Self::Anchor => ("与外部留存的根不符", "it differs from the root that stands outside"),
            Self::Gap => ("这个根之前缺少若干个根", "roots are missing before this one"),
        }
    }
}

/// Something that is wrong, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// What.
    pub kind: FlawKind,
    /// At which entry, or the last entry of which root.
    pub seq: i64,
}

/// What verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Entries read.
    pub n_entries: i64,
    /// Roots here.
    pub n_roots: i64,
    /// Roots outside that were compared.
    pub n_anchored: i64,
    /// The last entry under a root: up to here nothing can have been changed without the keys.
    pub signed_seq: i64,
    /// When that root was signed, in microseconds.
    pub signed_at: Option<i64>,
    /// Time of the last entry, in microseconds.
    pub until: Option<i64>,
    /// What is wrong; at most a hundred.
    pub flaws: Vec<Flaw>,
}

impl Verification {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.flaws.is_empty()
    }
}

/// Compares a chain with its roots, an entry at a time.
pub(super) struct Verifier<'a> {
    vault: &'a Vault,
    last: Option<AuditRow>,
    /// Signed heads of entries to come, by entry.
    heads: BTreeMap<i64, [u8; 32]>,
    found: Verification,
}

impl<'a> Verifier<'a> {
    /// With the roots here, in order, and those that stand outside.
    pub(super) fn new(vault: &'a Vault, roots: &[AuditRootRow], outside: &[AuditRootRow]) -> Self {
        let found = Verification {
            n_entries: 0,
            n_roots: roots.len() as i64,
            n_anchored: outside.len() as i64,
            signed_seq: 0,
            signed_at: None,
            until: None,
            flaws: Vec::new(),
        };
        let mut verifier = Self { vault, last: None, heads: BTreeMap::new(), found };
        let mut n = 0;
        for root in roots {
            n += 1;
            // Roots are counted: one that is left out is missed.
            verifier.root(root, root.n == n);
            n = root.n;
        }
        let by_number: BTreeMap<i64, &AuditRootRow> = roots.iter().map(|root| (root.n, root)).collect();
        for root in outside {
            let is_signed = vault.is_audit_root(&root.signed_bytes(), &root.mac);
            let same = by_number.get(&root.n).is_some_and(|own| own.mac == root.mac);
            if !is_signed {
                // Not ours, or changed there: nothing is proved by it.
                verifier.flaw(FlawKind::Signature, root.seq);
            } else if !same {
                verifier.flaw(FlawKind::Anchor, root.seq);
                verifier.heads.insert(root.seq, root.head);
            }
        }
        verifier
    }

    fn root(&mut self, root: &AuditRootRow, is_next: bool) {
        if !is_next || !self.vault.is_audit_root(&root.signed_bytes(), &root.mac) {
            self.flaw(FlawKind::Signature, root.seq);
            return;
        }
        self.heads.insert(root.seq, root.head);
        if root.seq > self.found.signed_seq {
            (self.found.signed_seq, self.found.signed_at) = (root.seq, Some(root.at));
        }
    }

    fn flaw(&mut self, kind: FlawKind, seq: i64) {
        if self.found.flaws.len() < MAX_FLAWS {
            self.found.flaws.push(Flaw { kind, seq });
        }
    }

    /// The next entry.
    pub(super) fn push(&mut self, row: AuditRow) {
        if !row.follows(self.last.as_ref(), Vault::audit_link) {
            self.flaw(FlawKind::Link, row.seq);
        }
        // Those before it that never came.
        while let Some((&seq, head)) = self.heads.first_key_value().filter(|(seq, _)| **seq <= row.seq) {
            if seq < row.seq {
                self.flaw(FlawKind::Missing, seq);
            } else if *head != row.hash {
                self.flaw(FlawKind::Head, seq);
            }
            self.heads.remove(&seq);
        }
        self.found.n_entries += 1;
        self.found.until = Some(row.at);
        self.last = Some(row);
    }

    /// What was found, when there are no more entries.
    pub(super) fn finish(mut self) -> Verification {
        for seq in std::mem::take(&mut self.heads).into_keys() {
            self.flaw(FlawKind::Missing, seq);
        }
        self.found
    }
}

/// Verifies the whole trail, a page at a time, against its roots and, if given, a copy of them that stands outside.
///
/// **Errors**: `unavailable`, `unreadable_file` when the copy has no root at all.
#[boxed]
pub async fn verify(ctx: &Ctx, outside: Option<&mut (dyn BufRead + Send)>) -> Result<Verification> {
    let (mut copies, mut forged) = (Vec::new(), Vec::new());
    for (root, document) in outside.map(read_roots).transpose()?.unwrap_or_default() {
        if ctx.vault().public_key().check(Kind::AuditRoot, &document) == Some(false) {
            forged.push(root.seq);
        }
        copies.push(root);
    }
    // Roots first: entries written meanwhile are beyond them.
    let mut roots = Vec::new();
    loop {
        let page = ctx.store().audit_roots(roots.last().map_or(0, |root: &AuditRootRow| root.n), PAGE).await?;
        let is_last = page.len() < PAGE;
        roots.extend(page);
        if is_last {
            break;
        }
    }
    let mut verifier = Verifier::new(ctx.vault(), &roots, &copies);
    forged.into_iter().for_each(|seq| verifier.flaw(FlawKind::Signature, seq));
    let mut after = None;
    loop {
        let page = ctx.store().audit_page(after, PAGE).await?;
        let is_last = page.len() < PAGE;
        after = page.last().map(|row| row.seq).or(after);
        page.into_iter().for_each(|row| verifier.push(row));
        if is_last {
            return Ok(verifier.finish());
        }
        tokio::task::yield_now().await;
    }
}

/// The roots that stand in a file or log, with the documents of their signatures.
///
/// **Errors**: `unreadable_file` when there is none.
pub(super) fn read_roots(outside: &mut (dyn BufRead + Send)) -> Result<Vec<(AuditRootRow, Json)>> {
    let mut roots = Vec::new();
    for line in outside.lines() {
        roots.extend(read_line(&line.map_err(|error| unreadable(&error.to_string()))?));
    }
    if roots.is_empty() { Err(unreadable("it holds no root of an audit trail")) } else { Ok(roots) }
}

fn unreadable(why: &str) -> Error {
    Error::new(
        zhike_domain::error_code::ErrorCode::UnreadableFile,
        format!("the copy of the roots cannot be used: {why}"),
        format!("外部留存的根文件无法使用：{why}"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zhike_vault::{Unlock, Vault};

    use super::*;

    const N: usize = 24;

    struct Trail {
        rows: Vec<AuditRow>,
        roots: Vec<AuditRootRow>,
    }

    fn relink(rows: &mut [AuditRow]) {
        let mut prev = [0; 32];
        for (seq, row) in (1..).zip(rows) {
            (row.seq, row.prev_hash) = (seq, prev);
            row.hash = Vault::audit_link(&prev, &row.linked_bytes());
            prev = row.hash;
        }
    }

    fn trail(vault: &Vault) -> Trail {
        let row = |n: usize| AuditRow {
            seq: 0,
            at: n as i64,
            actor: format!("user-{}", n % 3),
            action: "profile.unmask".into(),
            subject: format!("prf_{}", n % 5),
            detail_json: "{}".into(),
            prev_hash: [0; 32],
            hash: [0; 32],
        };
        let mut rows: Vec<AuditRow> = (0..N).map(row).collect();
        relink(&mut rows);
        let root = |n: i64| {
            let seq = 6 * n;
            let mut root =
                AuditRootRow { n, seq, at: 100 + n, head: rows[seq as usize - 1].hash, mac: [0; 32], is_anchored: 1 };
            root.mac = vault.sign_audit_root(&root.signed_bytes());
            root
        };
        let roots = (1..=4).map(root).collect();
        Trail { rows, roots }
    }

    fn flaws(vault: &Vault, trail: &Trail, outside: &[AuditRootRow]) -> Verification {
        let mut verifier = Verifier::new(vault, &trail.roots, outside);
        trail.rows.iter().cloned().for_each(|row| verifier.push(row));
        verifier.finish()
    }

    #[derive(Clone, Debug)]
    enum Change {
        Text(usize, u8),
        Hash(usize, usize, u8),
        Delete(usize),
        Swap(usize, usize),
        Insert(usize),
        Truncate(usize),
        /// Changes an entry, or takes it away, and makes all links anew: what whoever has the database and not the keys can do.
        Forge(usize, bool),
        /// The same, and takes the roots away that would tell.
        ForgeAndCut(usize, bool),
        Root(usize, u8),
    }

    fn change() -> impl Strategy<Value = Change> {
        let at = 0..N;
        prop_oneof![
            (at.clone(), 0_u8..5).prop_map(|(at, field)| Change::Text(at, field)),
            (at.clone(), 0_usize..32, 1_u8..).prop_map(|(at, byte, bit)| Change::Hash(at, byte, bit)),
            at.clone().prop_map(Change::Delete),
            (at.clone(), at.clone()).prop_filter("two", |(a, b)| a != b).prop_map(|(a, b)| Change::Swap(a, b)),
            at.clone().prop_map(Change::Insert),
            (0..N).prop_map(Change::Truncate),
            (at.clone(), any::<bool>()).prop_map(|(at, goes)| Change::Forge(at, goes)),
            (at, any::<bool>()).prop_map(|(at, goes)| Change::ForgeAndCut(at, goes)),
            (0_usize..4, 0_u8..4).prop_map(|(at, field)| Change::Root(at, field)),
        ]
    }

    fn apply(trail: &mut Trail, change: Change) {
        let forge = |rows: &mut Vec<AuditRow>, at: usize, goes: bool| {
            if goes {
                rows.remove(at);
            } else {
                rows[at].actor.push('x');
            }
            relink(rows);
        };
        match change {
            Change::Text(at, field) => {
                let row = &mut trail.rows[at];
                match field {
                    0 => row.at += 1,
                    1 => row.actor.push('x'),
                    2 => row.action.insert(0, 'x'),
                    3 => row.subject.push('x'),
                    _ => row.detail_json.push(' '),
                }
            }
            Change::Hash(at, byte, bit) => trail.rows[at].hash[byte] ^= bit,
            Change::Delete(at) => drop(trail.rows.remove(at)),
            Change::Swap(a, b) => trail.rows.swap(a, b),
            Change::Insert(at) => trail.rows.insert(at, trail.rows[at].clone()),
            Change::Truncate(n) => trail.rows.truncate(n),
            Change::Forge(at, goes) => forge(&mut trail.rows, at, goes),
            Change::ForgeAndCut(at, goes) => {
                forge(&mut trail.rows, at, goes);
                trail.roots.retain(|root| root.seq <= at as i64);
            }
            Change::Root(at, field) => {
                let root = &mut trail.roots[at];
                match field {
                    0 => root.seq -= 1,
                    1 => root.at += 1,
                    2 => root.head[0] ^= 1,
                    _ => root.mac[31] ^= 1,
                }
            }
        }
    }

    /// INV-AUDIT-2: 10,000 changes, each found.
    #[test]
    fn every_change_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(dir.path(), Unlock::KeyFile).unwrap();
        let whole = trail(&vault);
        let found = flaws(&vault, &whole, &whole.roots);
        assert_eq!((found.is_whole(), found.n_entries, found.signed_seq), (true, N as i64, N as i64));
        let config = ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let ran = runner.run(&change(), |change| {
            let mut changed = trail(&vault);
            apply(&mut changed, change.clone());
            prop_assert!(!flaws(&vault, &changed, &whole.roots).is_whole(), "{:?}", change);
            // Without the copy outside, all but the cutting off of entries together with their roots.
            if !matches!(change, Change::ForgeAndCut(..)) {
                prop_assert!(!flaws(&vault, &changed, &[]).is_whole(), "{:?}", change);
            }
            Ok(())
        });
        ran.unwrap();
    }

    /// What a copy outside is for, and what it is not.
    #[test]
    fn a_copy_of_another_directory_proves_nothing() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let vault = Vault::open(dir.path(), Unlock::KeyFile).unwrap();
        let foreign = trail(&Vault::open(other.path(), Unlock::KeyFile).unwrap());
        let found = flaws(&vault, &trail(&vault), &foreign.roots[..1]);
        assert_eq!(found.flaws, [Flaw { kind: FlawKind::Signature, seq: 6 }]);
    }
}

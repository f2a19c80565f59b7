//! To whom a visitor belongs, and since when: the rules of [`zhike_domain::collect::linking::Ownership`] on stored ids.

use std::collections::BTreeMap;

use zhike_domain::collect::message::Stamp;

/// Claims of one visitor in order of time: by whom.
pub(super) type Claims = BTreeMap<Stamp, i64>;

/// A visitor with more claims than this has its old ones thinned out: a claim comes with every message of a signed-in
/// browser.
pub(super) const MANY_CLAIMS: usize = 64;
/// Claims older than this are kept as runs: first and last of each. A claim by somebody else that falls into such a run
/// and arrives later still takes over from its time on, but until the run's last claim rather than its next.
///
/// **Units**: microseconds; the seven days for which repetitions are noticed as well.
pub(super) const SETTLED: i64 = 7 * 24 * 3_600_000_000;

/// Of claims older than an instant, forgets those in the middle of a run by one owner; says whether there were any.
pub(super) fn thin(claims: &mut Claims, settled: i64) -> bool {
    let old: Vec<(Stamp, i64)> =
        claims.range(..Stamp(settled, String::new())).map(|(at, owner)| (at.clone(), *owner)).collect();
    let n_before = claims.len();
    for three in old.windows(3) {
        if three[0].1 == three[1].1 && three[1].1 == three[2].1 {
            claims.remove(&three[1].0);
        }
    }
    claims.len() < n_before
}

/// Notes a claim; of two by one message, which cannot be, the smaller owner.
pub(super) fn claim(claims: &mut Claims, stamp: Stamp, owner: i64) {
    let held = claims.entry(stamp).or_insert(owner);
    *held = (*held).min(owner);
}

/// Since when a visitor belongs to whom; the first from the beginning of time. Claims of owners who identify nobody do not
/// count.
pub(super) fn spans(claims: Option<&Claims>, profile: impl Fn(i64) -> Option<i64>) -> Vec<(i64, i64)> {
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for (Stamp(at, _), owner) in claims.into_iter().flatten() {
        let Some(profile) = profile(*owner) else { continue };
        match spans.last_mut() {
            None => spans.extend([(i64::MIN, profile), (*at, profile)]),
            // Of claims at one instant the last by id decides.
            Some(last) if last.0 == *at => last.1 = profile,
            Some(_) => spans.push((*at, profile)),
        }
    }
    spans.dedup_by(|next, before| next.1 == before.1);
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_claims_are_thinned_to_runs_and_owners_stay() {
        let mut claims = Claims::new();
        for at in 0..300 {
            claim(&mut claims, Stamp(at, format!("m{at}")), [1, 1, 2][at as usize / 50 % 3]);
        }
        let before = spans(Some(&claims), Some);
        assert!(thin(&mut claims, 200));
        assert_eq!(spans(Some(&claims), Some), before);
        assert!(claims.len() < 110 && claims.range(Stamp(200, String::new())..).count() == 100, "{}", claims.len());
        assert!(!thin(&mut claims, 200));
    }
}

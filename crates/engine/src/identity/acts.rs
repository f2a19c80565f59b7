//! Merging, splitting, undoing.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::json;
use zhike_domain::id::{ActId, IdentityId, ProfileId};
use zhike_domain::import::entity::IdentityKind;
use zhike_state::{DecisionRow, IdentityRow, IdentityStatus, Verdict};

use crate::ingest::Change;
use crate::profiles::current;
use crate::{Ctx, Error, Result, audit, ingest, segments};

/// Characters of a reason at most.
const MAX_REASON: usize = 500;

/// A decision of somebody about who is who.
#[derive(Clone, Debug)]
pub struct Act {
    /// Id.
    pub act_id: ActId,
    /// Whether people were merged, else split.
    pub is_merge: bool,
    /// Who decided.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When, in microseconds.
    pub decided_at: i64,
    /// Who undid it or decided otherwise later.
    pub undone_by: Option<String>,
    /// When, in microseconds; it holds when missing.
    pub undone_at: Option<i64>,
    /// The people whom it is about, as they are now.
    pub profiles: Vec<ProfileId>,
}

/// What came of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The decision.
    pub act_id: ActId,
    /// The people whom it was about, as they are now.
    pub profiles: Vec<ProfileId>,
}

/// Decides that two customers are one. The older profile stays; earlier decisions that they are not are taken back with it.
///
/// **Errors**: `not_found`; `bad_request` for one customer twice, or without a reason; `conflict` when one of them is known by
/// nothing that identifies people.
#[boxed]
pub async fn merge(ctx: &Ctx, a: ProfileId, b: ProfileId, reason: &str, actor: &str) -> Result<Done> {
    let reason = checked(reason)?;
    let _guard = begin(ctx).await?;
    let (a, b) = (current(ctx, a.get()).await?.profile_id, current(ctx, b.get()).await?.profile_id);
    if a == b {
        return Err(Error::bad_request("these are one customer already".into(), "两者已经是同一位客户".into()));
    }
    let mine = active(ctx, a).await?;
    let theirs = active(ctx, b).await?;
    let (left, right) = (strongest(&mine)?, strongest(&theirs)?);
    let mut act = Writing::new(ctx, actor, &reason);
    act.decide(ctx, Verdict::Same, left.identity_id, right.identity_id);
    act.replace(ctx, Verdict::Apart, &ids(&mine), &ids(&theirs)).await?;
    let detail = json!({ "act": act.id().to_string(), "with": ProfileId::new(b).to_string(), "reason": reason });
    act.carry_out(ctx, "identity.merge", a, detail).await
}

/// Decides that some identities of a customer are somebody else. Who they were before, if they were, they are again.
///
/// **Errors**: `not_found`; `bad_request` when the identities are not all of this customer, when none or all of those that
/// identify people are named, or without a reason.
#[boxed]
pub async fn split(
    ctx: &Ctx,
    profile_id: ProfileId,
    identities: &[IdentityId],
    reason: &str,
    actor: &str,
) -> Result<Done> {
    let reason = checked(reason)?;
    let _guard = begin(ctx).await?;
    let profile = current(ctx, profile_id.get()).await?.profile_id;
    let all = active(ctx, profile).await?;
    let wanted: BTreeSet<i64> = identities.iter().map(|id| id.get()).collect();
    if let Some(missing) = wanted.iter().find(|id| !all.iter().any(|row| row.identity_id == **id)) {
        let missing = IdentityId::new(*missing);
        return Err(Error::bad_request(
            format!("{missing} does not identify this customer"),
            format!("{missing} 不是该客户的有效标识"),
        ));
    }
    let (go, stay): (Vec<IdentityRow>, Vec<IdentityRow>) =
        all.into_iter().partition(|row| wanted.contains(&row.identity_id));
    if !go.iter().any(is_known) || !stay.iter().any(is_known) {
        return Err(Error::bad_request(
            "name some identities to part, not all: each side needs one besides devices and visitors, which follow whoever \
             signed in on them"
                .into(),
            "请选择部分标识：拆分后的每一方都要有设备、访客号以外的标识（设备与访客号跟随登录者）".into(),
        ));
    }
    let mut act = Writing::new(ctx, actor, &reason);
    let links = Links::read(ctx, &ids(&go), &ids(&stay)).await?;
    for (left, right) in &links.across {
        act.decide(ctx, Verdict::Apart, *left, *right);
    }
    act.decide(ctx, Verdict::Apart, strongest(&go)?.identity_id, strongest(&stay)?.identity_id);
    // Either side may have hung together by the other alone; it stays one person all the same.
    for side in [&go, &stay] {
        let known: Vec<&IdentityRow> = side.iter().filter(|row| is_known(row)).collect();
        for (left, right) in links.gaps(&known) {
            act.decide(ctx, Verdict::Same, left, right);
        }
    }
    act.replace(ctx, Verdict::Same, &ids(&go), &ids(&stay)).await?;
    let parted: Vec<String> = go.iter().map(|row| IdentityId::new(row.identity_id).to_string()).collect();
    let detail = json!({ "act": act.id().to_string(), "identities": parted, "reason": reason });
    act.carry_out(ctx, "identity.split", profile, detail).await
}

/// Decides about two identities of two customers: one person, or two.
///
/// **Errors**: `not_found`; `bad_request` when they are one customer already, or without a reason.
pub(super) async fn between(
    ctx: &Ctx,
    pair: [IdentityId; 2],
    verdict: Verdict,
    reason: &str,
    actor: &str,
) -> Result<Done> {
    let reason = checked(reason)?;
    let _guard = begin(ctx).await?;
    let rows = ctx.store().identities_by_ids(&pair.map(IdentityId::get)).await?;
    let [one, other] = rows.as_slice() else { return Err(Error::not_found("identity", "标识")) };
    for row in [one, other] {
        current(ctx, row.profile_id).await?;
    }
    if one.profile_id == other.profile_id {
        return Err(Error::bad_request("these are one customer already".into(), "两者已经是同一位客户".into()));
    }
    let (mine, theirs) = (active(ctx, one.profile_id).await?, active(ctx, other.profile_id).await?);
    let mut act = Writing::new(ctx, actor, &reason);
    act.decide(ctx, verdict, one.identity_id, other.identity_id);
    if verdict == Verdict::Same {
        act.replace(ctx, Verdict::Apart, &ids(&mine), &ids(&theirs)).await?;
    }
    act.settled.push((one.identity_id.min(other.identity_id), one.identity_id.max(other.identity_id)));
    let action = if verdict == Verdict::Same { "identity.merge" } else { "identity.keep_apart" };
    let with = ProfileId::new(other.profile_id).to_string();
    let detail = json!({ "act": act.id().to_string(), "with": with, "reason": reason });
    act.carry_out(ctx, action, one.profile_id, detail).await
}

/// Undoes a decision: everybody is as if it had not been made, and what it took the place of holds again.
///
/// **Errors**: `not_found`; `conflict` when it does not hold any more.
#[boxed]
pub async fn undo(ctx: &Ctx, act_id: ActId, actor: &str) -> Result<Done> {
    let _guard = begin(ctx).await?;
    let rows = ctx.store().decisions_of_act(act_id.get()).await?;
    let (own, replaced): (Vec<DecisionRow>, Vec<DecisionRow>) =
        rows.into_iter().partition(|row| row.act_id == act_id.get());
    let missing = || Error::not_found("decision", "判定");
    let first = own.first().ok_or_else(missing)?;
    let ends = ctx.store().identities_by_ids(&[first.left_identity_id, first.right_identity_id]).await?;
    let profile = ends.first().ok_or_else(missing)?.profile_id;
    for row in &ends {
        // Somebody out of sight is as somebody who is not there.
        if segments::seen(ctx, &[row.profile_id]).await?.is_empty() {
            return Err(missing());
        }
    }
    if own.iter().any(|row| row.undone_at.is_some()) {
        return Err(Error::conflict(
            "this decision was undone or replaced already".into(),
            "该判定已撤销，或已被后来的判定取代".into(),
        ));
    }
    let mut act = Writing { act_id: act_id.get(), ..Writing::new(ctx, actor, "") };
    act.rows.extend(own.into_iter().map(|row| DecisionRow {
        undone_by: Some(actor.to_owned()),
        undone_at: Some(act.now),
        undone_act: None,
        ..row
    }));
    act.rows.extend(replaced.into_iter().map(|row| DecisionRow {
        undone_by: None,
        undone_at: None,
        undone_act: None,
        ..row
    }));
    act.carry_out(ctx, "identity.undo", profile, json!({ "act": act_id.to_string() })).await
}

/// Decisions about a customer, or about all, the newest first.
#[boxed]
pub async fn acts(ctx: &Ctx, profile_id: Option<ProfileId>) -> Result<Vec<Act>> {
    let rows = match profile_id {
        Some(profile) => {
            let profile = current(ctx, profile.get()).await?.profile_id;
            let known: Vec<i64> =
                ctx.store().identities_of(&[profile]).await?.iter().map(|row| row.identity_id).collect();
            ctx.store().decisions_of(&known).await?
        }
        None => ctx.store().all_decisions().await?,
    };
    let ends: BTreeSet<i64> = rows.iter().flat_map(|row| [row.left_identity_id, row.right_identity_id]).collect();
    let ends = ctx.store().identities_by_ids(&ends.into_iter().collect::<Vec<_>>()).await?;
    let profile: HashMap<i64, i64> = ends.iter().map(|row| (row.identity_id, row.profile_id)).collect();
    let all: Vec<i64> = profile.values().copied().collect();
    let seen: BTreeSet<i64> = segments::seen(ctx, &all).await?.into_iter().collect();
    let mut by_act: BTreeMap<i64, Vec<DecisionRow>> = BTreeMap::new();
    rows.into_iter().for_each(|row| by_act.entry(row.act_id).or_default().push(row));
    let act = |(act_id, rows): (i64, Vec<DecisionRow>)| {
        let about: BTreeSet<i64> = rows
            .iter()
            .flat_map(|row| [row.left_identity_id, row.right_identity_id])
            .filter_map(|id| profile.get(&id).copied())
            .collect();
        let first = rows.first()?.clone();
        about.iter().all(|id| seen.contains(id)).then(|| Act {
            act_id: ActId::new(act_id),
            is_merge: rows.iter().all(|row| row.verdict == Verdict::Same),
            author: first.author,
            reason: first.reason,
            decided_at: first.decided_at,
            undone_by: first.undone_by,
            undone_at: first.undone_at,
            profiles: about.into_iter().map(ProfileId::new).collect(),
        })
    };
    let mut acts: Vec<Act> = by_act.into_iter().filter_map(act).collect();
    acts.sort_by_key(|act| std::cmp::Reverse((act.decided_at, act.act_id)));
    Ok(acts)
}

/// Waits for the right to write, and brings what was begun before to its end.
async fn begin(ctx: &Ctx) -> Result<crate::ctx::WriteGuard> {
    ctx.vault().check_enabled()?;
    let guard = ctx.write_lock().await?;
    crate::import::recover_locked(ctx).await?;
    Ok(guard)
}

/// A reason as it is kept: personal data in it is masked.
fn checked(reason: &str) -> Result<String> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::bad_request("say why: the reason is kept".into(), "请填写理由：理由会留存备查".into()));
    }
    if reason.chars().count() > MAX_REASON {
        return Err(Error::bad_request(
            format!("the reason is longer than {MAX_REASON} characters"),
            format!("理由超过 {MAX_REASON} 个字"),
        ));
    }
    Ok(zhike_domain::detect::mask_text(reason).unwrap_or_else(|| reason.to_owned()))
}

/// The identities that identify a customer.
async fn active(ctx: &Ctx, profile: i64) -> Result<Vec<IdentityRow>> {
    let mut rows = ctx.store().identities_of(&[profile]).await?;
    rows.retain(|row| row.status == IdentityStatus::Active);
    rows.sort_by_key(|row| (strength(row), row.identity_id));
    Ok(rows)
}

/// The rank of an identity, 0 the strongest.
pub(super) fn strength(row: &IdentityRow) -> u8 {
    IdentityKind::parse(&row.kind).map_or(u8::MAX, IdentityKind::strength)
}

/// Whether it is somebody's own, not a device's.
fn is_known(row: &IdentityRow) -> bool {
    IdentityKind::parse(&row.kind).is_some_and(|kind| !kind.is_anonymous())
}

/// The strongest of identities, which are sorted.
fn strongest(rows: &[IdentityRow]) -> Result<&IdentityRow> {
    rows.iter().find(|row| is_known(row)).ok_or_else(|| {
        Error::conflict(
            "this is a visitor or device whom nothing identifies: they become somebody by signing in".into(),
            "这是未识别的访客或设备，不能人工判定：登录后会自动归属".into(),
        )
    })
}

fn ids(rows: &[IdentityRow]) -> Vec<i64> {
    rows.iter().map(|row| row.identity_id).collect()
}

/// Links that hold among the identities of a customer.
struct Links {
    all: BTreeSet<(i64, i64)>,
    /// Those between the two sides.
    across: BTreeSet<(i64, i64)>,
}

impl Links {
    async fn read(ctx: &Ctx, go: &[i64], stay: &[i64]) -> Result<Self> {
        let both = [go, stay].concat();
        let edges = ctx.store().edges_of(&both).await?;
        let edges = edges.iter().filter(|edge| edge.undone_at.is_none());
        let bonds = ctx.store().bonds_of(&both).await?;
        let bonds = bonds.iter().filter(|bond| bond.holds != 0);
        let pairs = (edges.map(|edge| (edge.left_identity_id, edge.right_identity_id)))
            .chain(bonds.map(|bond| (bond.left_identity_id, bond.right_identity_id)));
        let all: BTreeSet<(i64, i64)> =
            pairs.filter(|(left, right)| both.contains(left) && both.contains(right)).collect();
        let across = all.iter().copied().filter(|(left, right)| go.contains(left) != go.contains(right)).collect();
        Ok(Self { all, across })
    }

    /// Pairs that would make one of those who do not hang together.
    fn gaps(&self, side: &[&IdentityRow]) -> Vec<(i64, i64)> {
        let mut group: HashMap<i64, usize> = side.iter().enumerate().map(|(at, row)| (row.identity_id, at)).collect();
        for (left, right) in &self.all {
            if let (Some(&a), Some(&b)) = (group.get(left), group.get(right)) {
                group.values_mut().filter(|of| **of == a.max(b)).for_each(|of| *of = a.min(b));
            }
        }
        let first = side.first().map(|row| row.identity_id);
        let others: BTreeSet<usize> = group.values().copied().filter(|of| *of != 0).collect();
        others.into_iter().filter_map(|of| Some((first?, side.get(of)?.identity_id))).collect()
    }
}

/// A decision on its way into the store.
struct Writing {
    act_id: i64,
    author: String,
    reason: String,
    now: i64,
    rows: Vec<DecisionRow>,
    /// Likely pairs that are decided now.
    settled: Vec<(i64, i64)>,
}

impl Writing {
    fn new(ctx: &Ctx, author: &str, reason: &str) -> Self {
        let (author, reason) = (author.to_owned(), reason.to_owned());
        Self { act_id: ctx.vault().random_id(), author, reason, now: ctx.now(), rows: Vec::new(), settled: Vec::new() }
    }

    fn id(&self) -> ActId {
        ActId::new(self.act_id)
    }

    fn decide(&mut self, ctx: &Ctx, verdict: Verdict, left: i64, right: i64) {
        let pair = (left.min(right), left.max(right));
        if self.rows.iter().any(|row| (row.left_identity_id, row.right_identity_id) == pair) {
            return;
        }
        self.rows.push(DecisionRow {
            decision_id: ctx.vault().random_id(),
            act_id: self.act_id,
            verdict,
            left_identity_id: pair.0,
            right_identity_id: pair.1,
            author: self.author.clone(),
            reason: self.reason.clone(),
            decided_at: self.now,
            undone_by: None,
            undone_at: None,
            undone_act: None,
        });
    }

    /// Takes back what was decided otherwise between the two sides.
    async fn replace(&mut self, ctx: &Ctx, verdict: Verdict, go: &[i64], stay: &[i64]) -> Result<()> {
        let earlier = ctx.store().decisions_of(go).await?.into_iter().filter(|row| {
            let is_across =
                [(row.left_identity_id, row.right_identity_id), (row.right_identity_id, row.left_identity_id)]
                    .iter()
                    .any(|(a, b)| go.contains(a) && stay.contains(b));
            row.undone_at.is_none() && row.verdict == verdict && is_across
        });
        let earlier: Vec<DecisionRow> = earlier.collect();
        self.rows.extend(earlier.into_iter().map(|row| DecisionRow {
            undone_by: Some(self.author.clone()),
            undone_at: Some(self.now),
            undone_act: Some(self.act_id),
            ..row
        }));
        Ok(())
    }

    async fn carry_out(self, ctx: &Ctx, action: &str, profile: i64, detail: serde_json::Value) -> Result<Done> {
        let act_id = self.id();
        let subject = ProfileId::new(profile).to_string();
        audit::record(ctx, &self.author, action, &subject, &detail).await?;
        let change = Change { decisions: self.rows, gone_matches: self.settled, ..Change::default() };
        let belongs = ingest::decide(ctx, change).await?;
        let profiles: BTreeSet<i64> = belongs.into_values().collect();
        Ok(Done { act_id, profiles: profiles.into_iter().map(ProfileId::new).collect() })
    }
}

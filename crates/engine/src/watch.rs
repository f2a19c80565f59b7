//! What goes on while a server runs: roots of the audit trail are signed, the clocks of incidents run, and rules look at the
//! trail as it grows.
//!
//! Owns the rules and what they remember. Every alert says what the rule saw.
//!
//! - INV-WATCH-1: an entry is judged once, however often processes end and however long none runs: what was judged is
//!   kept in the store, and only learnt from by those that begin later. An incident that was being opened when the process
//!   died may count it twice. What a rule cannot say without names it does not say.

use crate::boxed;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::sync::watch::Receiver;
use zhike_domain::id::ProfileId;
use zhike_state::AuditRow;

use crate::{Ctx, Result, accounts, audit, incidents};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
const MINUTE: i64 = 60_000_000;
/// So many denials within ten minutes are more than mistakes.
const MAX_DENIALS: usize = 20;
/// Hours between which policies are changed by day, at the workspace.
const WORK_HOURS: std::ops::Range<i8> = 7..22;
/// Days of one's own that a volume is compared with.
const BASELINE_DAYS: usize = 30;
/// Fewer days say nothing.
const MIN_DAYS: usize = 7;
/// Source: Iglewicz and Hoaglin 1993: 3.5 times the scaled median deviation; wider here, for people are not machines.
const TIMES_MAD: f64 = 6.0;
/// Below so many looks a day nothing is unusual.
const MIN_VOLUME: f64 = 30.0;
const PAGE: usize = 1_000;
/// Where the last entry stands that was judged.
const JUDGED: &str = "watch_judged";
/// Where nothing was judged before, older entries are only learnt from.
const FIRST: i64 = 10 * MINUTE;

// Acts that the rules listen to; each is one that somebody writes (test below).
/// A look at one customer.
const LOOKS: [&str; 2] = ["profile.open", "profile.unmask"];
/// Customers looked up by value.
const FOUND: &str = "profile.find";
/// A file made, of one customer where its subject is one.
const EXPORTED: &str = "export.create";
const DENIED: &str = "access.denied";
/// What everybody may do or what data are for is changed.
const POLICIES: [&str; 2] = ["policy.change", "purpose.put"];
/// What one user may do may be changed.
const USERS: [&str; 2] = ["user.change", "user.create"];

/// What the rules remember.
#[derive(Default)]
pub struct Rules {
    /// The last entry looked at.
    after: Option<i64>,
    /// What was seen, until an incident tells of it.
    untold: VecDeque<Alert>,
    /// Denials by person.
    denials: HashMap<String, VecDeque<i64>>,
    /// People looked at by person and day.
    volumes: HashMap<String, VecDeque<(i64, f64)>>,
    /// Whose day was told already.
    told: BTreeSet<(String, i64)>,
}

/// An alert: kind, severity, about whom, what was seen.
type Alert = (&'static str, &'static str, String, Json);

/// Runs until told to stop.
#[boxed]
pub async fn run(ctx: Ctx, mut stopping: Receiver<bool>) {
    let mut rules = Rules::default();
    let mut told: Option<String> = None;
    loop {
        let done = step(&ctx, &mut rules).await;
        let trouble = done.err().map(|error| error.to_string());
        if let Some(trouble) = trouble.as_ref().filter(|trouble| told.as_ref() != Some(*trouble)) {
            tracing::error!(cause = %trouble, "watching failed; it goes on");
        }
        told = trouble;
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// One look: signs, lets clocks run, and lets the rules see what is new.
#[boxed]
pub async fn step(ctx: &Ctx, rules: &mut Rules) -> Result<()> {
    audit::sign(ctx, false).await?;
    incidents::sweep(ctx).await?;
    rules.look(ctx).await
}

impl Rules {
    /// Lets the rules see the entries since the last look; at first those of the last thirty days too, as a baseline.
    async fn look(&mut self, ctx: &Ctx) -> Result<()> {
        let judged: Option<i64> = ctx.store().get_meta(JUDGED).await?.and_then(|seq| seq.parse().ok());
        let mut after = match self.after {
            Some(after) => after,
            None => baseline_start(ctx).await?.min(judged.unwrap_or(i64::MAX)),
        };
        let canaries: BTreeSet<String> =
            ctx.store().canaries().await?.into_iter().map(|id| ProfileId::new(id).to_string()).collect();
        loop {
            let page = ctx.store().audit_page(Some(after), PAGE).await?;
            for row in &page {
                let is_judged = judged.map_or_else(|| row.at < ctx.now() - FIRST, |judged| row.seq <= judged);
                let seen = self.alerts(ctx, row, &canaries);
                self.untold.extend(seen.into_iter().filter(|_| !is_judged));
                after = row.seq;
                self.after = Some(after);
            }
            while let Some((kind, severity, about, features)) = self.untold.front() {
                alert(ctx, kind, severity, about, features).await?;
                self.untold.pop_front();
            }
            // Another server on the same store may be further.
            if judged.is_none_or(|judged| judged < after) {
                ctx.store().set_meta(JUDGED, &after.to_string()).await?;
            }
            if page.len() < PAGE {
                return Ok(());
            }
        }
    }

    fn alerts(&mut self, ctx: &Ctx, row: &AuditRow, canaries: &BTreeSet<String>) -> Vec<Alert> {
        let owner = row.actor.split('/').next().unwrap_or_default().to_owned();
        let mut alerts = Vec::new();
        let detail: Json = serde_json::from_str(&row.detail_json).unwrap_or_default();
        let found = || detail.get("found").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        let n_people = match row.action.as_str() {
            act if LOOKS.contains(&act) => 1,
            FOUND => found().count(),
            EXPORTED => usize::from(row.subject.starts_with("prf_")),
            _ => 0,
        };
        if n_people > 0 && (canaries.contains(&row.subject) || found().any(|id| canaries.contains(id))) {
            alerts.push(("canary", "high", owner.clone(), json!({ "seq": row.seq, "action": row.action })));
        }
        if row.action == DENIED {
            let denials = self.denials.entry(owner.clone()).or_default();
            denials.push_back(row.at);
            while denials.front().is_some_and(|at| *at < row.at - 10 * MINUTE) {
                denials.pop_front();
            }
            if denials.len() == MAX_DENIALS {
                let features = json!({ "seq": row.seq, "denials": MAX_DENIALS, "minutes": 10 });
                alerts.push(("denials", "medium", owner.clone(), features));
                denials.clear();
            }
        }
        let at = jiff::Timestamp::from_microsecond(row.at).unwrap_or_default().to_zoned(ctx.workspace().time_zone());
        let act = row.action.as_str();
        // Other names and the like are nobody's rights; whoever is new had no roles.
        let no_roles = json!([]);
        let roles = |when: &str| detail.get(when).unwrap_or(&no_roles);
        let gives_roles = USERS.contains(&act) && roles("roles") != roles("roles_before");
        if (POLICIES.contains(&act) || gives_roles) && !WORK_HOURS.contains(&at.hour()) {
            let features = json!({ "seq": row.seq, "action": row.action, "hour": at.hour() });
            alerts.push(("off_hours_policy", "medium", owner.clone(), features));
        }
        if n_people > 0 {
            let day = row.at.div_euclid(24 * 60 * MINUTE);
            alerts.extend(self.volume(owner, day, n_people as f64, row.seq));
        }
        alerts
    }

    /// Whether a day's volume is far beyond the person's own days before.
    fn volume(&mut self, owner: String, day: i64, n: f64, seq: i64) -> Option<Alert> {
        let days = self.volumes.entry(owner.clone()).or_default();
        match days.back_mut() {
            Some((last, sum)) if *last == day => *sum += n,
            _ => days.push_back((day, n)),
        }
        while days.len() > BASELINE_DAYS + 1 {
            days.pop_front();
        }
        let today = days.back().map_or(0.0, |(_, sum)| *sum);
        let before: Vec<f64> = days.iter().rev().skip(1).map(|(_, sum)| *sum).collect();
        let bound = bound_of(before)?;
        if today <= bound || !self.told.insert((owner.clone(), day)) {
            return None;
        }
        Some((
            "volume",
            "medium",
            owner,
            json!({ "seq": seq, "today": today, "bound": bound, "own_days": days.len() - 1 }),
        ))
    }
}

/// Beyond which volume a day is unusual, by one's own days: median and so many median deviations, none with too few days.
fn bound_of(mut days: Vec<f64>) -> Option<f64> {
    if days.len() < MIN_DAYS {
        return None;
    }
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let middle = median(&mut days);
    let mut deviations: Vec<f64> = days.iter().map(|value| (value - middle).abs()).collect();
    // 1.4826 makes it a standard deviation where days are normal; one look is the least that days differ by.
    Some((middle + TIMES_MAD * 1.4826 * median(&mut deviations).max(1.0)).max(MIN_VOLUME))
}

/// The entry before those of the last thirty days.
async fn baseline_start(ctx: &Ctx) -> Result<i64> {
    let since = ctx.now() - BASELINE_DAYS as i64 * 24 * 60 * MINUTE;
    let filter = audit::AuditFilter { until: Some(since), ..audit::AuditFilter::default() };
    Ok(audit::list(ctx, &filter, None, 1).await?.first().map_or(0, |row| row.seq))
}

async fn alert(ctx: &Ctx, kind: &str, severity: &str, about: &str, features: &Json) -> Result<()> {
    let users = accounts::list(ctx).await?;
    let roles = users.into_iter().find(|user| user.name == about).map(|user| user.roles).unwrap_or_default();
    incidents::open(ctx, kind, severity, about, &roles, features).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_unusual_by_ones_own_days() {
        assert_eq!(bound_of(vec![10.0; 6]), None, "too few days");
        // The same every day: the least deviation counts.
        assert!((bound_of(vec![100.0; 30]).unwrap() - (100.0 + 6.0 * 1.4826)).abs() < 1e-9);
        // One wild day among many moves the bound little.
        let mut days = vec![100.0; 29];
        days.push(10_000.0);
        assert!(bound_of(days).unwrap() < 150.0);
        assert!((bound_of(vec![1.0; 10]).unwrap() - MIN_VOLUME).abs() < f64::EPSILON);
    }

    /// The text of all programs in a folder, but of this file.
    fn programs(dir: &std::path::Path, all: &mut String) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                programs(&path, all);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("engine/src/watch.rs") {
                all.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }

    /// Whether a statement of a program writes an act by name to the trail.
    fn writes(program: &str, act: &str) -> bool {
        let ways = ["record(", "entry(", "note(", "unmasking("];
        program.match_indices(&format!("\"{act}\"")).any(|(at, _)| {
            let begin = program[..at].rfind([';', '{', '}']).unwrap_or(0);
            ways.iter().any(|way| program[begin..at].contains(way))
        })
    }

    /// A rule that listens to an act which nobody writes is blind.
    #[test]
    fn rules_listen_to_acts_that_are_written() {
        let mut all = String::new();
        let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for dir in ["engine/src", "server/src"] {
            programs(&crates.join(dir), &mut all);
        }
        let acts = LOOKS.into_iter().chain([FOUND, EXPORTED, DENIED]).chain(POLICIES).chain(USERS);
        for act in acts {
            assert!(writes(&all, act), "nobody writes {act}");
        }
        assert!(!writes(&all, "nobody.does"), "what nobody writes is told from what somebody does");
    }
}

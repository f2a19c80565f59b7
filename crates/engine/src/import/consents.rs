//! Statements of consent that columns of a member table bring.
//!
//! The file is the evidence: its name, the row and the column. What was given counts as one act of whoever the row is about, what
//! was taken back waits for nothing else. Where no column says when, a table is a state and not an act: it gives a consent to those
//! alone who have said nothing yet, so that a table loaded every night undoes no withdrawal.

use std::collections::HashMap;

use zhike_domain::frame::Frame;
use zhike_domain::import::mapping::CONSENT;
use zhike_domain::import::said::{ConsentColumn, ROW};
use zhike_state::LoadCommit;

use super::Looked;
use super::load::Load;
use super::people::Resolved;
use crate::Result;
use crate::consents::{self, NewStatement};

/// What came of the statements; every one is in one of the counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    pub(crate) n_recorded: u64,
    /// Of those who have said something already, where no column says when.
    pub(crate) n_known: u64,
    /// Those that do not stand: purposes that ask for no consent, times to come.
    pub(crate) n_refused: u64,
}

/// Adds what the rows state to the commit; nothing when no column states anything.
pub(super) async fn apply(
    load: &Load<'_>,
    looked: &Looked,
    frames: &[(Frame, Vec<u32>)],
    resolved: &Resolved,
    commit: &mut LoadCommit,
) -> Result<Option<Said>> {
    let columns = looked.mapping.columns.iter().filter(|column| column.target.as_deref() == Some(CONSENT));
    let columns: Vec<(&str, &ConsentColumn)> =
        columns.filter_map(|column| Some((column.header.as_str(), column.consent.as_ref()?))).collect();
    if columns.is_empty() {
        return Ok(None);
    }
    let ctx = load.ctx;
    let purposes = consents::purposes(ctx).await?;
    let into: HashMap<i64, i64> = commit.merged.iter().copied().collect();
    // What was said last before this load: by purpose and customer, when and what.
    let mut last: HashMap<(&str, i64), (i64, bool)> = HashMap::new();
    for (_, column) in &columns {
        consents::purpose(ctx, &column.purpose).await?;
        for row in ctx.store().consents_on(&column.purpose).await? {
            let profile = into.get(&row.profile_id).copied().unwrap_or(row.profile_id);
            let said = (row.at, row.granted == 1);
            let held = last.entry((column.purpose.as_str(), profile)).or_insert(said);
            // Of two at one instant the withdrawal counts.
            if (said.0, !said.1) > (held.0, !held.1) {
                *held = said;
            }
        }
    }
    let mut done = Said::default();
    for (frame, strongest) in frames {
        for (row, &local) in strongest.iter().enumerate() {
            let profile = resolved.profile_of.get(local as usize).copied().flatten();
            let (Some(profile), Some(&identity)) = (profile, resolved.identity_of.get(local as usize)) else {
                continue;
            };
            let number = frame.num(ROW).and_then(|column| column.get(row)).unwrap_or(0);
            // What was taken back, and what was given: an act each.
            let mut acts: [Vec<NewStatement>; 2] = Default::default();
            for (header, column) in &columns {
                let num = |name: &str| frame.num(name).and_then(|column| column.get(row));
                let Some(granted) = num(&column.column()).map(|granted| granted == 1) else { continue };
                let at = num(&column.at_column());
                let key = (column.purpose.as_str(), profile);
                let is_news = match (at, last.get(&key)) {
                    (Some(_), _) | (None, None) => true,
                    (None, Some((_, held))) => *held && !granted,
                };
                if !is_news {
                    done.n_known += 1;
                    continue;
                }
                if at.is_none() {
                    last.insert(key, (load.started_at, granted));
                }
                acts[usize::from(granted)].push(NewStatement {
                    purpose: column.purpose.clone(),
                    granted,
                    at: Some(at.unwrap_or(load.started_at)),
                    policy_version: None,
                    channel: if column.channel.is_empty() { "file".to_owned() } else { column.channel.clone() },
                    evidence: format!("{}#{number} {header}", looked.file_name).chars().take(200).collect(),
                    by_guardian: false,
                });
            }
            for act in acts.into_iter().filter(|act| !act.is_empty()) {
                match consents::rows(ctx, &purposes, identity, &act, &load.source) {
                    Ok(rows) => {
                        done.n_recorded += rows.len() as u64;
                        commit.consents.extend(rows);
                    }
                    Err(_) => done.n_refused += act.len() as u64,
                }
            }
        }
    }
    Ok(Some(done))
}

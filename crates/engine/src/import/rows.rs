//! Loading entities whose rows stand for themselves: orders, events, products, contacts, feedback, campaigns, touches.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;
use xxhash_rust::xxh3::xxh3_128;
use zhike_domain::clean::rule::Rule;
use zhike_domain::frame::{Column, ColumnType, Frame, TextColumn};
use zhike_domain::import::entity::Entity;
use zhike_lake::{Publication, QueryRows, Spill, SpillRows};
use zhike_state::LoadCommit;

use super::load::{Load, Loaded, keep_columns_of};
use super::people::{Known, PERSON, Resolved};
use super::rowhash;
use super::shards::Shards;
use crate::{Error, Result};

/// The table and key column of an entity.
fn table_of(entity: Entity) -> (&'static str, &'static str) {
    match entity {
        Entity::Orders => ("orders", "order_id"),
        Entity::OrderItems => ("order_items", "order_id"),
        Entity::Products => ("products", "product_id"),
        Entity::Events => ("events", "event_id"),
        Entity::Interactions => ("interactions", "interaction_id"),
        Entity::Feedback => ("feedback", "feedback_id"),
        Entity::Campaigns => ("campaigns", "campaign_id"),
        Entity::Touches => ("touches", "touch_id"),
        Entity::Profiles | Entity::OrderLines => unreachable!("loaded elsewhere"),
    }
}

/// The last row of a key.
#[derive(Clone, Copy)]
struct Last {
    /// Row of the spill.
    row: u64,
    /// Fingerprint of all that the row says.
    hash: u64,
}

/// The first pass: rows with their identities, not yet anybody's.
pub(crate) struct Rows {
    spill: Spill,
    table: &'static str,
    key: &'static str,
    /// Whether a key names one row; an order has many lines.
    is_keyed: bool,
    /// What was last seen of each key; some 40 bytes each.
    latest: Shards<Last>,
    /// Rows of the spill that a later row of the file with the same key took the place of.
    superseded: HashSet<u64>,
    n_spilled: u64,
}

impl Rows {
    pub(crate) fn new(load: &Load<'_>) -> Result<Self> {
        let (table, key) = table_of(load.entity);
        let spill = load.ctx.lake().spill(&format!("rows-{}", load.batch_id))?;
        let is_keyed = table != "order_items";
        Ok(Self { spill, table, key, is_keyed, latest: Shards::default(), superseded: HashSet::new(), n_spilled: 0 })
    }

    /// Takes accepted rows whose identities have been taken out.
    pub(crate) fn push(&mut self, load: &mut Load<'_>, rows: Known) -> Result<()> {
        let Known { mut frame, hashes, .. } = rows;
        let has_personal = frame.columns().iter().any(|column| matches!(column, Column::Sensitive(_)));
        // What is personal has told repeated rows apart; nothing of it goes further.
        frame.drop_sensitive();
        let content = if has_personal { rowhash::rows(&frame, &[PERSON]) } else { hashes.clone() };
        frame.remove("identity");
        let content = content.into_iter().map(|hash| Some(rowhash::stored(hash))).collect();
        frame.set("content_hash", ColumnType::Int, Column::Num(content));
        let frame = self.with_keys(load, frame, &hashes);
        let keep = if self.is_keyed { self.latest_only(load, &frame, &hashes) } else { load.first_seen(&hashes) };
        let mut frame = frame.filter(&keep);
        let n_rows = frame.n_rows() as u64;
        let numbers = (self.n_spilled..self.n_spilled + n_rows).map(|row| Some(row as i64)).collect();
        frame.set("spill_row", ColumnType::Int, Column::Num(numbers));
        if !self.is_keyed {
            self.note_keys(&frame);
        }
        self.n_spilled += n_rows;
        self.spill.push(frame)?;
        Ok(())
    }

    /// Rows without an id of their own get one from their content; by the vault's key, for the content may be personal.
    fn with_keys(&self, load: &Load<'_>, mut frame: Frame, hashes: &[u128]) -> Frame {
        let has_all = frame.text(self.key).is_some_and(|keys| keys.iter().all(|key| key.is_some()));
        let mut keys = TextColumn::default();
        for (row, &hash) in hashes.iter().enumerate().filter(|_| !has_all) {
            match frame.text(self.key).and_then(|column| column.get(row)) {
                Some(key) => keys.push(Some(key)),
                None => {
                    let fingerprint = load.ctx.vault().fingerprint(&hash.to_le_bytes());
                    keys.push(Some(&format!("x{:032x}", u128::from_le_bytes(fingerprint))));
                }
            }
        }
        if !has_all {
            frame.set(self.key, ColumnType::Text, Column::Text(keys));
        }
        if load.entity == Entity::Events && frame.num("occurred_on").is_none() {
            let workspace = load.ctx.workspace();
            let mut known = (i64::MIN, i64::MIN, 0);
            let days = frame.num("occurred_at").map(|column| {
                let days = column.iter().map(|at| {
                    at.map(|at| {
                        if at < known.0 || at >= known.1 {
                            let day = workspace.day_of(at);
                            known = (workspace.day_start(day), workspace.day_start(day + 1), day);
                        }
                        known.2
                    })
                });
                days.collect()
            });
            if let Some(days) = days {
                frame.set("occurred_on", ColumnType::Day, Column::Num(days));
            }
            let received = std::iter::repeat_n(Some(load.started_at), frame.n_rows()).collect();
            frame.set("received_at", ColumnType::Instant, Column::Num(received));
        }
        frame
    }

    /// For each row, whether it says something new of its key; what was said before is superseded.
    fn latest_only(&mut self, load: &mut Load<'_>, frame: &Frame, hashes: &[u128]) -> Vec<bool> {
        let Some(keys) = frame.text(self.key) else { return vec![true; frame.n_rows()] };
        let drops_repeated = !load.is_off(Rule::DuplicateRow);
        let mut n_kept = 0;
        let mut keep = Vec::with_capacity(frame.n_rows());
        for (row, &hash) in hashes.iter().enumerate() {
            let key = xxh3_128(keys.get(row).unwrap_or_default().as_bytes());
            let hash = hash as u64;
            let row = self.n_spilled + n_kept;
            let is_new = match self.latest.insert(key, Last { row, hash }) {
                Some(earlier) if drops_repeated && earlier.hash == hash => {
                    self.latest.insert(key, earlier);
                    false
                }
                Some(earlier) => self.superseded.insert(earlier.row),
                None => true,
            };
            n_kept += u64::from(is_new);
            keep.push(is_new);
        }
        load.count_repeated(hashes.len() as u64 - n_kept);
        keep
    }

    /// Remembers which keys the file has.
    fn note_keys(&mut self, frame: &Frame) {
        let Some(keys) = frame.text(self.key) else { return };
        for key in keys.iter().flatten() {
            self.latest.insert(xxh3_128(key.as_bytes()), Last { row: 0, hash: 0 });
        }
    }

    /// The second pass: rows with their people are staged, nothing is shown yet.
    pub(crate) async fn finish(mut self, load: &mut Load<'_>, commit: &mut LoadCommit) -> Result<Loaded> {
        let resolved = load.people.resolve(load.ctx, load.batch_id, commit).await?;
        let mut loaded = Loaded::default();
        let mut publication = Publication::default();
        if self.spill.n_rows() > 0 {
            loaded.n_duplicate += self.superseded.len() as u64;
            load.count(Rule::DuplicateKey, self.key, self.superseded.len() as u64);
            self.stage(load, &resolved, &mut publication, &mut loaded).await?;
        }
        loaded.people(&resolved);
        resolved.commit(load.ctx, commit).await?;
        loaded.publication = publication;
        Ok(loaded)
    }

    async fn stage(
        &mut self,
        load: &mut Load<'_>,
        resolved: &Resolved,
        publication: &mut Publication,
        loaded: &mut Loaded,
    ) -> Result<()> {
        let Self { spill, table, key, latest, superseded, .. } = self;
        let lake = load.ctx.lake();
        let mut stage = lake.stage(table, load.batch_id, "new")?;
        let mut known: HashMap<u128, Option<i64>, FixedState> = HashMap::default();
        lake.each_key(table, &load.source, |text, content| {
            let hash = xxh3_128(text.as_bytes());
            if latest.get(hash).is_some() {
                known.insert(hash, content);
            }
        })
        .await?;
        let mut replaced = TextColumn::default();
        // Lines of orders that were loaded before belong to those orders' people.
        let mut rows = match *table {
            "order_items" => Passed::Items(lake.items_with_people(spill, &load.source).await?),
            _ => Passed::Rows(spill.rows()?),
        };
        while let Some(mut frame) = rows.next().await? {
            resolved.attach(&mut frame);
            let numbers = frame.num("spill_row").ok_or_else(|| missing("spill_row"))?;
            let keep: Vec<bool> = (0..frame.n_rows())
                .map(|row| numbers.get(row).is_some_and(|number| !superseded.contains(&(number as u64))))
                .collect();
            let mut frame = frame.filter(&keep);
            if !known.is_empty() {
                let n_before = frame.n_rows();
                frame = without_known(frame, key, &known, &mut replaced)?;
                loaded.n_duplicate += (n_before - frame.n_rows()) as u64;
            }
            loaded.n_loaded += frame.n_rows() as u64;
            keep_columns_of(table, &mut frame);
            load.stamp(&mut frame);
            stage.push(frame)?;
        }
        if !replaced.is_empty() {
            load.count(Rule::Correction, key, replaced.len() as u64);
            let (rest, gone) = lake.stage_without(table, load.batch_id, &load.source, &replaced).await?;
            publication.change(table, rest, gone);
        }
        publication.change(table, stage.finish()?, Vec::new());
        Ok(())
    }
}

/// Leaves out rows that the lake has with the same content (`known`, by hash of the key), and notes those it has with other
/// content.
fn without_known(
    frame: Frame,
    key: &str,
    known: &HashMap<u128, Option<i64>, FixedState>,
    replaced: &mut TextColumn,
) -> Result<Frame> {
    let keys = frame.text(key).ok_or_else(|| missing(key))?;
    let content = frame.num("content_hash").ok_or_else(|| missing("content_hash"))?;
    let mut keep = Vec::with_capacity(frame.n_rows());
    for row in 0..frame.n_rows() {
        let text = keys.get(row).unwrap_or_default();
        let there = known.get(&xxh3_128(text.as_bytes()));
        let is_same = there.is_some_and(|there| *there == content.get(row));
        if there.is_some() && !is_same {
            replaced.push(Some(text));
        }
        keep.push(!is_same);
    }
    Ok(frame.filter(&keep))
}

/// Rows of the first pass, on their way through the second.
enum Passed<'a> {
    Rows(SpillRows<'a>),
    Items(QueryRows),
}

impl Passed<'_> {
    async fn next(&mut self) -> Result<Option<Frame>> {
        Ok(match self {
            Self::Rows(rows) => rows.next()?,
            Self::Items(rows) => rows.next().await?,
        })
    }
}

fn missing(column: &str) -> Error {
    Error::bug("a staged column is missing", std::io::Error::other(column.to_owned()))
}

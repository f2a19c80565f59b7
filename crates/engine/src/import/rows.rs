//! Loading entities whose rows stand for themselves: orders, events, products, contacts, feedback, campaigns, touches.

use std::collections::{HashMap, HashSet};

use foldhash::fast::FixedState;
use xxhash_rust::xxh3::xxh3_128;
use zhike_domain::clean::rule::Rule;
use zhike_domain::frame::{Column, ColumnType, Frame, TextColumn};
use zhike_domain::import::entity::Entity;
use zhike_domain::tables;
use zhike_lake::{Publication, Spill};
use zhike_state::LoadCommit;

use super::load::{Load, Loaded};
use super::rowhash;
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

/// The first pass: rows with their identities, not yet anybody's.
pub(crate) struct Rows {
    spill: Spill,
    table: &'static str,
    key: &'static str,
    /// Row of the spill that a key was last seen in.
    latest: HashMap<u128, u64, FixedState>,
    /// Rows of the spill that a later row of the file with the same key took the place of.
    superseded: HashSet<u64>,
    n_spilled: u64,
}

impl Rows {
    pub(crate) fn new(load: &Load<'_>) -> Result<Self> {
        let (table, key) = table_of(load.entity);
        let spill = load.ctx.lake().spill(&format!("rows-{}", load.batch_id))?;
        Ok(Self { spill, table, key, latest: HashMap::default(), superseded: HashSet::new(), n_spilled: 0 })
    }

    /// Takes accepted rows whose identities have been taken out.
    pub(crate) fn push(&mut self, load: &mut Load<'_>, mut frame: Frame, strongest: &[u32]) -> Result<()> {
        let identity = load.people.identity_ids(strongest);
        frame.set("identity_id", ColumnType::Int, Column::Num(identity));
        let hashes = rowhash::rows(&frame, &[]);
        let keep = load.first_seen(&hashes);
        let mut frame = frame.filter(&keep);
        // What is personal has told repeated rows apart; nothing of it goes further.
        frame.drop_sensitive();
        let hashes: Vec<u128> =
            hashes.into_iter().zip(&keep).filter_map(|(hash, &keep)| keep.then_some(hash)).collect();
        let mut frame = self.with_keys(load, frame, &hashes);
        let n_rows = frame.n_rows() as u64;
        let content = rowhash::rows(&frame, &[]).into_iter().map(|hash| Some(rowhash::stored(hash))).collect();
        frame.set("content_hash", ColumnType::Int, Column::Num(content));
        let numbers = (self.n_spilled..self.n_spilled + n_rows).map(|row| Some(row as i64)).collect();
        frame.set("spill_row", ColumnType::Int, Column::Num(numbers));
        if self.table != "order_items" {
            self.supersede(&frame);
        }
        self.n_spilled += n_rows;
        self.spill.push(frame)?;
        Ok(())
    }

    /// Rows without an id of their own get one from their content; by the vault's key, for the content may be personal.
    fn with_keys(&self, load: &Load<'_>, mut frame: Frame, hashes: &[u128]) -> Frame {
        let mut keys = TextColumn::default();
        for (row, &hash) in hashes.iter().enumerate() {
            match frame.text(self.key).and_then(|column| column.get(row)) {
                Some(key) => keys.push(Some(key)),
                None => {
                    let fingerprint = load.ctx.vault().fingerprint(&hash.to_le_bytes());
                    keys.push(Some(&format!("x{:032x}", u128::from_le_bytes(fingerprint))));
                }
            }
        }
        frame.set(self.key, ColumnType::Text, Column::Text(keys));
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

    fn supersede(&mut self, frame: &Frame) {
        let Some(keys) = frame.text(self.key) else { return };
        for row in 0..frame.n_rows() {
            let key = xxh3_128(keys.get(row).unwrap_or_default().as_bytes());
            if let Some(earlier) = self.latest.insert(key, self.n_spilled + row as u64) {
                self.superseded.insert(earlier);
            }
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
            self.stage(load, resolved.frame(&load.people), &mut publication, &mut loaded).await?;
        }
        loaded.people(&resolved);
        resolved.commit(load.ctx, commit).await?;
        loaded.publication = publication;
        Ok(loaded)
    }

    async fn stage(
        &mut self,
        load: &mut Load<'_>,
        people: Frame,
        publication: &mut Publication,
        loaded: &mut Loaded,
    ) -> Result<()> {
        let lake = load.ctx.lake();
        let mut stage = lake.stage(self.table, load.batch_id, "new")?;
        let has_rows = lake.n_rows(self.table).await? > 0;
        let mut replaced = TextColumn::default();
        let is_item = self.table == "order_items";
        let mut rows = lake.rows_with_people(&mut self.spill, people, is_item.then_some(load.source.as_str())).await?;
        while let Some(frame) = rows.next().await? {
            let numbers = frame.num("spill_row").ok_or_else(|| missing("spill_row"))?;
            let keep: Vec<bool> = (0..frame.n_rows())
                .map(|row| numbers.get(row).is_some_and(|number| !self.superseded.contains(&(number as u64))))
                .collect();
            let mut frame = frame.filter(&keep);
            if has_rows {
                frame = self.without_known(load, frame, &mut replaced, loaded).await?;
            }
            loaded.n_loaded += frame.n_rows() as u64;
            // Columns of the way here that the table does not have.
            for name in ["spill_row", "identity_id", "profile_id", "content_hash"] {
                if tables::table(self.table).is_none_or(|table| table.column(name).is_none()) {
                    frame.remove(name);
                }
            }
            load.stamp(&mut frame);
            stage.push(frame)?;
        }
        if !replaced.is_empty() {
            load.count(Rule::Correction, self.key, replaced.len() as u64);
            let (rest, gone) = lake.stage_without(self.table, load.batch_id, &load.source, &replaced).await?;
            publication.change(self.table, rest, gone);
        }
        publication.change(self.table, stage.finish()?, Vec::new());
        Ok(())
    }

    /// Leaves out rows that the lake has with the same content, and notes those it has with other content.
    async fn without_known(
        &self,
        load: &Load<'_>,
        frame: Frame,
        replaced: &mut TextColumn,
        loaded: &mut Loaded,
    ) -> Result<Frame> {
        let keys = frame.text(self.key).ok_or_else(|| missing(self.key))?;
        let content = frame.num("content_hash").ok_or_else(|| missing("content_hash"))?;
        let found = load.ctx.lake().find(self.table, &load.source, keys).await?;
        let mut keep = Vec::with_capacity(frame.n_rows());
        for row in 0..frame.n_rows() {
            let is_same = found.is_there[row] && found.content_hash[row] == content.get(row);
            if found.is_there[row] && !is_same {
                replaced.push(keys.get(row));
            }
            keep.push(!is_same);
        }
        loaded.n_duplicate += keep.iter().filter(|&&keep| !keep).count() as u64;
        Ok(frame.filter(&keep))
    }
}

fn missing(column: &str) -> Error {
    Error::bug("a staged column is missing", std::io::Error::other(column.to_owned()))
}

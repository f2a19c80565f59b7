//! From the log to the tables, in batches, each exactly once.
//!
//! ```text
//!  log ── read ── seen? ── who ── registers ── files staged, fsynced      nobody sees them
//!                                              seen messages fsynced      count for nothing yet
//!         state: ONE transaction ── people, links, registers, counts,     ◄── the commit
//!                rows set aside, list of files, how far the log is taken in
//!         lake: one Delta commit per table, numbered by the log's         idempotent by number
//!               position; log entries fsynced
//!         state: files are shown ── log: what is before may go
//! ```
//!
//! State commits before the lake shows, as for files: ids of people are random, so a batch that died in between must not
//! be decided again with other ids after the lake has shown the first ones. What was committed and not shown is shown from
//! the list by whoever holds the write lock next ([`crate::import::recover_locked`]).
//!
//! - **INV-INGEST-1**: every acknowledged message is taken in once, whatever step a process dies at.
//! - **INV-INGEST-2**: any order, repetition and cutting into batches of the same messages gives the same people, traits,
//!   orders and events (apart from random ids); within the seven days of [`seen`] for repetitions.
//! - **INV-INGEST-3**: the log is cut only behind what is durable in state and lake.

mod consents;
mod days;
mod people;
mod registers;
mod removals;
mod rows;
mod seen;
mod sessions;
mod survey;
mod visitors;
mod voices;

use crate::boxed;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::{broadcast, watch};
use zhike_domain::collect::linking;
use zhike_domain::collect::message::Message;
use zhike_domain::collect::plan::ViolationCode;
use zhike_lake::Publication;
use zhike_state::IngestCommit;
use zhike_wal::{Log, Reader};

use crate::collect::{CollectError, Entry, Item, LOG};
use crate::sources::{self, Source};
use crate::{Ctx, Error, Result, segments};
use days::Days;
pub(crate) use days::LIVE;
use people::People;
pub(crate) use people::{Change, decide};
pub(crate) use registers::{follow, said_value, voices_of};
use rows::Batch;
pub(crate) use rows::{ORDER, without_buyer};
use seen::Seen;
pub(crate) use sessions::{session_move, written_with};
pub(crate) use survey::{Difference, disputed, renew, survey};
pub(crate) use voices::{Voice, Voices};

/// How long messages wait for others, so that the lake gets few large commits.
const GATHER: Duration = Duration::from_millis(1_500);
/// How long to wait after a failure, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// A message and who sent it.
pub(crate) struct Heard {
    source: Arc<Source>,
    /// The source's day.
    batch_id: i64,
    message: Message,
}

impl Heard {
    /// Whether whoever sent it proves who people are.
    fn is_proven(&self) -> bool {
        self.source.settings.proves_identity
    }
}

/// What the one who takes in keeps between batches.
pub(crate) struct Taking {
    log: Arc<Log>,
    reader: Reader,
    position: u64,
    seen: Seen,
}

/// What an ingestion did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Messages read from the log.
    pub n_read: u64,
    /// Messages taken.
    pub n_taken: u64,
    /// Messages that had arrived before.
    pub n_duplicate: u64,
    /// Records that were set aside.
    pub n_rejected: u64,
    /// Batches.
    pub n_batches: u64,
}

/// Something that just arrived, personal values masked.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEvent {
    /// When it happened, in microseconds.
    pub at: i64,
    /// When it arrived, in microseconds.
    pub received_at: i64,
    /// Source.
    pub source: String,
    /// Kind of message.
    pub kind: String,
    /// Name of the event.
    pub event: Option<String>,
    /// Whom it is about, once known.
    pub profile_id: Option<i64>,
    /// accepted, rejected, refused, violation.
    pub outcome: String,
    /// More, masked.
    pub detail: serde_json::Value,
}

/// Takes what is acknowledged into the tables until told to stop, and then what is left. A failure is logged and tried
/// again; what is acknowledged waits in the log.
///
/// **Errors**: when what is left at the end cannot be taken in; it is at the next start.
#[boxed]
pub async fn run(ctx: Ctx, mut shutdown: watch::Receiver<bool>) -> Result<()> {
    let mut pause = RETRY.0;
    let mut retry = true;
    loop {
        if *shutdown.borrow() {
            break;
        }
        let wake = async {
            if !retry {
                ctx.collecting().arrived.notified().await;
                tokio::time::sleep(GATHER).await;
            }
        };
        tokio::select! {
            () = wake => {}
            stopped = shutdown.wait_for(|stop| *stop) => {
                // A sender that is gone wants nothing more either.
                drop(stopped);
                break;
            }
        }
        retry = false;
        match drain(&ctx).await {
            Ok(_) => pause = RETRY.0,
            Err(error) => {
                tracing::error!(%error, "events could not be taken in; they wait in the log");
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    stopped = shutdown.wait_for(|stop| *stop) => {
                        drop(stopped);
                        break;
                    }
                }
                pause = (pause * 2).min(RETRY.1);
                retry = true;
            }
        }
    }
    drain(&ctx).await.map(drop)
}

/// Takes everything acknowledged so far into the tables, now.
///
/// **Errors**: `conflict` when another process collects; when a store cannot be read or written. Nothing is lost, call
/// again.
#[boxed]
pub async fn drain(ctx: &Ctx) -> Result<Ingested> {
    let mut held = ctx.collecting().taking.lock().await;
    let mut done = Ingested::default();
    let mut until = None;
    loop {
        // What was begun and not finished is begun anew, from what state says.
        let mut taking = match held.take() {
            Some(taking) => taking,
            None => Taking::open(ctx).await?,
        };
        let until = *until.get_or_insert_with(|| taking.log.end());
        if taking.position >= until {
            if taking.position >= taking.log.end() {
                ctx.collecting().note_taken(None);
            }
            *held = Some(taking);
            return Ok(done);
        }
        let ingested = taking.batch(ctx).await?;
        done.n_read += ingested.n_read;
        done.n_taken += ingested.n_taken;
        done.n_duplicate += ingested.n_duplicate;
        done.n_rejected += ingested.n_rejected;
        done.n_batches += 1;
        *held = Some(taking);
    }
}

/// Shows the files of a batch that was committed and not shown.
///
/// **Errors**: when state or lake cannot be read or written.
pub(crate) async fn recover(ctx: &Ctx) -> Result<()> {
    let waits = ctx.store().ingest(LOG).await?.is_some_and(|row| row.plan_json.is_some());
    // A writer that is alive looks after its own batch.
    if waits && let Some(_guard) = ctx.try_write_lock()? {
        recover_locked(ctx).await?;
    }
    Ok(())
}

/// As [`recover`]; the caller holds the write lock.
pub(crate) async fn recover_locked(ctx: &Ctx) -> Result<()> {
    let Some(row) = ctx.store().ingest(LOG).await? else { return Ok(()) };
    let Some(plan) = row.plan_json else { return Ok(()) };
    let publication: Publication =
        serde_json::from_str(&plan).map_err(|error| Error::bug("the plan of a batch of the log", error))?;
    show(ctx, row.position, &publication).await
}

async fn show(ctx: &Ctx, position: i64, publication: &Publication) -> Result<()> {
    ctx.lake().publish_until(LOG, position, publication).await?;
    ctx.refresh_overrides().await?;
    ctx.step("ingest.published")?;
    Ok(ctx.store().ingest_shown(LOG, position).await?)
}

impl Taking {
    async fn open(ctx: &Ctx) -> Result<Self> {
        let log = ctx.collecting().open(ctx).await.map_err(|error| match error {
            CollectError::Other(error) => error,
            other => Error::new(
                zhike_domain::error_code::ErrorCode::Unavailable,
                format!("the event log cannot be read: {other}"),
                format!("采集日志无法读取：{other}"),
            ),
        })?;
        let _guard = ctx.write_lock().await?;
        crate::import::recover_locked(ctx).await?;
        let row = ctx.store().ingest(LOG).await?;
        let position = row.as_ref().map_or(0, |row| u64::try_from(row.position).unwrap_or(0));
        let seen = Seen::open(&ctx.dir().join("seen"), row.as_ref().map_or("{}", |row| &row.seen_json))?;
        // Files of a batch that was never committed.
        ctx.lake().unstage(stage_id(position)).await?;
        Ok(Self { reader: log.reader(), log, position, seen })
    }

    /// Takes one batch in.
    async fn batch(&mut self, ctx: &Ctx) -> Result<Ingested> {
        // What cannot be sealed again stays in the log.
        ctx.vault().check_enabled()?;
        let read = self.reader.read_from(self.position, ctx.collecting().limits().batch_bytes);
        let read = read.map_err(|error| Error::bug("reading the event log", error))?;
        for damage in &read.damaged {
            tracing::error!(?damage, "records of the event log are lost");
        }
        ctx.step("ingest.read")?;
        let _guard = ctx.write_lock().await?;
        crate::import::recover_locked(ctx).await?;
        let now = ctx.now();
        let mut commit = IngestCommit {
            log: LOG.to_owned(),
            from: signed(self.position),
            to: signed(read.next),
            ..IngestCommit::default()
        };
        commit.load.committed_at = now;
        let mut done = Ingested::default();
        let mut news: Vec<LiveEvent> = Vec::new();
        let mut last_arrival = None;
        let heard = self.hear(ctx, &read.records, &mut commit, &mut done, &mut news, &mut last_arrival).await?;
        let mut people = People::resolve(ctx, &heard, &mut commit).await?;
        registers::apply(ctx, &heard, &mut people, &mut commit).await?;
        consents::apply(ctx, &heard, &people, &mut commit).await?;
        let trade = rows::Trade::read(ctx, &heard, &mut people).await?;
        // Whoever lost or won an identity, or an order, is touched as well, though no message names them.
        let mut touched = people.touched();
        touched.extend(trade.whose().flat_map(|identity| people.owners(identity)));
        let mut publication = Publication::default();
        let batch = Batch { ctx, stage_id: stage_id(self.position), loaded_at: now, people: &people };
        let sessions = sessions::follow(ctx, &heard, &people, &mut commit).await?;
        batch.events(&heard, &sessions, &mut publication)?;
        batch.trade(trade, &mut commit, &mut publication).await?;
        for one in &heard {
            let identity = people.subject(one);
            let profile_id = identity.and_then(|identity| people.owner_at(identity, one.message.occurred_at));
            commit.homes.extend(people.home_elsewhere(identity, profile_id));
            news.push(LiveEvent { profile_id, ..told(one) });
        }
        // Of a new visitor too: its rows stand under each of its owners.
        for (id, profile) in
            people.members().into_iter().flat_map(|(profile, ids)| ids.into_iter().map(move |id| (id, profile)))
        {
            let is_new_visitor =
                people.nodes.get(&id).is_some_and(|node| node.row.is_none() && node.profile != Some(profile));
            if is_new_visitor {
                commit.homes.push((id, profile));
            }
        }
        commit.bound = heard.iter().filter_map(|one| crate::bindings::use_of(&one.message)).collect();
        commit.homes.sort_unstable();
        commit.homes.dedup();
        touched.extend(news.iter().filter_map(|event| event.profile_id));
        let pins = std::mem::take(&mut people.pins);
        let mut keys = people.finish(&mut commit);
        keys.store_new(ctx).await?;
        pins.lay(ctx, &mut commit.load).await?;
        commit.seen_json = self.seen.commit_form()?;
        if !publication.changes.is_empty() {
            commit.load.plan_json =
                serde_json::to_string(&publication).map_err(|error| Error::bug("the plan of a batch", error))?;
        }
        ctx.step("ingest.staged")?;
        ctx.store().commit_ingest(&commit).await?;
        ctx.step("ingest.committed")?;
        show(ctx, commit.to, &publication).await?;
        if let Err(error) = segments::touched(ctx, &touched).await {
            tracing::warn!(%error, "live segments wait for the next refresh");
        }
        self.position = read.next;
        ctx.step("ingest.cut")?;
        self.seen.sweep();
        self.cut();
        ctx.collecting().note_taken(last_arrival);
        news.into_iter().for_each(|event| drop(ctx.live().send(Arc::new(event))));
        Ok(done)
    }

    /// Reads the records: new messages, counts, rows set aside.
    async fn hear(
        &mut self,
        ctx: &Ctx,
        records: &[(u64, Vec<u8>)],
        commit: &mut IngestCommit,
        done: &mut Ingested,
        news: &mut Vec<LiveEvent>,
        last_arrival: &mut Option<i64>,
    ) -> Result<Vec<Heard>> {
        let mut heard = Vec::new();
        let mut days = Days::default();
        let mut unknown: HashMap<i64, u64> = HashMap::new();
        for (position, bytes) in records {
            let Some(entry) = Entry::read(bytes) else {
                tracing::error!(position, "a record of the event log does not read and is left out");
                continue;
            };
            let at = entry.arrived_at;
            *last_arrival = Some(at);
            let Some(source) = sources::by_id(ctx, entry.source_id).await? else {
                *unknown.entry(entry.source_id).or_default() += entry.items.len() as u64;
                continue;
            };
            let batch_id = days.batch(ctx, &source, at, commit).await?;
            for mut item in entry.items {
                done.n_read += 1;
                leave_unproven(&source, &mut item);
                let is_duplicate = match &item {
                    Item::Message { message, .. } => !self.is_new(ctx, &source, at, message),
                    Item::Rejected { .. } => false,
                };
                days.count(&source, at, &item, is_duplicate);
                days.keep(ctx, &source, at, &item, commit).await?;
                match item {
                    Item::Message { .. } if is_duplicate => done.n_duplicate += 1,
                    Item::Message { message, violations } => {
                        done.n_taken += 1;
                        let message = people::without_personal_id(ctx, *message);
                        let one = Heard { source: source.clone(), batch_id, message };
                        if !violations.is_empty() {
                            let detail = json!({ "violations": violations });
                            news.push(LiveEvent { outcome: "violation".into(), detail, ..told(&one) });
                        }
                        heard.push(one);
                    }
                    Item::Rejected { code, field, violations, .. } => {
                        done.n_rejected += 1;
                        let is_refused = code == zhike_domain::collect::RejectCode::RefusedByPlan;
                        news.push(LiveEvent {
                            at,
                            received_at: at,
                            source: source.name.clone(),
                            kind: String::new(),
                            event: None,
                            profile_id: None,
                            outcome: if is_refused { "refused" } else { "rejected" }.into(),
                            detail: json!({ "code": code.as_str(), "field": field, "violations": violations }),
                        });
                    }
                }
            }
        }
        for (source_id, n_records) in unknown {
            tracing::error!(source_id, n_records, "records of a source that is not known are left out");
        }
        days.finish(ctx.now(), commit);
        Ok(heard)
    }

    fn is_new(&mut self, ctx: &Ctx, source: &Source, at: i64, message: &Message) -> bool {
        let Some(key) = message.dedup_key() else { return true };
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&source.source_id.to_le_bytes());
        bytes[8..].copy_from_slice(&key.to_le_bytes());
        let [a, b, c, d, e, f, g, h, ..] = ctx.vault().fingerprint(&bytes);
        self.seen.insert(days::day_of(at), u64::from_le_bytes([a, b, c, d, e, f, g, h]))
    }

    /// Lets the log forget what was taken in. A failure is logged: the files are tried again with the next batch.
    fn cut(&self) {
        if let Err(error) = self.log.cut(self.position) {
            tracing::warn!(%error, "segments of the event log that were taken in could not be removed");
        }
    }
}

/// The number in the names of a batch's files: it is begun anew under the same one.
fn stage_id(position: u64) -> i64 {
    signed(position)
}

fn signed(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

fn told(one: &Heard) -> LiveEvent {
    let message = &one.message;
    LiveEvent {
        at: message.occurred_at,
        received_at: message.received_at,
        source: one.source.name.clone(),
        kind: message.kind.as_str().to_owned(),
        event: message.event.clone(),
        profile_id: None,
        outcome: "accepted".to_owned(),
        detail: json!({ "properties": message.properties, "traits": message.traits, "url": message.context.url }),
    }
}

/// What arrives from now on; a slow receiver misses some.
pub fn live(ctx: &Ctx) -> broadcast::Receiver<Arc<LiveEvent>> {
    ctx.live().subscribe()
}

/// Of a sender that does not prove who people are, one known id counts; the others are told as violations.
fn leave_unproven(source: &Source, item: &mut Item) {
    let Item::Message { message, violations } = item else { return };
    if !source.settings.proves_identity {
        let left_out = linking::leave_unproven(message);
        let told = left_out.into_iter().map(|kind| format!("{} identities.{kind}", ViolationCode::UnprovenLink));
        violations.extend(told);
    }
}

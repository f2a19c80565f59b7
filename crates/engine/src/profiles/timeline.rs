//! All that is known to have happened to one customer, of every table, newest first.
//!
//! - INV-TIMELINE-1: the pages put together are everything once, in order (`tests/it/timeline.rs`).

use crate::boxed;
use std::collections::BTreeMap;

use zhike_domain::frame::{Column, Frame};
use zhike_domain::grade::Class;
use zhike_domain::id::ProfileId;
use zhike_lake::RowsOf;

use super::{current, written_for};
use crate::workspace::day_number;
use crate::{Ctx, Result, guard};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HappeningKind {
    /// An order, or an adjustment of the books.
    Order,
    /// Something was given back.
    Refund,
    /// An event.
    Event,
    /// A service contact.
    Interaction,
    /// An answer or a review.
    Feedback,
    /// A message to the customer.
    Touch,
}

impl HappeningKind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Order, Self::Refund, Self::Event, Self::Interaction, Self::Feedback, Self::Touch];

    /// Which classes of data one shows.
    const fn classes(self) -> &'static [Class] {
        match self {
            Self::Order | Self::Refund => &[Class::Commerce],
            Self::Event | Self::Touch => &[Class::Behaviour],
            Self::Interaction | Self::Feedback => &[Class::Behaviour, Class::Text],
        }
    }

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Refund => "refund",
            Self::Event => "event",
            Self::Interaction => "interaction",
            Self::Feedback => "feedback",
            Self::Touch => "touch",
        }
    }

    /// The kind of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Where something stands in the timeline. Smaller is older; what has no time is oldest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When, in microseconds.
    pub at: Option<i64>,
    /// What.
    pub kind: HappeningKind,
    /// Source it came from.
    pub source: String,
    /// Its number at the source.
    pub id: String,
}

/// Something that happened to a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// When, what, and which.
    pub place: Place,
    /// Status of an order, name of an event, kind of a contact or an answer, outcome of a message.
    pub name: Option<String>,
    /// Channel.
    pub channel: Option<String>,
    /// Money, hundredths: net amount of an order, what was given back, value of an event.
    pub amount: Option<i64>,
    /// Score of an answer, satisfaction with a contact.
    pub score: Option<f64>,
    /// Words, personal data masked; page of an event, campaign of a message, store of an order.
    pub text: Option<String>,
    /// Order that it is about.
    pub order_id: Option<String>,
    /// End of a contact, in microseconds.
    pub until: Option<i64>,
}

/// What of a timeline is wanted.
#[derive(Clone, Debug, Default)]
pub struct TimelineFilter {
    /// Kinds; all when empty.
    pub kinds: Vec<HappeningKind>,
    /// Only this channel.
    pub channel: Option<String>,
    /// This day and earlier.
    pub day: Option<jiff::civil::Date>,
    /// Older than this place.
    pub before: Option<Place>,
}

/// A page of a timeline.
#[derive(Clone, Debug)]
pub struct TimelinePage {
    /// Newest first.
    pub items: Vec<Happening>,
    /// Whether there are older ones.
    pub has_more: bool,
    /// How many there are of each kind, whatever is wanted.
    pub kinds: Vec<(HappeningKind, u64)>,
    /// How many there are of each channel, whatever is wanted.
    pub channels: Vec<(String, u64)>,
}

/// A page of what happened to a customer.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn timeline(ctx: &Ctx, profile_id: ProfileId, filter: &TimelineFilter, limit: usize) -> Result<TimelinePage> {
    ctx.refresh_overrides().await?;
    let all = everything(ctx, profile_id).await?;
    let mut kinds: BTreeMap<HappeningKind, u64> = BTreeMap::new();
    let mut channels: BTreeMap<String, u64> = BTreeMap::new();
    for one in &all {
        *kinds.entry(one.place.kind).or_default() += 1;
        if let Some(channel) = &one.channel {
            *channels.entry(channel.clone()).or_default() += 1;
        }
    }
    let end = filter.day.map(|day| ctx.workspace().day_start(day_number(day) + 1));
    let is_wanted = |one: &Happening| {
        (filter.kinds.is_empty() || filter.kinds.contains(&one.place.kind))
            && filter.channel.as_ref().is_none_or(|channel| one.channel.as_ref() == Some(channel))
            && end.is_none_or(|end| one.place.at.is_none_or(|at| at < end))
            && filter.before.as_ref().is_none_or(|before| one.place < *before)
    };
    let mut items: Vec<Happening> = all.into_iter().filter(is_wanted).take(limit + 1).collect();
    let has_more = items.len() > limit;
    items.truncate(limit);
    let mut shown: BTreeMap<Class, usize> = BTreeMap::new();
    items.iter().flat_map(|one| one.place.kind.classes()).for_each(|class| *shown.entry(*class).or_default() += 1);
    for (class, n) in shown {
        guard::show(ctx, n, [class].into_iter().collect()).await?;
    }
    Ok(TimelinePage { items, has_more, kinds: kinds.into_iter().collect(), channels: channels.into_iter().collect() })
}

/// All that happened to a customer, newest first, each once.
async fn everything(ctx: &Ctx, profile_id: ProfileId) -> Result<Vec<Happening>> {
    let id = current(ctx, profile_id.get()).await?.profile_id;
    let homes = written_for(ctx, id, &ctx.store().identities_of(&[id]).await?).await?;
    let read = |table: &'static str, columns: &'static [&'static str]| {
        ctx.lake().rows_of(table, RowsOf { profile_id: id, written_for: &homes, columns, newest: None })
    };
    let (orders, refunds, events, interactions, feedback, touches) = tokio::try_join!(
        read(
            "orders",
            &[
                "source",
                "order_id",
                "ordered_at",
                "status",
                "kind",
                "channel",
                "store_id",
                "refunded_amount",
                "net_amount",
            ]
        ),
        read("refunds", &["source", "refund_order_id", "order_id", "amount", "refunded_at"]),
        read("events", &["source", "event_id", "event", "occurred_at", "channel", "url", "value"]),
        read("interactions", &["source", "interaction_id", "kind", "opened_at", "closed_at", "topic", "satisfaction",]),
        read("feedback", &["source", "feedback_id", "kind", "score", "at", "text", "order_id"]),
        read("touches", &["source", "touch_id", "campaign_id", "channel", "at", "outcome", "reason"]),
    )?;
    let mut all = of_orders(&orders);
    give_back(&mut all, &refunds);
    all.extend(of(&events, HappeningKind::Event, "event_id", "occurred_at", |one, row| {
        one.name = text(&events, "event", row);
        one.channel = text(&events, "channel", row);
        one.amount = num(&events, "value", row);
        one.text = text(&events, "url", row);
    }));
    all.extend(of(&interactions, HappeningKind::Interaction, "interaction_id", "opened_at", |one, row| {
        one.name = text(&interactions, "kind", row);
        one.text = text(&interactions, "topic", row);
        one.score = float(&interactions, "satisfaction", row);
        one.until = num(&interactions, "closed_at", row);
    }));
    all.extend(of(&feedback, HappeningKind::Feedback, "feedback_id", "at", |one, row| {
        one.name = text(&feedback, "kind", row);
        one.text = text(&feedback, "text", row);
        one.score = float(&feedback, "score", row);
        one.order_id = text(&feedback, "order_id", row);
    }));
    all.extend(of(&touches, HappeningKind::Touch, "touch_id", "at", |one, row| {
        one.name = text(&touches, "outcome", row);
        one.channel = text(&touches, "channel", row);
        one.text = text(&touches, "campaign_id", row).or_else(|| text(&touches, "reason", row));
    }));
    all.sort_by(|left, right| right.place.cmp(&left.place));
    // A place is a key of its table: a row that stood twice would be shown twice.
    all.dedup_by(|later, first| later.place == first.place);
    Ok(all)
}

/// The rows of a table, its own columns filled in.
fn of(
    frame: &Frame,
    kind: HappeningKind,
    id: &str,
    time: &str,
    fill: impl Fn(&mut Happening, usize),
) -> Vec<Happening> {
    let one = |row: usize| {
        let mut one = Happening {
            place: Place {
                at: num(frame, time, row),
                kind,
                source: text(frame, "source", row).unwrap_or_default(),
                id: text(frame, id, row).unwrap_or_default(),
            },
            name: None,
            channel: None,
            amount: None,
            score: None,
            text: None,
            order_id: None,
            until: None,
        };
        fill(&mut one, row);
        one
    };
    (0..frame.n_rows()).map(one).collect()
}

/// Orders, and the documents that only give back.
fn of_orders(orders: &Frame) -> Vec<Happening> {
    of(orders, HappeningKind::Order, "order_id", "ordered_at", |one, row| {
        one.channel = text(orders, "channel", row);
        one.text = text(orders, "store_id", row);
        if text(orders, "kind", row).as_deref() == Some("refund") {
            one.place.kind = HappeningKind::Refund;
            // What was not netted against orders; the rest stands in `refunds`.
            one.amount = num(orders, "refunded_amount", row);
        } else {
            one.name = text(orders, "status", row);
            one.amount = num(orders, "net_amount", row);
            one.order_id = Some(one.place.id.clone());
        }
    })
}

/// Adds what was netted against orders: to the documents that are there, or as refunds of their own.
fn give_back(all: &mut Vec<Happening>, refunds: &Frame) {
    let key = |one: &Happening| (one.place.source.clone(), one.place.id.clone());
    let mut parts: BTreeMap<(String, String), Vec<Happening>> = BTreeMap::new();
    for part in of(refunds, HappeningKind::Refund, "refund_order_id", "refunded_at", |one, row| {
        one.amount = num(refunds, "amount", row);
        one.order_id = text(refunds, "order_id", row);
    }) {
        parts.entry(key(&part)).or_default().push(part);
    }
    let sum = |parts: &[Happening]| parts.iter().filter_map(|part| part.amount).sum::<i64>();
    // Of several orders none is named.
    let about = |parts: &[Happening]| {
        let first = parts.first()?.order_id.clone();
        first.filter(|order_id| parts.iter().all(|part| part.order_id.as_ref() == Some(order_id)))
    };
    for document in all.iter_mut().filter(|one| one.place.kind == HappeningKind::Refund) {
        let Some(parts) = parts.remove(&key(document)) else { continue };
        document.amount = Some(document.amount.unwrap_or(0) + sum(&parts));
        document.order_id = about(&parts);
    }
    for parts in parts.into_values() {
        let (amount, order_id) = (sum(&parts), about(&parts));
        let newest = parts.into_iter().max_by_key(|part| part.place.at);
        all.extend(newest.map(|part| Happening { amount: Some(amount), order_id, ..part }));
    }
}

fn text(frame: &Frame, name: &str, row: usize) -> Option<String> {
    frame.text(name)?.get(row).map(str::to_owned)
}

fn num(frame: &Frame, name: &str, row: usize) -> Option<i64> {
    frame.num(name)?.get(row)
}

fn float(frame: &Frame, name: &str, row: usize) -> Option<f64> {
    match frame.column(name)? {
        Column::Float(values) => values.get(row).copied().flatten(),
        _ => None,
    }
}

//! Campaigns: how far messages got, who bought after them, what that cost and what it changed; and the people behind each.
//!
//! Owns which messages, visits and orders of which days are looked at, who is told what, and the lists. Orders count as
//! everywhere: paid sales of which something is left. How arms are compared, credit is divided and curves are learnt is
//! `zhike_ml`'s.
//!
//! - INV-CAMPAIGN-1 (`tests/it/campaigns.rs`): every count is that of a plain computation over all messages and orders, and of
//!   the list behind it.
//! - INV-CAMPAIGN-2 (`tests/it/campaigns.rs`): credits of all channels, and of none, add up to the orders and their revenue, in
//!   each of the eight ways.
//! - INV-CAMPAIGN-3 (`tests/it/campaigns.rs`): whoever refused profiling enters no model of uplift.
//! - INV-CAMPAIGN-4 (`tests/it/campaigns.rs`): costs of all groups add up to what the messages in question cost.
//! - INV-CAMPAIGN-5 (`tests/it/moments.rs`): answers by hour are those of a plain count; choosing the hour is judged by messages
//!   at drawn hours alone; a moment keeps quiet hours, and whoever refused profiling gets none.

use zhike_domain::id::ProfileId;
use zhike_domain::small_groups::{is_small, nested};

use crate::analysis::{Ground, Head, ListPage, page_of};
use crate::segments::{self, Segment};
use crate::{Ctx, Error, Result, boxed};

mod attribution;
mod board;
mod coupons;
mod lift;
mod moments;
mod response;
mod rows;
mod spec;
mod uplift;
mod words;

pub use zhike_ml::attribution::Credit;

pub use attribution::{AttributionAnswer, Channel, WAYS, attribution};
use board::{STEPS, Tally};
pub use coupons::{Change, CouponRow, CouponsAnswer, coupons};
use lift::{Arms, Timing};
pub use lift::{DayLook, Effect, Lift, Verdict};
pub(crate) use moments::Known;
pub use moments::{
    BestMoment, ChannelRate, Chosen, ChosenPage, HourRate, MomentsAnswer, OfPerson, TimingGrade, chosen, moments,
    moments_of,
};
pub use response::{Budget, BudgetAnswer, ChannelResponse, NoBudget, budget};
use rows::{Campaign, DAY_US, Message, Messages, Sales};
pub use spec::{Answered, Asked, By, Spec};
pub use uplift::{Found, NoUplift, UpliftAnswer, UpliftTenth, uplift_of};
pub use words::hour_of_week;

/// Days that are looked at when none are asked for.
const USUAL_DAYS: i64 = 365;

/// One line of the board. **Units**: hundredths of money; counts are of people unless they say otherwise, and missing where so
/// few are not told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BoardRow {
    /// Code of the campaign, or what it is counted by; empty where messages do not say.
    pub key: String,
    /// Name of the campaign.
    pub name: Option<String>,
    /// Channel of the campaign.
    pub channel: Option<String>,
    /// Drawn to get a message, sent or not.
    pub n_targeted: Option<u64>,
    /// To whom one was sent.
    pub n_reached: Option<u64>,
    /// To whom one was delivered.
    pub n_delivered: Option<u64>,
    /// Who opened one.
    pub n_opened: Option<u64>,
    /// Who clicked.
    pub n_clicked: Option<u64>,
    /// Who bought in time after a message.
    pub n_converted: Option<u64>,
    /// Whose time is not over.
    pub n_open: Option<u64>,
    /// Who was withheld.
    pub n_holdout: Option<u64>,
    /// Messages sent.
    pub n_messages: Option<u64>,
    /// Orders in time after a message, each once.
    pub n_orders: Option<u64>,
    /// Their net amount.
    pub revenue: Option<i64>,
    /// What the messages cost; none where no campaign says.
    pub cost: Option<i64>,
    /// Revenue less cost, relative to cost: what came after, not what came because.
    pub roi: Option<f64>,
    /// Cost of an order.
    pub cost_per_order: Option<i64>,
    /// Share of buyers beside those withheld.
    pub effect: Option<Effect>,
    /// What to do with the campaign; only by campaign.
    pub verdict: Option<Verdict>,
    /// Whether the campaign is over.
    pub is_over: bool,
}

/// The board of campaigns.
#[derive(Clone, Debug)]
pub struct BoardAnswer {
    /// Days, meaning, who was left out.
    pub head: Head,
    /// The question.
    pub spec: Spec,
    /// By revenue.
    pub rows: Vec<BoardRow>,
    /// Everything together: people and orders once, whatever they are parts of.
    pub total: BoardRow,
}

/// What a campaign changed.
#[derive(Clone, Debug)]
pub struct LiftAnswer {
    /// Days, meaning, who was left out.
    pub head: Head,
    /// The question.
    pub spec: Spec,
    /// The campaign as on the board.
    pub row: BoardRow,
    /// The comparison; none where so few people are not told.
    pub lift: Option<Lift>,
    /// Return on what it cost by what it changed, with the ends of its interval; none without cost or without two arms.
    pub roi: Option<[f64; 3]>,
    /// What to do, Chinese and English.
    pub advice: (String, String),
}

/// A number of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// board, arm, attribution, uplift, coupons.
    pub of: String,
    /// Key of the row; everything together when absent.
    pub key: Option<String>,
    /// Which of its people.
    pub which: String,
}

fn no_part() -> Error {
    Error::bad_request(
        "the answer has no such part: take one of those that it shows".into(),
        "结果里没有这一部分：请从结果中选择".into(),
    )
}

/// What answers are counted from.
struct Facts {
    ground: Ground,
    messages: Messages,
    sales: Sales,
    /// End of the data.
    until: i64,
}

impl Facts {
    async fn read(ctx: &Ctx, spec: &Spec, with_traits: bool, before_days: i64) -> Result<Self> {
        let ground = Ground::new(ctx, &spec.scope, USUAL_DAYS).await?;
        let until = ground.seen.start_of(ground.seen.day + 1);
        let people = &ground.bulk.people;
        let messages = Messages::read(ctx, people, &ground.who, ground.span, with_traits).await?;
        let before = before_days * DAY_US;
        let sales = Sales::read(ctx, people, &ground.who, (ground.span.0 - before, until)).await?;
        Ok(Self { ground, messages, sales, until })
    }

    fn of_campaign(&self, campaign: u32) -> impl Iterator<Item = &Message> {
        self.messages.all.iter().filter(move |one| one.campaign == campaign)
    }

    fn arms(&self, spec: &Spec, campaign: u32) -> Arms {
        Arms::new(self.of_campaign(campaign), &self.sales, (spec.window_days, spec.before_days), self.until)
    }

    fn lift(&self, ctx: &Ctx, spec: &Spec, campaign: u32) -> Lift {
        let of = self.messages.campaigns.get(campaign as usize);
        let workspace = ctx.workspace();
        let timing = Timing {
            is_over: of.is_none_or(|of| is_over(of, self.until)),
            day_of: Box::new(move |at| workspace.day_of(at)),
            window_days: spec.window_days,
        };
        let planned = spec.holdout_share.or(of.and_then(|of| of.holdout_share));
        lift::lift(&self.arms(spec, campaign), planned, &timing)
    }
}

/// Whether further columns of messages say what they are counted by.
fn is_of_traits(by: By) -> bool {
    matches!(by, By::Creative | By::Coupon)
}

fn is_over(campaign: &Campaign, until: i64) -> bool {
    campaign.ended_at.is_none_or(|end| end < until)
}

/// Number of the campaign that is asked about.
fn campaign(messages: &Messages, spec: &Spec) -> Result<u32> {
    let id = spec.one()?;
    messages.campaign(id).ok_or_else(|| Error::not_found("campaign", "活动"))
}

/// A line of a board, with what so few people are told left out.
fn row(key: &str, tally: &Tally, cost: Option<i64>, k: u64) -> BoardRow {
    let n = |list: &Vec<u32>| list.len() as u64;
    let counts = [
        n(&tally.targeted),
        n(&tally.reached),
        n(&tally.delivered),
        n(&tally.opened),
        n(&tally.clicked),
        n(&tally.converted),
        n(&tally.open),
        n(&tally.holdout),
    ];
    // Delivered, opened and clicked stand in one another, who bought and whose time is open in those reached.
    let inside = [(1, 0), (2, 1), (3, 2), (4, 3), (5, 1), (6, 1), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0)];
    let more = [(3, 1), (4, 1), (4, 2)];
    let pairs: Vec<(usize, usize)> = inside.into_iter().chain(more).collect();
    let shown = nested(&counts, &pairs, k);
    let told = |at: usize| shown[at].then_some(counts[at]);
    let has_orders = shown[5];
    let revenue = has_orders.then_some(tally.revenue);
    BoardRow {
        key: key.to_owned(),
        n_targeted: told(0),
        n_reached: told(1),
        n_delivered: told(2),
        n_opened: told(3),
        n_clicked: told(4),
        n_converted: told(5),
        n_open: told(6),
        n_holdout: told(7),
        n_messages: shown[1].then_some(tally.n_messages),
        n_orders: has_orders.then_some(tally.n_orders),
        revenue,
        cost,
        roi: revenue.zip(cost.filter(|cost| *cost > 0)).map(|(revenue, cost)| (revenue - cost) as f64 / cost as f64),
        cost_per_order: cost
            .filter(|_| has_orders && tally.n_orders > 0)
            .map(|cost| cost / i64::try_from(tally.n_orders).unwrap_or(i64::MAX)),
        ..BoardRow::default()
    }
}

/// Whether everything of a row is told.
fn is_whole(row: &BoardRow) -> bool {
    [row.n_targeted, row.n_reached, row.n_delivered, row.n_opened, row.n_clicked, row.n_converted]
        .iter()
        .all(Option::is_some)
}

/// What a comparison of so few people must not tell.
fn is_told(lift: &Lift, k: u64) -> bool {
    let rest = [0, 1].map(|arm| lift.n[arm] - lift.n_bought[arm]);
    !lift.n.iter().chain(&lift.n_bought).chain(&rest).any(|n| is_small(*n, k)) && !is_small(lift.n_open, k)
}

/// How far messages got, who bought after them and what that cost, by campaign, channel, strategy or creative.
///
/// **Errors**: `bad_request` for days the wrong way round.
#[boxed]
pub async fn board(ctx: &Ctx, spec: &Spec) -> Result<BoardAnswer> {
    let facts = Facts::read(ctx, spec, is_of_traits(spec.by), spec.before_days).await?;
    let k = ctx.min_group();
    let (keys, of) = board::groups(&facts.messages, spec.by);
    let costs = board::costs(&facts.messages, &of, keys.len());
    let mut own: Vec<Vec<&Message>> = vec![Vec::new(); keys.len()];
    facts.messages.all.iter().zip(&of).for_each(|(one, group)| own[*group as usize].push(one));
    let mut rows: Vec<BoardRow> = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        let tally = Tally::new(own[at].iter().copied(), &facts.sales, spec.window_days, facts.until);
        let mut row = row(key, &tally, costs[at], k);
        if let Some(number) = facts.messages.campaign(key).filter(|_| spec.by == By::Campaign) {
            let campaign = &facts.messages.campaigns[number as usize];
            row.name.clone_from(&campaign.name);
            row.channel.clone_from(&campaign.channel);
            row.is_over = is_over(campaign, facts.until) && tally.open.is_empty();
            let lift = facts.lift(ctx, spec, number);
            if is_told(&lift, k) {
                row.effect = lift.rate;
                row.verdict = Some(lift.verdict);
            }
        }
        rows.push(row);
    }
    // What was paid for without a message to anybody who counts belongs in, too.
    if spec.by == By::Campaign && spec.scope.segment.is_none() {
        let span = facts.ground.span;
        let silent = facts.messages.campaigns.iter().enumerate().filter(|(at, campaign)| {
            let is_in = campaign.started_at.is_some_and(|start| (span.0..span.1).contains(&start));
            is_in && facts.messages.n_out[*at] == 0 && !keys.contains(&campaign.id)
        });
        rows.extend(silent.map(|(_, campaign)| BoardRow {
            name: campaign.name.clone(),
            channel: campaign.channel.clone(),
            is_over: is_over(campaign, facts.until),
            verdict: Some(Verdict::NoHoldout),
            ..row(&campaign.id, &Tally::default(), campaign.cost, k)
        }));
    }
    rows.sort_by(|a, b| b.revenue.cmp(&a.revenue).then_with(|| b.cost.cmp(&a.cost)).then_with(|| a.key.cmp(&b.key)));
    let all = Tally::new(&facts.messages.all, &facts.sales, spec.window_days, facts.until);
    let cost = rows.iter().filter_map(|row| row.cost).reduce(|a, b| a + b);
    let mut total = row("", &all, cost, k);
    let is_suppressed = !rows.iter().all(is_whole) || !is_whole(&total);
    if k > 1 && is_suppressed {
        // Taken from the total, the shown rows would tell of those that are not.
        total = BoardRow { cost, ..BoardRow::default() };
    }
    let segment = segments::name(ctx, spec.scope.segment.as_deref()).await?;
    let sentence = words::asked_board(spec, facts.ground.days, segment.as_deref());
    let meaning = words::board(spec, &rows, &total, &ctx.workspace().currency);
    let head = facts.ground.head_of(spec.json(), sentence, meaning, is_suppressed);
    Ok(BoardAnswer { head, spec: spec.clone(), rows, total })
}

/// What a campaign changed in those drawn to get it, beside those withheld.
///
/// **Errors**: `bad_request` without a campaign, `not_found` for one that there is not.
#[boxed]
pub async fn effect(ctx: &Ctx, spec: &Spec) -> Result<LiftAnswer> {
    let facts = Facts::read(ctx, spec, false, spec.before_days).await?;
    let k = ctx.min_group();
    let number = campaign(&facts.messages, spec)?;
    let (keys, of) = board::groups(&facts.messages, By::Campaign);
    let of_campaign = &facts.messages.campaigns[number as usize];
    let costs = board::costs(&facts.messages, &of, keys.len());
    let cost = keys.iter().position(|key| *key == of_campaign.id).and_then(|at| costs[at]).or(of_campaign.cost);
    let tally = Tally::new(facts.of_campaign(number), &facts.sales, spec.window_days, facts.until);
    let lift = facts.lift(ctx, spec, number);
    let is_shown = is_told(&lift, k);
    let row = BoardRow {
        name: of_campaign.name.clone(),
        channel: of_campaign.channel.clone(),
        is_over: is_over(of_campaign, facts.until) && tally.open.is_empty(),
        effect: lift.rate.filter(|_| is_shown),
        verdict: is_shown.then_some(lift.verdict),
        ..row(&of_campaign.id, &tally, cost, k)
    };
    let n_treated = lift.n[1] as f64;
    let of_cost = |each: f64, cost: i64| (each * n_treated * 100.0 - cost as f64) / cost as f64;
    let best = lift.adjusted.or(lift.spend);
    let roi = cost
        .filter(|cost| *cost > 0 && is_shown && lift.n_open == 0)
        .zip(best)
        .map(|(cost, best)| [best.difference, best.low, best.high].map(|each| of_cost(each, cost)));
    let is_suppressed = !is_shown || !is_whole(&row);
    let title = of_campaign.name.clone().unwrap_or_else(|| of_campaign.id.clone());
    let segment = segments::name(ctx, spec.scope.segment.as_deref()).await?;
    let sentence = words::asked_lift(spec, &title, facts.ground.days, segment.as_deref());
    let lift = is_shown.then_some(lift);
    let meaning = words::lift(spec, &title, lift.as_ref(), roi, &ctx.workspace().currency);
    let advice = words::advice(lift.as_ref());
    let head = facts.ground.head_of(spec.json(), sentence, meaning, is_suppressed);
    Ok(LiftAnswer { head, spec: spec.clone(), row, lift, roi, advice })
}

/// Ids of the people of a part, ascending.
async fn behind(ctx: &Ctx, spec: &Spec, part: &Part) -> Result<Vec<i64>> {
    match part.of.as_str() {
        "board" => {
            let facts = Facts::read(ctx, spec, is_of_traits(spec.by), spec.before_days).await?;
            let (keys, of) = board::groups(&facts.messages, spec.by);
            let group = match &part.key {
                Some(key) => Some(keys.iter().position(|known| known == key).ok_or_else(no_part)? as u32),
                None => None,
            };
            let own = facts.messages.all.iter().zip(&of).filter(|(_, of)| group.is_none_or(|group| group == **of));
            let tally = Tally::new(own.map(|(one, _)| one), &facts.sales, spec.window_days, facts.until);
            if !STEPS.contains(&part.which.as_str()) {
                return Err(no_part());
            }
            let who = tally.of(&part.which).ok_or_else(no_part)?.to_vec();
            Ok(facts.ground.ids(who))
        }
        "arm" => {
            let facts = Facts::read(ctx, spec, false, spec.before_days).await?;
            let arms = facts.arms(spec, campaign(&facts.messages, spec)?);
            let all = |is_treated: bool| arms.arm(is_treated);
            let who: Vec<u32> = match part.which.as_str() {
                "holdout" => all(false).map(|one| one.who).collect(),
                "treated" => all(true).map(|one| one.who).collect(),
                "holdout_bought" => all(false).filter(|one| one.has_bought).map(|one| one.who).collect(),
                "treated_bought" => all(true).filter(|one| one.has_bought).map(|one| one.who).collect(),
                "open" => arms.open.clone(),
                "both" => arms.both.clone(),
                _ => return Err(no_part()),
            };
            Ok(facts.ground.ids(who))
        }
        "attribution" if part.which == "credited" => attribution::behind(ctx, spec, part.key.as_deref()).await,
        "uplift" => uplift::behind(ctx, spec, &part.which).await,
        "coupons" => coupons::behind(ctx, spec, part.key.as_deref(), &part.which).await,
        _ => Err(no_part()),
    }
}

/// A page of the people behind a number.
///
/// **Errors**: `bad_request` for a part that the answer has not.
#[boxed]
pub async fn people(ctx: &Ctx, spec: &Spec, part: &Part, after: Option<ProfileId>, limit: usize) -> Result<ListPage> {
    let ids = behind(ctx, spec, part).await?;
    page_of(ctx, &ids, after, limit).await
}

/// Keeps the people behind a number as a list of its own. Returns it and how many they are.
///
/// **Errors**: `conflict` when the name is taken; as [`people`].
#[boxed]
pub async fn save(ctx: &Ctx, spec: &Spec, part: &Part, name: &str) -> Result<(Segment, u64)> {
    let ids = behind(ctx, spec, part).await?;
    let (zh, en) = words::of_part(spec, part);
    let purpose = spec.scope.purpose.clone().unwrap_or_default();
    let segment = segments::keep_list(ctx, name, &format!("{zh} / {en}"), &purpose, &ids).await?;
    Ok((segment, ids.len() as u64))
}

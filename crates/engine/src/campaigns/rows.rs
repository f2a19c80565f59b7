//! Campaigns, messages and orders as numbers.

use std::collections::HashMap;

use serde_json::Value as Json;
use zhike_domain::audience::Set;
use zhike_domain::frame::Frame;

use crate::segments::{People, Seeker};
use crate::{Ctx, Error, Result};

/// Stands for what a message or an order does not say.
pub(super) const NONE: u32 = u32::MAX;
/// A day in microseconds, as windows are counted.
pub(super) const DAY_US: i64 = 86_400_000_000;
/// Under which names further columns say what a message showed.
const CREATIVE: [&str; 8] = ["creative", "创意", "素材", "文案", "creative_id", "创意ID", "素材ID", "version"];
/// Under which names they say which coupon it carried.
const COUPON: [&str; 9] =
    ["coupon_id", "coupon", "coupon_upc", "coupon_code", "优惠券", "券码", "优惠券码", "优惠券ID", "券"];
/// Under which names they say with which chance their hour was drawn.
const PROPENSITY: [&str; 4] = ["propensity", "抽取概率", "随机概率", "send_propensity"];
/// Under which names a campaign says which share was withheld.
const HOLDOUT: [&str; 4] = ["holdout_share", "holdout", "control_share", "对照组比例"];

/// Texts by number, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    by_text: HashMap<String, u32>,
    pub(super) texts: Vec<String>,
}

impl Names {
    pub(super) fn number(&mut self, text: Option<&str>) -> u32 {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return NONE };
        if let Some(known) = self.by_text.get(text) {
            return *known;
        }
        let number = self.texts.len() as u32;
        self.by_text.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        number
    }

    pub(super) fn text(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(String::as_str)
    }

    pub(super) fn known(&self, text: &str) -> Option<u32> {
        self.by_text.get(text).copied()
    }
}

/// A campaign, as it stands in the table; one that messages alone name has nothing but its code.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Campaign {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) channel: Option<String>,
    pub(super) goal: Option<String>,
    /// Instants.
    pub(super) started_at: Option<i64>,
    pub(super) ended_at: Option<i64>,
    /// Hundredths.
    pub(super) cost: Option<i64>,
    /// Share that was to be withheld.
    pub(super) holdout_share: Option<f64>,
}

/// How far a message got.
pub(super) const FAILED: u8 = 0;
pub(super) const SENT: u8 = 1;
pub(super) const DELIVERED: u8 = 2;
pub(super) const OPENED: u8 = 3;
pub(super) const CLICKED: u8 = 4;
pub(super) const CONVERTED: u8 = 5;

fn rank(outcome: Option<&str>) -> u8 {
    match outcome.unwrap_or("sent") {
        "delivered" => DELIVERED,
        "opened" => OPENED,
        "clicked" => CLICKED,
        "converted" => CONVERTED,
        "failed" | "suppressed" => FAILED,
        _ => SENT,
    }
}

/// A message to a known customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Message {
    pub(super) who: u32,
    pub(super) at: i64,
    /// Number among the campaigns.
    pub(super) campaign: u32,
    pub(super) channel: u32,
    pub(super) creative: u32,
    pub(super) coupon: u32,
    /// How far it got.
    pub(super) rank: u8,
    /// Withheld: nothing was sent.
    pub(super) is_holdout: bool,
    /// Chance with which its hour was drawn, in millionths; 0 where it was not.
    pub(super) millionths: u32,
}

impl Message {
    /// Whether it went out.
    pub(super) const fn is_reached(&self) -> bool {
        !self.is_holdout && self.rank > FAILED
    }

    /// Whether its hour was drawn.
    pub(super) const fn is_drawn(&self) -> bool {
        self.millionths > 0
    }

    /// Chance of its hour.
    pub(super) fn chance(&self) -> f64 {
        f64::from(self.millionths) / 1e6
    }
}

/// Campaigns and their messages.
#[derive(Debug, Default)]
pub(super) struct Messages {
    pub(super) campaigns: Vec<Campaign>,
    pub(super) channels: Names,
    pub(super) creatives: Names,
    pub(super) coupons: Names,
    /// Of those who count, in the days that count, by customer and time.
    pub(super) all: Vec<Message>,
    /// Messages that went out of each campaign: of all days and everybody, by which its cost is shared.
    pub(super) n_out: Vec<u64>,
}

fn of_json(json: &Json, names: &[&str]) -> Option<String> {
    let object = json.as_object()?;
    let found = names.iter().find_map(|name| object.get(*name))?;
    match found {
        Json::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn share_of(text: &str) -> Option<f64> {
    let (text, by) = text.strip_suffix('%').map_or((text, 1.0), |text| (text, 100.0));
    text.trim().parse::<f64>().ok().map(|share| share / by).filter(|share| *share > 0.0 && *share < 1.0)
}

fn column<T>(found: Option<T>, name: &str) -> Result<T> {
    found.ok_or_else(|| Error::bug("campaigns", std::io::Error::other(name.to_owned())))
}

/// Campaigns of the table.
pub(super) fn campaigns_of(frame: &Frame) -> Result<Vec<Campaign>> {
    let text = |name| column(frame.text(name), name);
    let num = |name| column(frame.num(name), name);
    let (ids, names, channels, goals) = (text("campaign_id")?, text("name")?, text("channel")?, text("goal")?);
    let (starts, ends, costs, traits) = (num("started_at")?, num("ended_at")?, num("cost")?, text("traits")?);
    let own = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let read = (0..frame.n_rows()).map(|row| {
        let json = traits.get(row).and_then(|text| serde_json::from_str::<Json>(text).ok());
        Campaign {
            id: ids.get(row).unwrap_or_default().to_owned(),
            name: own(names.get(row)),
            channel: own(channels.get(row)),
            goal: own(goals.get(row)),
            started_at: starts.get(row),
            ended_at: ends.get(row),
            cost: costs.get(row),
            holdout_share: json.as_ref().and_then(|json| of_json(json, &HOLDOUT)).as_deref().and_then(share_of),
        }
    });
    Ok(read.collect())
}

impl Messages {
    /// Messages of some customers between two instants; what they showed and carried only when it is needed.
    pub(super) async fn read(
        ctx: &Ctx,
        people: &People,
        who: &Set,
        between: (i64, i64),
        with_traits: bool,
    ) -> Result<Self> {
        let campaigns = campaigns_of(&ctx.lake().campaigns().await?)?;
        let mut codes = Names::default();
        campaigns.iter().for_each(|campaign| {
            codes.number(Some(&campaign.id));
        });
        let mut found = Self { n_out: vec![0; campaigns.len()], campaigns, ..Self::default() };
        let mut rows = ctx.lake().messages(with_traits).await?;
        let mut seeker = Seeker::default();
        while let Some(frame) = rows.next().await? {
            let text = |name| column(frame.text(name), name);
            let num = |name| column(frame.num(name), name);
            let (ids, times, own, channels) = (num("profile_id")?, num("at")?, text("campaign_id")?, text("channel")?);
            let (outcomes, arms, traits) = (text("outcome")?, text("arm")?, text("traits")?);
            for row in 0..frame.n_rows() {
                let is_holdout = arms.get(row) == Some("holdout");
                let rank = rank(outcomes.get(row));
                let campaign = codes.number(own.get(row));
                if campaign != NONE && campaign as usize >= found.campaigns.len() {
                    let id = own.get(row).unwrap_or_default().to_owned();
                    found.campaigns.push(Campaign { id, ..Campaign::default() });
                    found.n_out.push(0);
                }
                if campaign != NONE && !is_holdout && rank > FAILED {
                    found.n_out[campaign as usize] += 1;
                }
                let Some(at) = times.get(row).filter(|at| (between.0..between.1).contains(at)) else { continue };
                let id = ids.get(row).and_then(|id| seeker.at(&people.ids, id)).filter(|at| who.contains(*at));
                let Some(person) = id else { continue };
                let json = traits.get(row).and_then(|text| serde_json::from_str::<Json>(text).ok());
                let of = |names: &[&str]| json.as_ref().and_then(|json| of_json(json, names));
                let creative = found.creatives.number(of(&CREATIVE).as_deref());
                let coupon = found.coupons.number(of(&COUPON).as_deref());
                let channel = found.channels.number(channels.get(row));
                let chance = of(&PROPENSITY).as_deref().and_then(share_of).unwrap_or(0.0);
                found.all.push(Message {
                    who: person as u32,
                    at,
                    campaign,
                    channel,
                    creative,
                    coupon,
                    rank,
                    is_holdout,
                    millionths: (chance * 1e6).round() as u32,
                });
            }
        }
        found.settle();
        Ok(found)
    }

    /// Numbers by letters and messages in order: no answer depends on the order in which rows were read.
    fn settle(&mut self) {
        let mut place: Vec<u32> = (0..self.campaigns.len() as u32).collect();
        place.sort_by(|a, b| self.campaigns[*a as usize].id.cmp(&self.campaigns[*b as usize].id));
        let of_campaigns = turned(&place);
        self.campaigns = place.iter().map(|at| std::mem::take(&mut self.campaigns[*at as usize])).collect();
        self.n_out = place.iter().map(|at| self.n_out[*at as usize]).collect();
        let [channels, creatives, coupons] =
            [&mut self.channels, &mut self.creatives, &mut self.coupons].map(Names::settle);
        let pick = |places: &[u32], at: u32| places.get(at as usize).copied().unwrap_or(NONE);
        for one in &mut self.all {
            one.campaign = pick(&of_campaigns, one.campaign);
            one.channel = pick(&channels, one.channel);
            one.creative = pick(&creatives, one.creative);
            one.coupon = pick(&coupons, one.coupon);
        }
        self.all.sort_unstable();
    }

    /// Number of a campaign by its code.
    pub(super) fn campaign(&self, id: &str) -> Option<u32> {
        self.campaigns.binary_search_by(|known| known.id.as_str().cmp(id)).ok().map(|at| at as u32)
    }
}

/// The new number of each old one.
fn turned(order: &[u32]) -> Vec<u32> {
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(new, old)| place[*old as usize] = new as u32);
    place
}

impl Names {
    /// Numbers by letters; gives the new number of each old one.
    pub(super) fn settle(&mut self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.texts.len() as u32).collect();
        order.sort_by(|a, b| self.texts[*a as usize].cmp(&self.texts[*b as usize]));
        self.texts = order.iter().map(|at| std::mem::take(&mut self.texts[*at as usize])).collect();
        self.by_text = self.texts.iter().enumerate().map(|(at, text)| (text.clone(), at as u32)).collect();
        turned(&order)
    }
}

/// An order that counts. **Units**: hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sale {
    pub(super) who: u32,
    pub(super) at: i64,
    pub(super) net: i64,
    pub(super) discount: i64,
    pub(super) coupon: u32,
    pub(super) campaign: u32,
}

/// Orders that count of some customers.
#[derive(Debug, Default)]
pub(super) struct Sales {
    /// By customer and time.
    pub(super) all: Vec<Sale>,
    pub(super) coupons: Names,
    pub(super) campaigns: Names,
}

impl Sales {
    pub(super) async fn read(ctx: &Ctx, people: &People, who: &Set, between: (i64, i64)) -> Result<Self> {
        let mut rows = ctx.lake().sales(between).await?;
        let mut found = Self::default();
        let mut seeker = Seeker::default();
        while let Some(frame) = rows.next().await? {
            let num = |name| column(frame.num(name), name);
            let (ids, times, nets, discounts) = (num("profile_id")?, num("at")?, num("net")?, num("discount")?);
            let text = |name| column(frame.text(name), name);
            let (coupons, campaigns) = (text("coupon_id")?, text("campaign_id")?);
            for row in 0..frame.n_rows() {
                let (Some(id), Some(at), Some(net)) = (ids.get(row), times.get(row), nets.get(row)) else { continue };
                let Some(person) = seeker.at(&people.ids, id).filter(|at| who.contains(*at)) else { continue };
                let coupon = found.coupons.number(coupons.get(row));
                let campaign = found.campaigns.number(campaigns.get(row));
                let discount = discounts.get(row).unwrap_or(0);
                found.all.push(Sale { who: person as u32, at, net, discount, coupon, campaign });
            }
        }
        let [coupons, campaigns] = [&mut found.coupons, &mut found.campaigns].map(Names::settle);
        for one in &mut found.all {
            one.coupon = coupons.get(one.coupon as usize).copied().unwrap_or(NONE);
            one.campaign = campaigns.get(one.campaign as usize).copied().unwrap_or(NONE);
        }
        found.all.sort_unstable();
        Ok(found)
    }

    /// Orders of a customer between two instants, the first included.
    pub(super) fn of(&self, who: u32, between: (i64, i64)) -> &[Sale] {
        let from = self.all.partition_point(|one| (one.who, one.at) < (who, between.0));
        let to = self.all.partition_point(|one| (one.who, one.at) < (who, between.1));
        self.all.get(from..to).unwrap_or_default()
    }

    /// Net amount of such orders.
    pub(super) fn net(&self, who: u32, between: (i64, i64)) -> i64 {
        self.of(who, between).iter().map(|one| one.net).sum()
    }
}

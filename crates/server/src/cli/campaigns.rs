//! `zhike analyze campaigns|attribution|uplift|budget|coupons`: what campaigns reached, cost and changed.

use clap::Args;
use zhike_engine::Ctx;
use zhike_engine::campaigns::{Asked, Part, people, save};

use super::analyze::{Does, Whose, say};
use super::people::{kept, listed};
use super::{Failure, Format, Global, Lang};
use crate::http::campaigns::{
    CampaignRow, CouponRowBody, EffectBody, attribution_body, board_body, budget_body, coupons_body, effect_body,
    uplift_body,
};
use crate::output::{percent, print_json, print_rows, told};

/// Whose messages of which days, and what is wanted of the answer.
#[derive(Args)]
pub(super) struct Campaigns {
    /// campaign, channel, strategy, creative, coupon.
    #[arg(long, default_value = "campaign")]
    by: String,
    #[command(flatten)]
    whose: Whose,
    /// One campaign by its code: what it changed, and whether it may be stopped.
    #[arg(long, value_name = "CODE")]
    campaign: Option<String>,
    /// Days after a message within which an order counts.
    #[arg(long, default_value_t = 7)]
    window_days: u32,
    /// Days before of which spending is compared.
    #[arg(long, default_value_t = 90)]
    before_days: u32,
    /// Share that was to be withheld, 0 to 1; as the campaign says when absent.
    #[arg(long, value_name = "SHARE")]
    holdout_share: Option<f64>,
    /// Days before an order within which contacts are credited; of coupons, days that are compared.
    #[arg(long, default_value_t = 30)]
    lookback_days: u32,
    /// Messages alone are contacts, not visits.
    #[arg(long)]
    no_visits: bool,
    /// Money to be divided, relative to the present, 0.5 to 1.5.
    #[arg(long, default_value_t = 1.0, value_name = "SHARE")]
    budget: f64,
    /// People of a list at most.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// The people behind a number instead: reached, delivered, opened, clicked, converted, holdout, treated, credited, target, redeemed, anyway.
    #[arg(long, value_name = "WHICH")]
    people: Option<String>,
    /// Row of the number; everything together when absent.
    #[arg(long, value_name = "KEY", requires = "people")]
    key: Option<String>,
    /// Keep these people as a segment of this name.
    #[arg(long, value_name = "NAME", requires = "people")]
    save: Option<String>,
}

/// Which question about campaigns.
#[derive(Clone, Copy)]
pub(super) enum Of {
    Board,
    Attribution,
    Uplift,
    Budget,
    Coupons,
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "--".into(), |value| format!("{value:.2}"))
}

fn text(value: Option<&String>) -> String {
    value.map_or_else(|| "--".into(), Clone::clone)
}

impl Campaigns {
    pub(super) const fn does(&self) -> Does {
        match (&self.people, &self.save) {
            (_, Some(_)) => Does::Saves,
            (Some(_), None) => Does::People,
            (None, None) => Does::Numbers,
        }
    }

    fn asked(&self) -> Asked {
        Asked {
            by: Some(self.by.clone()),
            from: self.whose.from.clone(),
            to: self.whose.to.clone(),
            segment: self.whose.segment.clone(),
            purpose: self.whose.purpose.clone(),
            campaign: self.campaign.clone(),
            window_days: Some(self.window_days),
            before_days: Some(self.before_days),
            holdout_share: self.holdout_share,
            lookback_days: Some(self.lookback_days),
            visits: Some(!self.no_visits),
            budget: Some(self.budget),
            ..Asked::default()
        }
    }

    fn part(&self, of: Of, which: &str) -> Part {
        let of = match of {
            Of::Board if self.campaign.is_some() => "arm",
            Of::Board => "board",
            Of::Attribution => "attribution",
            Of::Uplift => "uplift",
            Of::Coupons => "coupons",
            Of::Budget => "budget",
        };
        Part { of: of.to_owned(), key: self.key.clone(), which: which.to_owned() }
    }

    pub(super) async fn run(&self, ctx: &Ctx, global: &Global, of: Of) -> Result<(), Failure> {
        if let Some(which) = &self.people {
            return self.people(ctx, global, &self.part(of, which)).await;
        }
        match of {
            Of::Board if self.campaign.is_some() => self.effect(ctx, global).await,
            Of::Board => self.board(ctx, global).await,
            Of::Attribution => self.attribution(ctx, global).await,
            Of::Uplift => self.uplift(ctx, global).await,
            Of::Budget => self.budget(ctx, global).await,
            Of::Coupons => self.coupons(ctx, global).await,
        }
    }

    /// Shows or keeps the people behind a number.
    async fn people(&self, ctx: &Ctx, global: &Global, part: &Part) -> Result<(), Failure> {
        let spec = self.asked().spec()?;
        if let Some(name) = &self.save {
            return kept(global, &save(ctx, &spec, part, name).await?);
        }
        listed(global, people(ctx, &spec, part, None, self.limit).await?)
    }

    async fn board(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let body = board_body(ctx, &self.asked().spec()?).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let line = |row: &CampaignRow, key: String| {
            [
                key,
                told(row.n_reached),
                told(row.n_delivered),
                told(row.n_opened),
                told(row.n_clicked),
                told(row.n_converted),
                told(row.n_orders),
                text(row.revenue.as_ref()),
                text(row.cost.as_ref()),
                percent(row.roi),
                text(row.cost_per_order.as_ref()),
                percent(row.effect.as_ref().map(|effect| effect.difference)),
                text(row.verdict.as_ref()),
            ]
        };
        let named = |row: &CampaignRow| match (&row.name, row.key.as_str()) {
            (Some(name), key) => format!("{key} {name}"),
            (None, "") => "-".to_owned(),
            (None, key) => key.to_owned(),
        };
        let rows = body.rows.iter().map(|row| line(row, named(row)));
        let total = std::iter::once(line(&body.total, "=".to_owned()));
        let header = [
            self.by.as_str(),
            "reached",
            "delivered",
            "opened",
            "clicked",
            "bought",
            "orders",
            "revenue",
            "cost",
            "roi",
            "per_order",
            "lift",
            "verdict",
        ];
        print_rows(global.format, header, rows.chain(total))?;
        say(global, &body.head, None)
    }

    async fn effect(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let body = effect_body(ctx, &self.asked().spec()?).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let is_zh = matches!(global.lang(), Lang::Zh);
        let advice = if is_zh { &body.advice_zh } else { &body.advice };
        let Some(lift) = &body.lift else { return say(global, &body.head, Some(advice)) };
        let line = |name: &str, effect: &Option<EffectBody>, is_share: bool| {
            let write = |value: f64| if is_share { percent(value) } else { number(Some(value)) };
            let of = |each: fn(&EffectBody) -> f64| effect.as_ref().map_or_else(|| "--".into(), |one| write(each(one)));
            let p = effect.as_ref().map_or_else(|| "--".into(), |one| format!("{:.4}", one.p));
            [
                name.to_owned(),
                of(|one| one.holdout),
                of(|one| one.treated),
                of(|one| one.difference),
                of(|one| one.low),
                of(|one| one.high),
                p,
            ]
        };
        let people = [
            "people".to_owned(),
            lift.n_holdout.to_string(),
            lift.n_treated.to_string(),
            "--".into(),
            "--".into(),
            "--".into(),
            lift.ratio_p.map_or_else(|| "--".into(), |p| format!("{p:.4}")),
        ];
        let rows = [
            people,
            line("bought", &lift.rate, true),
            line("spent", &lift.spend, false),
            line("spent_adjusted", &lift.adjusted, false),
        ];
        print_rows(global.format, ["what", "holdout", "treated", "difference", "low", "high", "p"], rows)?;
        say(global, &body.head, Some(advice))
    }

    async fn attribution(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let body = attribution_body(ctx, &self.asked().spec()?).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let credit = |credits: &[Option<crate::http::campaigns::CreditBody>], at: usize| {
            number(credits.get(at).and_then(Option::as_ref).map(|credit| credit.orders))
        };
        let line = |name: String, n: String, credits: &[Option<crate::http::campaigns::CreditBody>]| {
            [
                name,
                n,
                credit(credits, 0),
                credit(credits, 1),
                credit(credits, 2),
                credit(credits, 3),
                credit(credits, 4),
                credit(credits, 5),
                credit(credits, 6),
                credit(credits, 7),
            ]
        };
        let rows = body.channels.iter().map(|one| line(one.key.clone(), told(one.n_people), &one.credits));
        let nobody = std::iter::once(line("(none)".into(), told(body.n_nobody), &body.nobody));
        let header = [
            self.by.as_str(),
            "people",
            "first",
            "last",
            "last_non_direct",
            "linear",
            "u_shape",
            "time_decay",
            "markov",
            "shapley",
        ];
        print_rows(global.format, header, rows.chain(nobody))?;
        say(global, &body.head, None)
    }

    async fn uplift(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let body = uplift_body(ctx, &self.asked().spec()?).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let rows = body.tenths.iter().enumerate().map(|(at, tenth)| {
            [
                (at + 1).to_string(),
                tenth.n.to_string(),
                percent(tenth.said),
                percent(tenth.uplift),
                percent(tenth.low),
                percent(tenth.high),
                tenth.is_target.to_string(),
            ]
        });
        print_rows(global.format, ["tenth", "people", "said", "uplift", "low", "high", "is_target"], rows)?;
        say(global, &body.head, None)
    }

    async fn budget(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let body = budget_body(ctx, &self.asked().spec()?).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let rows = body.channels.iter().map(|one| {
            [
                one.channel.clone(),
                number(Some(one.present)),
                number(one.brings),
                number(one.margin),
                number(one.proposed),
                number(one.proposed_low),
                number(one.proposed_high),
            ]
        });
        print_rows(global.format, ["channel", "present", "brings", "one_more", "proposed", "low", "high"], rows)?;
        say(global, &body.head, None)
    }

    async fn coupons(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let body = coupons_body(ctx, &self.asked().spec()?).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let line = |row: &CouponRowBody, key: &str| {
            [
                key.to_owned(),
                told(row.n_issued),
                told(row.n_redeemed),
                percent(row.rate),
                told(row.n_uses),
                told(row.n_orders),
                text(row.revenue.as_ref()),
                text(row.discount.as_ref()),
                told(row.n_rhythm),
                told(row.n_anyway),
            ]
        };
        let rows = body.rows.iter().map(|row| line(row, if row.key.is_empty() { "-" } else { &row.key }));
        let total = std::iter::once(line(&body.total, "="));
        let header = [
            self.by.as_str(),
            "issued",
            "redeemed",
            "rate",
            "uses",
            "orders",
            "revenue",
            "discount",
            "with_rhythm",
            "due_anyway",
        ];
        print_rows(global.format, header, rows.chain(total))?;
        say(global, &body.head, None)
    }
}

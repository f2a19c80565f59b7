//! What is asked about campaigns: read once, with every mistake named.

use serde_json::{Value as Json, json};
use zhike_domain::analysis::Scope;

use crate::analysis::Mistakes;
use crate::{Error, Result};

/// What messages are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Each campaign.
    Campaign,
    /// Channel of the message, else that of its campaign.
    Channel,
    /// What the campaign was to reach.
    Strategy,
    /// What the message showed, where the messages say it.
    Creative,
    /// The coupon that the message carried.
    Coupon,
}

impl By {
    /// As it is written in a question.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Channel => "channel",
            Self::Strategy => "strategy",
            Self::Creative => "creative",
            Self::Coupon => "coupon",
        }
    }
}

/// What an answer to a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It was opened, or more.
    Opened,
    /// It was clicked, or more.
    Clicked,
    /// It was followed by what it was sent for.
    Converted,
}

impl Answered {
    /// As it is written in a question.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Converted => "converted",
        }
    }
}

/// A question about campaigns, as it arrives; what is absent is as usual.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// campaign, channel, strategy, creative, coupon.
    pub by: Option<String>,
    /// First day.
    pub from: Option<String>,
    /// Last day.
    pub to: Option<String>,
    /// Id of a segment.
    pub segment: Option<String>,
    /// Code of the purpose.
    pub purpose: Option<String>,
    /// Code of one campaign.
    pub campaign: Option<String>,
    /// Days after a message within which an order counts.
    pub window_days: Option<u32>,
    /// Days before of which spending is compared.
    pub before_days: Option<u32>,
    /// Share that was to be withheld.
    pub holdout_share: Option<f64>,
    /// Days before an order within which contacts are credited.
    pub lookback_days: Option<u32>,
    /// Whether visits are contacts, too.
    pub visits: Option<bool>,
    /// Money a week to be divided, relative to the present.
    pub budget: Option<f64>,
    /// opened, clicked, converted.
    pub answer: Option<String>,
    /// First hour of the day at which nothing is sent.
    pub quiet_from: Option<u32>,
    /// First hour at which it is again.
    pub quiet_until: Option<u32>,
    /// The one channel to write by.
    pub channel: Option<String>,
}

/// A question about campaigns.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Whose messages of which days.
    pub scope: Scope,
    /// What messages are counted by.
    pub by: By,
    /// One campaign.
    pub campaign: Option<String>,
    /// Days after a message within which an order counts.
    pub window_days: i64,
    /// Days before of which spending is compared.
    pub before_days: i64,
    /// Share that was to be withheld; as the campaign says when absent.
    pub holdout_share: Option<f64>,
    /// Days before an order within which contacts are credited.
    pub lookback_days: i64,
    /// Whether visits are contacts, too.
    pub visits: bool,
    /// Money a week to be divided, relative to the present.
    pub budget: f64,
    /// What an answer to a message is.
    pub answer: Answered,
    /// Hours of the day at which nothing is sent: from the first to before the second.
    pub quiet: (usize, usize),
    /// The one channel to write by; any when absent.
    pub channel: Option<String>,
}

impl Asked {
    /// The question.
    ///
    /// **Errors**: `bad_request`, with every mistake.
    pub fn spec(&self) -> Result<Spec> {
        let mut wrong = Mistakes::default();
        let by = match self.by.as_deref().unwrap_or("campaign") {
            "campaign" => By::Campaign,
            "channel" => By::Channel,
            "strategy" => By::Strategy,
            "creative" => By::Creative,
            "coupon" => By::Coupon,
            other => {
                wrong.tell(
                    format!("by {other:?} is not known: campaign, channel, strategy, creative or coupon"),
                    format!("不能按“{other}”分组：可用 campaign、channel、strategy、creative、coupon"),
                );
                By::Campaign
            }
        };
        let (from, to) = (wrong.day("from", self.from.as_deref()), wrong.day("to", self.to.as_deref()));
        let window_days = self.window_days.unwrap_or(7);
        wrong.within("window_days", f64::from(window_days), 1.0, 90.0);
        let before_days = self.before_days.unwrap_or(90);
        wrong.within("before_days", f64::from(before_days), 1.0, 730.0);
        let lookback_days = self.lookback_days.unwrap_or(30);
        wrong.within("lookback_days", f64::from(lookback_days), 1.0, 180.0);
        let budget = self.budget.unwrap_or(1.0);
        wrong.within("budget", budget, 0.5, 1.5);
        if let Some(share) = self.holdout_share {
            wrong.within("holdout_share", share, 0.01, 0.99);
        }
        let answer = match self.answer.as_deref().unwrap_or("opened") {
            "opened" => Answered::Opened,
            "clicked" => Answered::Clicked,
            "converted" => Answered::Converted,
            other => {
                wrong.tell(
                    format!("answer {other:?} is not known: opened, clicked or converted"),
                    format!("没有这种回应“{other}”：可用 opened、clicked、converted"),
                );
                Answered::Opened
            }
        };
        let quiet = (self.quiet_from.unwrap_or(22), self.quiet_until.unwrap_or(8));
        wrong.within("quiet_from", f64::from(quiet.0), 0.0, 23.0);
        wrong.within("quiet_until", f64::from(quiet.1), 0.0, 23.0);
        wrong.none()?;
        let some = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Ok(Spec {
            scope: Scope { from, to, segment: some(&self.segment), purpose: some(&self.purpose) },
            by,
            campaign: some(&self.campaign),
            window_days: window_days.into(),
            before_days: before_days.into(),
            holdout_share: self.holdout_share,
            lookback_days: lookback_days.into(),
            visits: self.visits.unwrap_or(true),
            budget,
            answer,
            quiet: (quiet.0 as usize, quiet.1 as usize),
            channel: some(&self.channel),
        })
    }
}

impl Spec {
    /// The question, as it would be stored.
    pub(super) fn json(&self) -> Json {
        json!({ "by": self.by.word(), "segment": self.scope.segment, "purpose": self.scope.purpose,
            "campaign": self.campaign, "window_days": self.window_days, "before_days": self.before_days,
            "holdout_share": self.holdout_share, "lookback_days": self.lookback_days, "visits": self.visits,
            "budget": self.budget, "answer": self.answer.word(), "quiet_from": self.quiet.0,
            "quiet_until": self.quiet.1, "channel": self.channel })
    }

    /// The one campaign that is asked about.
    ///
    /// **Errors**: `bad_request` without one.
    pub(super) fn one(&self) -> Result<&str> {
        self.campaign.as_deref().ok_or_else(|| Error::bad_request("name a campaign".into(), "请指定一个活动".into()))
    }
}

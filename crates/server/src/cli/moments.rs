//! `zhike analyze send-time`: when customers answer, whether choosing the hour helps, and the moment for each.

use clap::Args;
use zhike_engine::Ctx;
use zhike_engine::campaigns::{Asked, hour_of_week};

use super::analyze::{Does, Whose, say};
use super::{Failure, Format, Global, Lang};
use crate::http::moments::{HourRateBody, chosen_page, moments_body};
use crate::output::{percent, print_json, print_rows, told};

/// Of whose messages of which days.
#[derive(Args)]
pub(super) struct SendTime {
    #[command(flatten)]
    whose: Whose,
    /// What an answer is: opened, clicked, converted.
    #[arg(long, default_value = "opened")]
    answer: String,
    /// Hours at which nothing is sent.
    #[arg(long, value_name = "FROM-UNTIL", default_value = "22-8")]
    quiet: String,
    /// The one channel to write by.
    #[arg(long)]
    channel: Option<String>,
    /// Customers with a moment drawn for each instead; note the chance with each message as `propensity`.
    #[arg(long)]
    people: bool,
    /// Customers at most.
    #[arg(long, default_value_t = 50, requires = "people")]
    limit: usize,
}

/// An hour of the week.
fn hour(hour: usize, is_zh: bool) -> String {
    let (zh, en) = hour_of_week(hour);
    if is_zh { zh } else { en }
}

impl SendTime {
    pub(super) const fn does(&self) -> Does {
        if self.people { Does::People } else { Does::Numbers }
    }

    fn asked(&self) -> Result<Asked, Failure> {
        let bad = || Failure::new("write quiet hours as 22-8", "免打扰时段请写成 22-8");
        let (from, until) = self.quiet.split_once('-').ok_or_else(bad)?;
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| bad());
        Ok(Asked {
            from: self.whose.from.clone(),
            to: self.whose.to.clone(),
            segment: self.whose.segment.clone(),
            purpose: self.whose.purpose.clone(),
            answer: Some(self.answer.clone()),
            quiet_from: Some(number(from)?),
            quiet_until: Some(number(until)?),
            channel: self.channel.clone(),
            ..Asked::default()
        })
    }

    pub(super) async fn run(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let spec = self.asked()?.spec()?;
        let is_zh = matches!(global.lang(), Lang::Zh);
        if self.people {
            let page = chosen_page(ctx, &spec, None, self.limit).await?;
            if global.format == Format::Json {
                return print_json(&page);
            }
            let rows = page.items.iter().map(|one| {
                [
                    one.profile_id.clone(),
                    one.channel.clone().unwrap_or_default(),
                    hour(one.hour, is_zh),
                    format!("{:.6}", one.propensity),
                    percent(one.believed),
                ]
            });
            return Ok(print_rows(global.format, ["profile_id", "channel", "moment", "propensity", "believed"], rows)?);
        }
        let body = moments_body(ctx, &spec).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let channel =
            |at: usize| body.channels.get(at).and_then(|one| one.channel.clone()).unwrap_or_else(|| "--".into());
        let row = |kind: &str, one: &HourRateBody| {
            [
                kind.to_owned(),
                channel(one.channel),
                hour(one.hour, is_zh),
                one.n.to_string(),
                percent(one.n_answered as f64 / one.n.max(1) as f64),
                percent(one.believed),
                one.q.map_or_else(|| "--".into(), |q| format!("{q:.2e}")),
            ]
        };
        let nothing = || "--".to_owned();
        let mut rows: Vec<[String; 7]> = body
            .channels
            .iter()
            .map(|one| {
                let rate = one.n.zip(one.n_answered).map(|(n, answered)| percent(answered as f64 / n.max(1) as f64));
                let name = one.channel.clone().unwrap_or_else(nothing);
                ["channel".into(), name, nothing(), told(one.n), rate.unwrap_or_else(nothing), nothing(), nothing()]
            })
            .collect();
        rows.extend(body.best.iter().map(|one| row("best", one)));
        if global.format == Format::Csv {
            rows.extend(body.hours.iter().map(|one| row("hour", one)));
        }
        print_rows(global.format, ["kind", "channel", "hour", "n", "answered", "believed", "q"], rows)?;
        say(global, &body.head, None)
    }
}

//! `zhike analyze satisfaction`: scores of surveys and reviews, what moves them, what became of the dissatisfied.

use clap::Args;
use zhike_engine::Ctx;
use zhike_engine::satisfaction::{Ask, people, save};

use super::analyze::{Does, Whose, say};
use super::people::{kept, listed};
use super::{Failure, Format, Global, Lang};
use crate::http::satisfaction::{SatisfactionQuestion, ScoreBody, ScoreLoop, satisfaction_of, which};
use crate::output::{print_json, print_rows, told};

/// What was asked, of whom, when.
#[derive(Args)]
pub(super) struct Satisfaction {
    /// nps (0 to 10), csat, review (1 to 5).
    #[arg(long, default_value = "nps")]
    kind: String,
    #[command(flatten)]
    whose: Whose,
    /// day, week, month, quarter.
    #[arg(long, default_value = "month")]
    by: String,
    /// Taken apart by province, city, member_level, acquisition_channel.
    #[arg(long)]
    dimension: Option<String>,
    /// People instead: overdue, waiting, kept, late, dissatisfied, content.
    #[arg(long, value_name = "WHICH")]
    people: Option<String>,
    /// People at most.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Keep these people as a segment of this name.
    #[arg(long, value_name = "NAME", requires = "people")]
    save: Option<String>,
}

impl Satisfaction {
    pub(super) const fn does(&self) -> Does {
        match (&self.people, &self.save) {
            (_, Some(_)) => Does::Saves,
            (Some(_), None) => Does::People,
            (None, None) => Does::Numbers,
        }
    }

    fn ask(&self) -> Result<Ask, Failure> {
        let question = SatisfactionQuestion {
            kind: self.kind.clone(),
            from: self.whose.from.clone(),
            to: self.whose.to.clone(),
            segment: self.whose.segment.clone(),
            purpose: self.whose.purpose.clone(),
            by: Some(self.by.clone()),
            dimension: self.dimension.clone(),
        };
        Ok(question.ask()?)
    }

    pub(super) async fn run(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let ask = self.ask()?;
        let is_zh = matches!(global.lang(), Lang::Zh);
        if let Some(word) = &self.people {
            return self.people(ctx, global, &ask, word).await;
        }
        let body = satisfaction_of(ctx, &ask).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let number = |number: Option<f64>| number.map_or_else(|| "--".to_owned(), |number| format!("{number:.1}"));
        let row = |kind: &str, name: String, scored: &ScoreBody| {
            [kind.to_owned(), name, told(scored.n), number(scored.score), number(scored.low), number(scored.high)]
        };
        let none = if is_zh { "（未填）" } else { "(not given)" };
        let mut rows = vec![row("all", String::new(), &body.all), row("before", String::new(), &body.before)];
        rows.extend(body.periods.iter().map(|one| row("period", one.period.clone(), &one.scored)));
        let named = |value: &Option<String>| value.clone().unwrap_or_else(|| none.to_owned());
        rows.extend(body.groups.iter().map(|one| row("group", named(&one.value), &one.scored)));
        rows.extend(body.drivers.iter().map(|one| {
            let ends = [one.differs.low, one.differs.high].map(|end| format!("{end:+.1}"));
            let [low, high] = ends;
            ["topic".into(), one.topic.clone(), one.n.to_string(), format!("{:.1}", one.score), low, high]
        }));
        rows.extend(looped(&body.answered));
        print_rows(global.format, ["kind", "name", "n", "score", "low", "high"], rows)?;
        say(global, &body.head, None)
    }

    async fn people(&self, ctx: &Ctx, global: &Global, ask: &Ask, word: &str) -> Result<(), Failure> {
        let which = which(word)?;
        match &self.save {
            Some(name) => kept(global, &save(ctx, ask, which, name).await?),
            None => listed(global, people(ctx, ask, which, None, self.limit).await?),
        }
    }
}

/// What became of the dissatisfied, a row each.
fn looped(answered: &ScoreLoop) -> Vec<[String; 6]> {
    let counts = [
        ("dissatisfied", answered.n),
        ("kept", answered.n_kept),
        ("late", answered.n_late),
        ("waiting", answered.n_waiting),
        ("overdue", answered.n_overdue),
        ("unknown", answered.n_unknown),
    ];
    let row = |(name, n): (&str, Option<u64>)| {
        let nothing = || "--".to_owned();
        ["loop".into(), name.into(), told(n), nothing(), nothing(), nothing()]
    };
    counts.map(row).into()
}

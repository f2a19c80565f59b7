//! `zhike analyze baskets|next|needs|recommend`: what is bought together, what is bought next, what customers need and will
//! want.

use std::io::Write;

use clap::Args;
use zhike_domain::id::ProfileId;
use zhike_engine::Ctx;
use zhike_engine::goods::{Asked, people, save};

use super::analyze::{Does, Whose, say};
use super::people::{kept, listed};
use super::{Failure, Format, Global, Lang};
use crate::http::goods::{GoodBody, for_person_body, needs_body, next_body, part, recommendations_body, together_body};
use crate::output::{percent, print_json, print_rows, told};

/// Of which goods, whose, when, and what is wanted of the answer.
#[derive(Args)]
pub(super) struct Question {
    /// product, category, brand.
    #[arg(long, default_value = "product")]
    level: String,
    #[command(flatten)]
    whose: Whose,
    /// Least confidence, 0 to 1.
    #[arg(long)]
    min_confidence: Option<f64>,
    /// Least lift; below 1, what chance explains is shown too.
    #[arg(long)]
    min_lift: Option<f64>,
    /// Rows at most.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// The people behind a rule instead: who bought all of it, or who bought the left side and not the right one (both, left).
    #[arg(long, value_name = "WHICH", requires = "then")]
    people: Option<String>,
    /// A good on the left of the rule, by id, or a condition of a need; several times for several.
    #[arg(long, value_name = "GOOD")]
    bought: Vec<String>,
    /// The good on the right of the rule, by id.
    #[arg(long, value_name = "GOOD")]
    then: Option<String>,
    /// Keep these people as a segment of this name.
    #[arg(long, value_name = "NAME", requires = "people")]
    save: Option<String>,
}

/// What is bought together.
#[derive(Args)]
pub(super) struct Baskets {
    /// order: an order is a basket; customer: all that somebody bought is one.
    #[arg(long, default_value = "order")]
    basket: String,
    /// Fewest baskets of a rule; five, or one in a thousand, when absent.
    #[arg(long)]
    min_baskets: Option<u32>,
    /// Most goods of a rule.
    #[arg(long, default_value_t = 3)]
    max_goods: usize,
    #[command(flatten)]
    question: Question,
}

/// What is bought next.
#[derive(Args)]
pub(super) struct Next {
    /// Most days from the one to the other.
    #[arg(long, default_value_t = 90)]
    max_gap_days: u32,
    /// Fewest customers of a pair; five, or one in 500, when absent.
    #[arg(long)]
    min_customers: Option<u32>,
    #[command(flatten)]
    question: Question,
}

/// What customers need; `--people` without `--bought` is those who have not had the good and may take it next.
#[derive(Args)]
pub(super) struct Needs {
    #[command(flatten)]
    question: Question,
}

/// What customers will want.
#[derive(Args)]
pub(super) struct Recommend {
    /// Goods for this customer, with reasons, instead of how good the methods are.
    #[arg(long, value_name = "ID")]
    customer: Option<ProfileId>,
    /// Goods of each list at most.
    #[arg(long, default_value_t = 5, requires = "customer")]
    limit: usize,
}

impl Question {
    fn asked(&self) -> Asked {
        Asked {
            level: Some(self.level.clone()),
            from: self.whose.from.clone(),
            to: self.whose.to.clone(),
            segment: self.whose.segment.clone(),
            purpose: self.whose.purpose.clone(),
            min_confidence: self.min_confidence,
            min_lift: self.min_lift,
            limit: self.people.is_none().then_some(self.limit),
            ..Asked::default()
        }
    }

    const fn does(&self) -> Does {
        match (&self.people, &self.save) {
            (_, Some(_)) => Does::Saves,
            (Some(_), None) => Does::People,
            (None, None) => Does::Numbers,
        }
    }

    /// Shows or keeps the people behind a rule; whether they were asked for.
    async fn people(&self, ctx: &Ctx, global: &Global, asked: &Asked, of: &str) -> Result<bool, Failure> {
        let (Some(which), Some(then)) = (&self.people, &self.then) else { return Ok(false) };
        let spec = asked.spec()?;
        let part = part(of, self.bought.clone(), then.clone(), which)?;
        match &self.save {
            Some(name) => kept(global, &save(ctx, &spec, &part, name).await?)?,
            None => listed(global, people(ctx, &spec, &part, None, self.limit).await?)?,
        }
        Ok(true)
    }
}

fn good(good: &GoodBody) -> String {
    good.name.as_ref().map_or_else(|| good.id.clone(), |name| format!("{} {name}", good.id))
}

impl Baskets {
    pub(super) const fn does(&self) -> Does {
        self.question.does()
    }

    pub(super) async fn run(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let asked = Asked {
            basket: Some(self.basket.clone()),
            min_baskets: self.min_baskets,
            max_goods: Some(self.max_goods),
            ..self.question.asked()
        };
        if self.question.people(ctx, global, &asked, "together").await? {
            return Ok(());
        }
        let body = together_body(ctx, &asked.spec()?).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let rows = body.rules.iter().map(|rule| {
            let bought: Vec<String> = rule.antecedent.iter().map(good).collect();
            [
                bought.join(" + "),
                good(&rule.consequent),
                rule.n_both.to_string(),
                rule.n_antecedent.to_string(),
                rule.n_consequent.to_string(),
                percent(rule.support),
                percent(rule.confidence),
                format!("{:.2}", rule.lift),
                format!("{:.0}", rule.n_beyond),
                format!("{:.2e}", rule.q),
                told(rule.n_left),
            ]
        });
        let header = [
            "bought",
            "and",
            "n_both",
            "n_bought",
            "n_and",
            "support",
            "confidence",
            "lift",
            "beyond_chance",
            "q",
            "not_yet",
        ];
        print_rows(global.format, header, rows)?;
        say(global, &body.head, None)
    }
}

impl Next {
    pub(super) const fn does(&self) -> Does {
        self.question.does()
    }

    pub(super) async fn run(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let asked =
            Asked { max_gap_days: Some(self.max_gap_days), min_customers: self.min_customers, ..self.question.asked() };
        if self.question.people(ctx, global, &asked, "next").await? {
            return Ok(());
        }
        let body = next_body(ctx, &asked.spec()?).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let rows = body.pairs.iter().map(|pair| {
            [
                good(&pair.first),
                good(&pair.next),
                pair.n_people.to_string(),
                pair.n_first.to_string(),
                pair.n_both.to_string(),
                told(pair.n_reverse),
                percent(pair.confidence),
                format!("{:.2}", pair.lift),
                format!("{:.0}", pair.n_beyond),
                format!("{:.2e}", pair.q),
                format!("{}-{}-{}", pair.gap_early_days, pair.gap_days, pair.gap_late_days),
                told(pair.n_left),
            ]
        });
        let header = [
            "first",
            "next",
            "people",
            "n_first",
            "n_both",
            "n_reverse",
            "confidence",
            "lift",
            "beyond_chance",
            "q",
            "days",
            "not_yet",
        ];
        print_rows(global.format, header, rows)?;
        say(global, &body.head, None)
    }
}

impl Needs {
    pub(super) const fn does(&self) -> Does {
        self.question.does()
    }

    pub(super) async fn run(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let asked = self.question.asked();
        let of = if self.question.bought.is_empty() { "extension" } else { "need" };
        if self.question.people(ctx, global, &asked, of).await? {
            return Ok(());
        }
        let body = needs_body(ctx, &asked.spec()?).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let is_zh = matches!(global.lang(), Lang::Zh);
        let word = |zh: &str, en: &str| if is_zh { zh.to_owned() } else { en.to_owned() };
        let nothing = || "--".to_owned();
        let rules = body.rules.iter().map(|rule| {
            let conditions: Vec<&str> =
                rule.conditions.iter().map(|each| if is_zh { &*each.zh } else { &*each.en }).collect();
            let holds = if rule.holds { word("经得起检验", "holds") } else { word("说不准", "unclear") };
            let share = rule.n_bought as f64 / rule.n_graded.max(1) as f64;
            [
                holds,
                good(&rule.good),
                conditions.join(if is_zh { "，" } else { ", " }),
                rule.n_graded.to_string(),
                percent(share),
                percent(rule.usual),
                format!("{:.2}", rule.lift),
                told(rule.n_people),
                told(rule.n_without),
            ]
        });
        let extension = body.extension.iter().map(|one| {
            let people = told(one.n_people);
            let [a, b, c, d, e] = std::array::from_fn(|_| nothing());
            [word("可拓展", "extension"), good(&one.good), a, b, c, d, e, people.clone(), people]
        });
        let header = ["kind", "good", "conditions", "n_graded", "bought", "usual", "lift", "people", "not_yet"];
        print_rows(global.format, header, rules.chain(extension))?;
        say(global, &body.head, None)
    }
}

impl Recommend {
    pub(super) const fn is_of_person(&self) -> bool {
        self.customer.is_some()
    }

    pub(super) async fn run(&self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        let is_zh = matches!(global.lang(), Lang::Zh);
        match self.customer {
            Some(customer) => self.of_person(ctx, global, customer, is_zh).await,
            None => grades(ctx, global, is_zh).await,
        }
    }

    async fn of_person(&self, ctx: &Ctx, global: &Global, customer: ProfileId, is_zh: bool) -> Result<(), Failure> {
        let body = for_person_body(ctx, customer, self.limit).await?;
        if global.format == Format::Json {
            return print_json(&body);
        }
        let word = |zh: &str, en: &str| if is_zh { zh.to_owned() } else { en.to_owned() };
        let again = body.again.iter().map(|one| {
            let reason = if is_zh { &one.reason.zh } else { &one.reason.en };
            [word("又该买了", "again"), good(&one.good), reason.clone()]
        });
        let fresh = body.fresh.iter().map(|one| {
            let reasons: Vec<&str> = one.reasons.iter().map(|each| if is_zh { &*each.zh } else { &*each.en }).collect();
            [word("可能想要", "new"), good(&one.good), reasons.join(if is_zh { "；" } else { "; " })]
        });
        let need = body.need.iter().map(|one| {
            let reasons: Vec<&str> = one.reasons.iter().map(|each| if is_zh { &*each.zh } else { &*each.en }).collect();
            [word("需要的品类", "need"), good(&one.good), reasons.join("")]
        });
        let extension = body.extension.iter().map(|one| [word("可拓展的品类", "extension"), good(one), String::new()]);
        print_rows(global.format, ["list", "good", "why"], again.chain(fresh).chain(need).chain(extension))?;
        let note = match (body.is_refused, body.status.as_str()) {
            (true, _) => {
                Some(word("这位客户不同意画像，不作推荐。", "This customer refused profiling: nothing is recommended."))
            }
            (false, "withheld") => Some(word(
                "推荐已停用，新商品按畅销榜给出。",
                "Recommendation is withheld: of new goods, best sellers are listed.",
            )),
            _ => None,
        };
        if let Some(note) = note.filter(|_| global.format == Format::Table) {
            writeln!(std::io::stdout(), "{note}")?;
        }
        Ok(())
    }
}

async fn grades(ctx: &Ctx, global: &Global, is_zh: bool) -> Result<(), Failure> {
    let body = recommendations_body(ctx).await?;
    if global.format == Format::Json {
        return print_json(&body);
    }
    let number = |value: Option<f64>| value.map_or_else(|| "--".into(), |value| format!("{value:.4}"));
    let rows = body.methods.iter().map(|one| {
        let (any, fresh) = (one.any.as_ref(), one.fresh.as_ref());
        [
            if is_zh { &one.name_zh } else { &one.name }.clone(),
            number(fresh.map(|grades| grades.ndcg)),
            number(fresh.map(|grades| grades.ndcg_error)),
            number(fresh.map(|grades| grades.precision)),
            number(fresh.map(|grades| grades.coverage)),
            number(fresh.map(|grades| grades.popularity_lift)),
            number(any.map(|grades| grades.ndcg)),
            number(any.map(|grades| grades.precision)),
            one.is_best_fresh.to_string(),
        ]
    });
    let header = [
        "method",
        "new_ndcg",
        "error",
        "new_precision",
        "coverage",
        "popularity_lift",
        "any_ndcg",
        "any_precision",
        "is_used",
    ];
    print_rows(global.format, header, rows)?;
    if global.format == Format::Table {
        writeln!(std::io::stdout(), "{}", if is_zh { &body.meaning_zh } else { &body.meaning })?;
    }
    Ok(())
}

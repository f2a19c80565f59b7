//! `zhike grade`.

use std::process::ExitCode;

use clap::Subcommand;
use zhike_engine::{Ctx, grades};

use super::{Failure, Format, Global, Outcome};
use crate::http::grades::{DeclaredGrade, PropertyGrade};
use crate::output::{print_json, print_rows};

/// Classes and grades of the properties of events and of traits; what nobody has graded has grade 4.
#[derive(Subcommand)]
pub(super) enum Grade {
    /// List the properties that there are with their grades, and what they might be.
    List,
    /// Declare the grade of a property.
    Set {
        /// Property or trait.
        property: String,
        /// 1 to 4; 0 takes the declaration away.
        grade: u8,
        /// technical, behaviour, commerce, attribute, location, identity, sensitive, text, unknown.
        #[arg(long)]
        class: Option<String>,
        /// Of this source alone.
        #[arg(long)]
        source: Option<String>,
        /// Of this event alone; `$traits` for traits.
        #[arg(long)]
        event: Option<String>,
    },
}

impl Grade {
    pub(super) async fn run(self, global: &Global) -> Outcome {
        global.with(async |ctx| self.carry_out(ctx, global).await).await.map(|()| ExitCode::SUCCESS)
    }

    async fn carry_out(self, ctx: &Ctx, global: &Global) -> Result<(), Failure> {
        if let Self::Set { property, grade, class, source, event } = self {
            let grade = Some(grade).filter(|grade| *grade > 0);
            let one = DeclaredGrade { source, event, property, class, grade };
            let change = one.change().map_err(|(en, zh)| Failure::new(en, zh))?;
            grades::declare(ctx, &global.by(), &[change]).await?;
        }
        let all = grades::list(ctx).await?.into_iter().map(PropertyGrade::from);
        if global.format == Format::Json {
            return print_json(&all.collect::<Vec<_>>());
        }
        let none = || String::from("--");
        let rows = all.map(|one| {
            let suggested = one.suggested_class.zip(one.suggested_grade);
            let suggested = suggested.map_or_else(none, |(class, grade)| format!("{class} {grade}"));
            let source = one.source.unwrap_or_else(none);
            let (grade, n) = (one.grade.to_string(), one.n_values.to_string());
            [source, one.event, one.property, one.class, grade, one.origin, n, suggested]
        });
        let header = ["source", "event", "property", "class", "grade", "declared by", "values", "suggested"];
        print_rows(global.format, header, rows)?;
        Ok(())
    }
}

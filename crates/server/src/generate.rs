//! `zhike gen`: documents made from the code, so that they cannot be out of date.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use zhike_domain::frame::ColumnType;
use zhike_domain::grade::class_of_column;
use zhike_domain::tables::{Home, TABLES};

use crate::cli::{Failure, Outcome};

/// Writes generated documents below a folder.
#[derive(Args)]
pub(crate) struct Gen {
    /// Root of the repository.
    #[arg(default_value = ".")]
    root: PathBuf,
}

impl Gen {
    pub(crate) fn run(self) -> Outcome {
        let openapi = crate::http::openapi()
            .to_pretty_json()
            .map_err(|error| Failure::new(format!("OpenAPI: {error}"), format!("OpenAPI：{error}")))?;
        write(&self.root, "console/openapi.json", &(openapi + "\n"))?;
        write(&self.root, "docs/errors.md", &zhike_domain::error_code::markdown())?;
        write(&self.root, "docs/tables.md", &tables())?;
        Ok(ExitCode::SUCCESS)
    }
}

fn write(root: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = root.join(name);
    std::fs::write(&path, text).map_err(|error| {
        let path = path.display();
        Failure::new(format!("cannot write {path}: {error}"), format!("无法写入 {path}：{error}"))
    })
}

fn tables() -> String {
    let mut text = String::from(
        "# Tables\n\nMade by `make gen` from `crates/domain/src/tables.rs`. Grades: 1 aggregates and catalogue, 2 behaviour \
         under a pseudonym, 3 personal, 4 sensitive personal; grades 3 and 4 appear masked. Classes say what a column is \
         about: budgets may name them.\n",
    );
    for table in TABLES {
        let home = match table.home {
            Home::State => "state".to_owned(),
            Home::Lake { partition: None, .. } => "lake".to_owned(),
            Home::Lake { partition: Some(column), .. } => format!("lake, partitioned by `{column}`"),
        };
        let _ = writeln!(
            text,
            "\n## {}\n\n{} ({home}).\n\n| column | type | class | grade | meaning |\n|---|---|---|---|---|",
            table.name, table.doc
        );
        for column in table.columns {
            let kind = match column.kind {
                ColumnType::Text | ColumnType::Sensitive => "TEXT".to_owned(),
                ColumnType::Int => "BIGINT".to_owned(),
                ColumnType::Decimal(places) => format!("DECIMAL(18,{places})"),
                ColumnType::Instant => "TIMESTAMP (UTC)".to_owned(),
                ColumnType::Day => "DATE".to_owned(),
                ColumnType::Bool => "BOOLEAN".to_owned(),
                ColumnType::Float => "DOUBLE".to_owned(),
            };
            let class = class_of_column(table.name, column.name).as_str();
            let _ = writeln!(text, "| `{}` | {kind} | {class} | {} | {} |", column.name, column.grade, column.doc);
        }
    }
    text
}

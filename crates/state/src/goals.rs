//! Goals: what a figure shall be over some days, with who said so.

use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// A goal.
    KpiGoalRow {
        /// Figure.
        kpi: String,
        /// First day, since 1970.
        from_on: i64,
        /// Last day.
        to_on: i64,
        /// The number wanted, in millionths.
        value_micro: i64,
        /// Who set it.
        author: String,
        /// When, in microseconds.
        set_at: i64,
    }
}

impl Store {
    /// Sets a goal, in place of the one for the same days.
    #[boxed]
    pub async fn set_kpi_goal(&self, row: KpiGoalRow) -> Result<()> {
        let mut tx = self.data.begin("set_kpi_goal", row.kpi.clone()).await?;
        tx.bulk(
            "INSERT INTO kpi_goals ({columns}) {rows} ON CONFLICT (kpi, from_on, to_on) DO UPDATE SET \
             value_micro = excluded.value_micro, author = excluded.author, set_at = excluded.set_at",
            &[row],
        )
        .await?;
        tx.commit().await
    }

    /// Takes a goal away; says whether it was there.
    #[boxed]
    pub async fn remove_kpi_goal(&self, kpi: &str, from_on: i64, to_on: i64) -> Result<bool> {
        let mut tx = self.data.begin("remove_kpi_goal", kpi.to_owned()).await?;
        let n = tx
            .run(
                "DELETE FROM kpi_goals WHERE kpi = $1 AND from_on = $2 AND to_on = $3",
                &[kpi.arg(), from_on.arg(), to_on.arg()],
            )
            .await?;
        tx.commit().await?;
        Ok(n > 0)
    }

    /// All goals, by figure and first day.
    #[boxed]
    pub async fn kpi_goals(&self) -> Result<Vec<KpiGoalRow>> {
        self.data
            .read("kpi_goals", "goals")
            .all("SELECT {columns} FROM kpi_goals ORDER BY kpi, from_on, to_on", &[])
            .await
    }
}

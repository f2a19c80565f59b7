//! The table `consents`, for SQL.

use zhike_domain::frame::{Column, ColumnType, Frame};
use zhike_state::SaidRow;

use crate::{Ctx, Result};

/// Every statement with the customer of today.
pub(crate) async fn table(ctx: &Ctx) -> Result<Frame> {
    let rows = ctx.store().consents().await?;
    let nums = |of: fn(&SaidRow) -> i64| Column::Num(rows.iter().map(|row| Some(of(row))).collect());
    let texts = |of: fn(&SaidRow) -> &str| Column::Text(rows.iter().map(|row| Some(of(row))).collect());
    Ok(Frame::new(rows.len())
        .with("profile_id", ColumnType::Int, nums(|row| row.profile_id))
        .with("purpose", ColumnType::Text, texts(|row| &row.purpose))
        .with("granted", ColumnType::Bool, nums(|row| row.granted))
        .with("policy_version", ColumnType::Text, texts(|row| &row.policy_version))
        .with("channel", ColumnType::Text, texts(|row| &row.channel))
        .with("at", ColumnType::Instant, nums(|row| row.at))
        .with("evidence", ColumnType::Text, texts(|row| &row.evidence)))
}

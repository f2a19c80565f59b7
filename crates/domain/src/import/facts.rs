//! Finishing rows of events, service contacts, feedback, campaigns and messages.

use super::accept::Plan;
use super::entity::Entity;
use super::orders::{refuse_negative, settle_currency};
use super::people::require_identity;
use super::words::{read_arm, read_outcome};
use super::work::Work;
use crate::clean::Reason;
use crate::frame::{ColumnType, NumColumn, TextColumn};

/// Finishes a row by its entity.
pub(super) fn finish(plan: &mut Plan, work: &mut Work<'_>) {
    match plan.entity {
        Entity::Events => {
            settle_currency(plan, work);
            drop(work.frame.remove("original_amount"));
        }
        Entity::Interactions => finish_interactions(work),
        Entity::Feedback => default_text("kind", plan.default_kind, work),
        Entity::Campaigns => {
            refuse_negative("cost", 2, work);
            refuse_negative("budget", 2, work);
            settle_currency(plan, work);
            drop(work.frame.remove("original_amount"));
        }
        Entity::Touches => {
            read_words("outcome", read_outcome, plan.default_kind, work);
            read_words("arm", read_arm, "treated", work);
            require_identity(work);
        }
        _ => {}
    }
}

fn finish_interactions(work: &mut Work<'_>) {
    // Times to the first reply were read as durations, told by their sign.
    if let Some(replies) = work.take_num("first_reply_at") {
        let replies: NumColumn = {
            let opened = work.frame.num("opened_at");
            let instant = |(row, value): (usize, Option<i64>)| match value {
                Some(value) if value < 0 => opened?.get(row)?.checked_add(-1 - value),
                value => value,
            };
            replies.iter().enumerate().map(instant).collect()
        };
        work.set_num("first_reply_at", ColumnType::Instant, replies);
    }
    default_text("kind", "ticket", work);
}

/// A word where the column says nothing.
fn default_text(name: &str, default: &str, work: &mut Work<'_>) {
    let column = work.take_text(name);
    let filled: TextColumn =
        (0..work.n_rows).map(|row| column.as_ref().and_then(|column| column.get(row)).or(Some(default))).collect();
    work.set_text(name, filled);
}

/// Reads a column's words into ours; an unknown one gives the row up.
fn read_words(name: &str, read: fn(&str) -> Option<&'static str>, default: &'static str, work: &mut Work<'_>) {
    let Some(column) = work.take_text(name) else {
        return default_text(name, default, work);
    };
    let mut words = TextColumn::with_capacity(work.n_rows, work.n_rows * 8);
    for row in 0..work.n_rows {
        match column.get(row) {
            None => words.push(Some(default)),
            Some(text) => {
                let word = read(text);
                if word.is_none() {
                    work.reject_target(row, Reason::UnknownStatus, name, &super::work::shown(text));
                }
                words.push(word);
            }
        }
    }
    work.set_text(name, words);
}

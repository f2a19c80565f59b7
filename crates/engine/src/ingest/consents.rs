//! What messages say about purposes: a trait `consent_<purpose>` with yes or no is a statement of whoever it is about.
//!
//! The message is the evidence. Two separate consents in one message would rest on one and the same tick: neither is
//! recorded (INV-CONSENT-4); what is taken back always is.

use std::collections::BTreeMap;

use serde_json::Value;
use zhike_domain::collect::message::Message;
use zhike_domain::consent::{Purpose, read_granted};
use zhike_state::{ConsentRow, IngestCommit};

use super::Heard;
use super::people::People;
use crate::consents::{NewStatement, purposes, rows};
use crate::{Ctx, Result};

/// What stands before the code of a purpose in the name of a trait.
const PREFIX: &str = "consent_";

/// Adds the statements of a batch to what it commits.
pub(super) async fn apply(ctx: &Ctx, heard: &[Heard], people: &People, commit: &mut IngestCommit) -> Result<()> {
    let says =
        |message: &Message| message.kind.states_traits() && message.traits.keys().any(|key| key.starts_with(PREFIX));
    let speaking: Vec<&Heard> = heard.iter().filter(|one| says(&one.message)).collect();
    if speaking.is_empty() {
        return Ok(());
    }
    let purposes = purposes(ctx).await?;
    // The key of the table: what is said twice in a batch is one statement.
    let mut new: BTreeMap<(i64, String, i64, i64, String), ConsentRow> = BTreeMap::new();
    for one in speaking {
        let Some(identity) = people.subject(one) else { continue };
        let said = said(ctx, &one.message, &purposes, &one.source.name);
        let taken_back = || said.iter().filter(|one| !one.granted).cloned().collect::<Vec<_>>();
        let made = rows(ctx, &purposes, identity, &said, &one.source.name).or_else(|error| {
            tracing::warn!(source = %one.source.name, code = error.code.as_str(), "consents of a message do not stand");
            rows(ctx, &purposes, identity, &taken_back(), &one.source.name)
        });
        for row in made.into_iter().flatten() {
            let key = (row.identity_id, row.purpose.clone(), row.at, row.granted, row.evidence.clone());
            new.insert(key, row);
        }
    }
    commit.load.consents.extend(new.into_values());
    Ok(())
}

/// Words of a sender, as they are kept.
fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(100).collect()
}

fn said(ctx: &Ctx, message: &Message, purposes: &[Purpose], source: &str) -> Vec<NewStatement> {
    let granted = |value: &Value| match value {
        Value::Bool(granted) => Some(*granted),
        Value::String(text) => read_granted(text),
        Value::Number(number) => read_granted(&number.to_string()),
        _ => None,
    };
    let stamp = message.stamp();
    let of = |(key, value): (&String, &Value)| {
        let code = key.strip_prefix(PREFIX)?;
        purposes.iter().find(|purpose| purpose.code == code && !purpose.basis.is_duty())?;
        Some(NewStatement {
            purpose: code.to_owned(),
            granted: granted(value)?,
            // A clock that runs ahead says nothing about the future.
            at: Some(stamp.0.min(ctx.now())),
            policy_version: None,
            channel: short(message.context.channel.as_deref().unwrap_or(source)),
            evidence: short(&stamp.1),
            by_guardian: false,
        })
    };
    message.traits.iter().filter_map(of).collect()
}

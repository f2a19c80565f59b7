//! What a second person approved: the definitions that decide whom a file names and what it holds, in one fingerprint.
//!
//! Facts go on between the approval and its use: the newest are given, of no more people than were approved. Definitions may
//! not: rule, segments and tags in it, members of lists, scores, columns, purpose, form of the file.

use std::collections::BTreeSet;

use serde_json::json;
use zhike_domain::audience::{Leaf, Rule};
use zhike_vault::Vault;

use super::{Export, From};
use crate::backup::hex;
use crate::segments::{self, Members, numbers, rule_or_list};
use crate::{Ctx, Result, boxed, refresh, tags};

/// A definition by which people are chosen, or a column of which is given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depends {
    Segment(String),
    Tag(String),
    Scores,
}

/// What conditions look at that has a definition.
pub(super) fn of_rule(rule: &Rule) -> Vec<Depends> {
    of_leaves(rule.leaves())
}

fn of_leaves<'a>(leaves: impl IntoIterator<Item = &'a Leaf>) -> Vec<Depends> {
    let depends = |leaf: &Leaf| match leaf {
        Leaf::Member(id, _) => Some(Depends::Segment(id.clone())),
        Leaf::Tag(key, _) => Some(Depends::Tag(key.clone())),
        Leaf::Score(..) => Some(Depends::Scores),
        _ => None,
    };
    leaves.into_iter().filter_map(depends).collect()
}

impl Export {
    /// The fingerprint, as hexadecimal digits.
    #[boxed]
    pub async fn print(&self, ctx: &Ctx, format: &str) -> Result<String> {
        let columns: Vec<&str> = self.heads.iter().map(|head| head.key.as_str()).collect();
        let mut open = self.depends.clone();
        open.extend(columns.iter().filter_map(|key| key.strip_prefix("tags.")).map(|tag| Depends::Tag(tag.to_owned())));
        let mut seen: BTreeSet<Depends> = BTreeSet::new();
        let mut versions = BTreeSet::new();
        while let Some(next) = open.pop() {
            if !seen.insert(next.clone()) {
                continue;
            }
            match next {
                Depends::Scores => drop(versions.insert(format!("scores {}", refresh::rules(ctx).await?.1))),
                Depends::Tag(key) => {
                    // Of a tag that people put, each value is a fact.
                    if let Ok(defined) = tags::get(ctx, &key).await {
                        versions.insert(format!("tag {key} {}", defined.tag.to_json()));
                        open.extend(of_leaves(&defined.tag.leaves()));
                    }
                }
                Depends::Segment(id) => {
                    let segment = segments::get(ctx, &id).await?;
                    versions.insert(format!("segment {} {}", segment.id, segment.version));
                    match rule_or_list(ctx, &segment.id.to_string()).await? {
                        Members::Rule(rule) => open.extend(of_rule(&rule)),
                        Members::List(list) => {
                            let mut ids = numbers(&ctx.lake().members(list, None).await?, "profile_id");
                            ids.sort_unstable();
                            let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
                            versions.insert(format!("list {} {}", segment.id, hex(&Vault::digest(&bytes))));
                        }
                    }
                }
            }
        }
        let kind = match &self.source {
            From::Customers { since, .. } => {
                if since.is_some() {
                    "members"
                } else {
                    "customers"
                }
            }
            From::Orders(_) => "orders",
            From::Quarantine { .. } => "quarantine",
        };
        let what = json!({
            "kind": kind, "of": self.subject, "rule": self.rule, "columns": columns, "versions": versions,
            "purpose": self.request.purpose, "format": format, "zh": self.request.is_zh,
        });
        Ok(hex(&Vault::digest(what.to_string().as_bytes())))
    }
}

//! Questions about the people of a batch: whose a message is, who owns what when, whom anything changed for.

use std::collections::{BTreeSet, HashMap};

use super::{Node, People, key_of};
use crate::ingest::Heard;
use crate::{Ctx, Result};

impl People {
    /// The identity that a message is filed under: its strongest known id, else its first anonymous one.
    pub(in crate::ingest) fn subject(&self, heard: &Heard) -> Option<i64> {
        let known = heard.message.identities.iter().filter(|id| !id.is_anonymous());
        let strongest = match heard.message.kind {
            zhike_domain::collect::message::Kind::Alias => known.into_iter().next(),
            _ => known.min_by_key(|id| id.kind.strength()),
        };
        let identity = strongest.or(heard.message.identities.first())?;
        self.by_value.get(&key_of(identity, &heard.source.name)).copied()
    }

    /// The visitor or device that a message comes from; whom it is about when it names none, as back ends do.
    pub(in crate::ingest) fn visitor(&self, heard: &Heard) -> Option<i64> {
        match heard.message.identities.iter().find(|id| id.is_anonymous()) {
            Some(visitor) => self.by_value.get(&key_of(visitor, &heard.source.name)).copied(),
            None => self.subject(heard),
        }
    }

    /// The profile that facts of an identity at an instant belong to; `None` when it identifies nobody.
    pub(in crate::ingest) fn owner_at(&self, identity: i64, at: i64) -> Option<i64> {
        let node = self.nodes.get(&identity)?;
        if node.is_aside {
            return None;
        }
        match self.spans.get(&identity) {
            Some(spans) => {
                let after = spans.partition_point(|(since, _)| *since <= at);
                Some(spans.get(after.saturating_sub(1))?.1)
            }
            None => node.profile,
        }
    }

    /// Every profile that facts of an identity belong to, at whatever instant.
    pub(in crate::ingest) fn owners(&self, identity: i64) -> Vec<i64> {
        match (self.nodes.get(&identity), self.spans.get(&identity)) {
            (Some(node), _) if node.is_aside => Vec::new(),
            (_, Some(spans)) => spans.iter().map(|span| span.1).collect(),
            (node, None) => node.and_then(|node| node.profile).into_iter().collect(),
        }
    }

    /// Where else than under its first profile rows of an identity are written now, for those who look them up.
    pub(in crate::ingest) fn home_elsewhere(&self, identity: Option<i64>, profile: Option<i64>) -> Option<(i64, i64)> {
        let (identity, profile) = (identity?, profile?);
        let row = self.nodes.get(&identity)?.row.as_ref()?;
        (row.home_profile_id != profile).then_some((identity, profile))
    }

    /// Makes identities known that the messages do not name.
    pub(in crate::ingest) async fn know(&mut self, ctx: &Ctx, identities: impl IntoIterator<Item = i64>) -> Result<()> {
        let unknown: Vec<i64> = identities.into_iter().filter(|id| !self.nodes.contains_key(id)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let rows = ctx.store().identities_by_ids(&unknown).await?;
        let profiles: Vec<i64> = rows.iter().map(|row| row.profile_id).collect();
        for row in rows {
            self.nodes.insert(row.identity_id, Node::stored(row));
        }
        self.load(ctx, profiles).await?;
        self.span_late();
        Ok(())
    }

    /// The profiles of which anything changed: those described anew, made, left or won by somebody.
    pub(in crate::ingest) fn touched(&self) -> BTreeSet<i64> {
        self.profiles.keys().chain(&self.changed).copied().collect()
    }

    /// The identities of a profile, and the visitors of which some time belongs to it.
    pub(in crate::ingest) fn members(&self) -> HashMap<i64, Vec<i64>> {
        let mut members: HashMap<i64, Vec<i64>> = HashMap::new();
        for &id in self.nodes.keys() {
            let mut of = self.owners(id);
            of.sort_unstable();
            of.dedup();
            of.into_iter().for_each(|profile| members.entry(profile).or_default().push(id));
        }
        members.values_mut().for_each(|ids| ids.sort_unstable());
        members
    }
}

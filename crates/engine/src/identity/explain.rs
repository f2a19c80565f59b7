//! Why two identities are one person, or are not.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use zhike_domain::id::{IdentityId, ProfileId};
use zhike_domain::identity::{Evidence, Reason};
use zhike_domain::import::entity::IdentityKind;
use zhike_domain::sensitive::Sensitive;
use zhike_state::{IdentityRow, IdentityStatus};

use super::acts::{Act, acts, strength};
use crate::profiles::{current, normal};
use crate::query::shown_identity;
use crate::sealing::{self, Keys};
use crate::{Ctx, Error, Result, audit, profiles};

/// Links that are shown of two people who are not one.
const MAX_REFUSED: usize = 20;

/// Somebody, as they are asked for.
#[derive(Clone, Debug)]
pub enum Whom {
    /// A customer.
    Profile(ProfileId),
    /// One identity.
    Identity(IdentityId),
    /// Whoever has a value, of a kind or of any.
    Value(Option<IdentityKind>, Sensitive<String>),
}

/// Reads `prf_…`, `idn_…`, `kind:value` or a value.
pub fn read_whom(text: &str) -> Whom {
    if let Ok(profile) = text.parse() {
        return Whom::Profile(profile);
    }
    if let Ok(identity) = text.parse() {
        return Whom::Identity(identity);
    }
    let kind = text.split_once(':').and_then(|(kind, value)| Some((IdentityKind::parse(kind)?, value)));
    match kind {
        Some((kind, value)) => Whom::Value(Some(kind), Sensitive::new(value.to_owned())),
        None => Whom::Value(None, Sensitive::new(text.to_owned())),
    }
}

/// An identity on the way.
#[derive(Clone, Debug)]
pub struct Node {
    /// Id.
    pub identity_id: IdentityId,
    /// Kind.
    pub kind: String,
    /// Value, masked; missing when its key is gone.
    pub value: Option<String>,
    /// Source that brought it.
    pub source: String,
    /// Customer whom it identifies.
    pub profile_id: ProfileId,
    /// Whether it identifies nobody.
    pub is_set_aside: bool,
}

/// A link between two identities.
#[derive(Clone, Debug)]
pub struct Step {
    /// One end.
    pub left: Node,
    /// Other end.
    pub right: Node,
    /// Code of the reason, `signed_in` for a visitor who signed in.
    pub reason: String,
    /// The reason in Chinese.
    pub zh: String,
    /// The reason in English.
    pub en: String,
    /// How much it says.
    pub evidence: Evidence,
    /// Source that brought it; empty for what somebody decided.
    pub source: String,
    /// When, in microseconds.
    pub at: i64,
    /// Whether it is a link that was refused or undone.
    pub is_refused: bool,
}

/// Why two identities are one person, or are not.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Customers whom the two are: one or two.
    pub profiles: Vec<ProfileId>,
    /// The way from one to the other, the fewest links; of two customers, links that were refused.
    pub steps: Vec<Step>,
    /// What somebody decided about them, the newest first.
    pub acts: Vec<Act>,
}

impl Explanation {
    /// Whether they are one person.
    pub const fn is_one(&self) -> bool {
        self.profiles.len() == 1
    }
}

/// Explains two people or identities. One customer alone: all links of it.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn explain(ctx: &Ctx, a: &Whom, b: Option<&Whom>) -> Result<Explanation> {
    let from = found(ctx, a).await?;
    let to = match b {
        Some(b) => Some(found(ctx, b).await?),
        None => None,
    };
    let mut profiles: Vec<i64> = vec![from.profile];
    profiles.extend(to.as_ref().map(|to| to.profile).filter(|profile| *profile != from.profile));
    let rows = ctx.store().identities_of(&profiles).await?;
    let graph = Graph::read(ctx, rows).await?;
    let starts = graph.meant(&from);
    let links = match &to {
        // One customer: everything that holds; two: what would join them and does not.
        None => graph.links.iter().filter(|link| !link.is_refused).collect(),
        Some(to) if to.profile == from.profile => graph.way(&starts, &graph.meant(to)),
        Some(to) => graph.refused_between(from.profile, to.profile),
    };
    let steps = links.into_iter().filter_map(|link| graph.step(link)).collect();
    let mut decided: BTreeMap<_, Act> = BTreeMap::new();
    for profile in &profiles {
        for act in acts(ctx, Some(ProfileId::new(*profile))).await? {
            decided.insert(std::cmp::Reverse((act.decided_at, act.act_id)), act);
        }
    }
    let subject = ProfileId::new(from.profile).to_string();
    let with: Vec<String> = profiles.iter().map(|id| ProfileId::new(*id).to_string()).collect();
    audit::note(ctx, "identity.explain", &subject, &serde_json::json!({ "customers": with })).await?;
    Ok(Explanation {
        profiles: profiles.into_iter().map(ProfileId::new).collect(),
        steps,
        acts: decided.into_values().collect(),
    })
}

/// Somebody who was asked for.
struct Found {
    profile: i64,
    /// The identity that was named.
    identity: Option<i64>,
}

async fn found(ctx: &Ctx, whom: &Whom) -> Result<Found> {
    let missing = || Error::not_found("customer", "客户");
    let row = match whom {
        Whom::Profile(profile) => {
            return Ok(Found { profile: current(ctx, profile.get()).await?.profile_id, identity: None });
        }
        Whom::Identity(identity) => {
            ctx.store().identities_by_ids(&[identity.get()]).await?.pop().ok_or_else(missing)?
        }
        Whom::Value(kind, value) => {
            // The look-up is on record and within the budget.
            let profiles = profiles::find(ctx, *kind, value).await?;
            let kinds = kind.as_ref().map_or(IdentityKind::ALL, std::slice::from_ref);
            let wanted: Vec<(&str, [u8; 16])> = kinds
                .iter()
                .filter_map(|kind| Some((kind, normal(*kind, value.expose())?)))
                .map(|(kind, value)| (kind.as_str(), ctx.vault().blind_index(kind.as_str(), value.expose())))
                .collect();
            let rows = ctx.store().find_identities(&wanted).await?;
            let is_theirs = |row: &IdentityRow| profiles.contains(&ProfileId::new(row.profile_id));
            rows.into_iter().find(is_theirs).ok_or_else(missing)?
        }
    };
    let profile = current(ctx, row.profile_id).await?.profile_id;
    Ok(Found { profile, identity: Some(row.identity_id) })
}

struct Link {
    left: i64,
    right: i64,
    reason: Option<Reason>,
    code: String,
    source: String,
    at: i64,
    is_refused: bool,
}

/// Identities of one or two people with their links.
struct Graph {
    rows: HashMap<i64, IdentityRow>,
    values: HashMap<i64, String>,
    links: Vec<Link>,
}

impl Graph {
    async fn read(ctx: &Ctx, rows: Vec<IdentityRow>) -> Result<Self> {
        let ids: Vec<i64> = rows.iter().map(|row| row.identity_id).collect();
        let mut rows: HashMap<i64, IdentityRow> = rows.into_iter().map(|row| (row.identity_id, row)).collect();
        let mut links: Vec<Link> = Vec::new();
        for edge in ctx.store().edges_of(&ids).await? {
            let reason = Reason::parse(&edge.reason);
            links.push(Link {
                left: edge.left_identity_id,
                right: edge.right_identity_id,
                reason,
                code: edge.reason,
                source: if reason == Some(Reason::ByHand) { String::new() } else { edge.source },
                at: edge.created_at,
                is_refused: edge.undone_at.is_some(),
            });
        }
        for (visitor, owner) in ctx.store().claimed_by(&ids).await? {
            links.push(Link {
                left: owner,
                right: visitor,
                reason: None,
                code: "signed_in".to_owned(),
                source: rows.get(&owner).map(|row| row.source.clone()).unwrap_or_default(),
                at: rows.get(&visitor).and_then(|row| row.first_seen_at).unwrap_or_default(),
                is_refused: false,
            });
        }
        // What was made again after it was undone holds.
        let holds: BTreeSet<(i64, i64)> =
            links.iter().filter(|link| !link.is_refused).map(|link| (link.left, link.right)).collect();
        links.retain(|link| !link.is_refused || !holds.contains(&(link.left, link.right)));
        links.sort_by_key(|link| (weaker(&rows, link), link.at, link.left, link.right));
        // Those who are nobody's, or somebody else's, are named too.
        let others: BTreeSet<i64> = links.iter().flat_map(|link| [link.left, link.right]).collect();
        let others: Vec<i64> = others.into_iter().filter(|id| !rows.contains_key(id)).collect();
        for row in ctx.store().identities_by_ids(&others).await? {
            if row.status == IdentityStatus::SetAside {
                rows.insert(row.identity_id, row);
            }
        }
        let mut keys = Keys::default();
        keys.fetch(ctx, rows.values().map(|row| row.key_profile_id).collect::<Vec<_>>()).await?;
        let value = |row: &IdentityRow| Some(shown_identity(&row.kind, &sealing::identity_value(&keys, row)?));
        let values = rows.values().filter_map(|row| Some((row.identity_id, value(row)?))).collect();
        Ok(Self { rows, values, links })
    }

    /// The identities that somebody asked for.
    fn meant(&self, found: &Found) -> BTreeSet<i64> {
        match found.identity {
            Some(identity) => [identity].into(),
            None => {
                self.rows.values().filter(|row| row.profile_id == found.profile).map(|row| row.identity_id).collect()
            }
        }
    }

    /// The fewest links from one to the other; of several ways the one by stronger links.
    fn way(&self, from: &BTreeSet<i64>, to: &BTreeSet<i64>) -> Vec<&Link> {
        let mut came: HashMap<i64, Option<&Link>> = from.iter().map(|id| (*id, None)).collect();
        let mut queue: VecDeque<i64> = from.iter().copied().collect();
        while let Some(at) = queue.pop_front() {
            if to.contains(&at) {
                let mut way = Vec::new();
                let mut here = at;
                while let Some(Some(link)) = came.get(&here) {
                    way.push(*link);
                    here = if link.left == here { link.right } else { link.left };
                }
                way.reverse();
                return way;
            }
            for link in self.links.iter().filter(|link| !link.is_refused && (link.left == at || link.right == at)) {
                let next = if link.left == at { link.right } else { link.left };
                came.entry(next).or_insert_with(|| {
                    queue.push_back(next);
                    Some(link)
                });
            }
        }
        Vec::new()
    }

    /// Links that would join two people, and those with an identity that both had and that identifies nobody.
    fn refused_between(&self, a: i64, b: i64) -> Vec<&Link> {
        let of =
            |id: i64| self.rows.get(&id).filter(|row| row.status == IdentityStatus::Active).map(|row| row.profile_id);
        let mut aside: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        for link in self.links.iter().filter(|link| link.is_refused) {
            for (end, other) in [(link.left, link.right), (link.right, link.left)] {
                if of(end).is_none()
                    && let Some(profile) = of(other)
                {
                    aside.entry(end).or_default().insert(profile);
                }
            }
        }
        let is_shared = |id: &i64| aside.get(id).is_some_and(|profiles| profiles.len() > 1);
        let is_between = |link: &&Link| match (of(link.left), of(link.right)) {
            (Some(left), Some(right)) => (left == a && right == b) || (left == b && right == a),
            _ => is_shared(&link.left) || is_shared(&link.right),
        };
        self.links.iter().filter(|link| link.is_refused).filter(is_between).take(MAX_REFUSED).collect()
    }

    fn node(&self, id: i64) -> Option<Node> {
        let row = self.rows.get(&id)?;
        Some(Node {
            identity_id: IdentityId::new(id),
            kind: row.kind.clone(),
            value: self.values.get(&id).cloned(),
            source: row.source.clone(),
            profile_id: ProfileId::new(row.profile_id),
            is_set_aside: row.status == IdentityStatus::SetAside,
        })
    }

    fn step(&self, link: &Link) -> Option<Step> {
        let (left, right) = (self.node(link.left)?, self.node(link.right)?);
        let (zh, en) = match link.reason {
            Some(reason) => (reason.help_zh(), reason.help_en()),
            None if link.code == "signed_in" => ("在该设备或浏览器上登录", "signed in on this device or browser"),
            None => (&*link.code, &*link.code),
        };
        let kinds = [&left, &right].map(|node| IdentityKind::parse(&node.kind));
        Some(Step {
            zh: zh.to_owned(),
            en: en.to_owned(),
            evidence: Evidence::of(link.reason, kinds[0], kinds[1]),
            reason: link.code.clone(),
            source: link.source.clone(),
            at: link.at,
            is_refused: link.is_refused,
            left,
            right,
        })
    }
}

/// The place of the link's weaker end.
fn weaker(rows: &HashMap<i64, IdentityRow>, link: &Link) -> u8 {
    let of = |id: i64| rows.get(&id).map_or(u8::MAX, strength);
    of(link.left).max(of(link.right))
}

//! Codes that tie a member, or the visit of a store, to whoever scans them.
//!
//! An operator makes a code; its link carries a sealed ticket ([`zhike_domain::collect::binding`]). Who scans it is counted
//! in state first, then becomes a message of the event log, and only then gets an answer:
//!
//! ```text
//!  scan ─ ticket whole, in time? ─ known, in force? ─▶ state: use counted, audit entry   (again: the same use)
//!                                                  ─▶ log, group fsync ─▶ "bound"
//!  log ─ engine::ingest: claim of the visitor, or bond ─▶ state: use is in the tables
//! ```
//!
//! - **INV-BINDINGS-1**: a use counts once. Whoever gets no answer scans again: the use is known, and its message has the
//!   same id and time, so it is taken in once.
//! - **INV-BINDINGS-2**: what is answered as bound was fsynced, as with everything that is collected.
//! - **INV-BINDINGS-3**: no code is used more often than allowed, nor after it ended or was withdrawn.
//! - **INV-BINDINGS-4**: neither link nor audit trail holds a personal value.

use crate::boxed;
use serde_json::json;
use zhike_domain::collect::binding::{self, BindingKind, Scan, Ticket, Visit};
use zhike_domain::collect::message::Identity;
use zhike_domain::collect::origin::may_lead_to;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::{BindingId, ProfileId};
use zhike_domain::import::entity::IdentityKind;
use zhike_domain::sensitive::Sensitive;
use zhike_state::{AuditEntry, BindingRow, BindingUse, IdentityKey, IdentityRow, IdentityStatus};
use zhike_vault::{Tokens, Vault};

use crate::collect::{self, CollectError, Item};
use crate::import::scope;
use crate::sealing::{self, Keys};
use crate::sources::{self, Source};
use crate::{Ctx, Error, Result, profiles};

/// Purpose of the tokens in links.
const PURPOSE: &str = "bind";
/// How long a code stays in the list after its end.
const KEPT: i64 = 30 * 24 * 3_600_000_000;
const SECOND: i64 = 1_000_000;

/// What a code is made for.
#[derive(Clone, Debug)]
pub enum Target {
    /// Somebody known, by an id of theirs.
    Identity {
        /// Kind of the id; any when absent.
        kind: Option<IdentityKind>,
        /// The id.
        value: Sensitive<String>,
    },
    /// Somebody known.
    Profile(ProfileId),
    /// A visit.
    Visit(Visit),
}

/// A code to be made.
#[derive(Clone, Debug)]
pub struct NewBinding {
    /// What for.
    pub target: Target,
    /// Name of the source whose visitors it binds; not needed while there is one only.
    pub source: Option<String>,
    /// Seconds until it ends.
    pub expires_s: Option<i64>,
    /// How often it may be used.
    pub max_uses: Option<i64>,
    /// Where to go after the scan: https, at an origin of the source.
    pub redirect_url: Option<String>,
    /// Who makes it.
    pub actor: String,
}

/// Where a code stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingState {
    /// Nobody scanned it yet.
    Waiting,
    /// A scan is stored and on its way into the tables.
    Taken,
    /// Its scans are in the tables.
    Bound,
    /// Its time was over before anybody scanned it.
    Expired,
    /// It was withdrawn.
    Revoked,
}

impl BindingState {
    /// Stable name in snake_case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::Bound => "bound",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A code.
#[derive(Clone, Debug)]
pub struct Binding {
    /// What is stored.
    pub row: BindingRow,
    /// Name of its source.
    pub source: String,
    /// Where it stands.
    pub state: BindingState,
}

/// What a scan is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// What the code was made for.
    pub kind: BindingKind,
    /// Store of a visit.
    pub store_id: Option<String>,
    /// Where to go.
    pub redirect_url: Option<String>,
}

fn refused(code: ErrorCode) -> Error {
    Error::new(code, code.help_en(), code.help_zh())
}

fn tokens(ctx: &Ctx) -> Tokens {
    ctx.vault().tokens(PURPOSE)
}

/// Makes a code.
///
/// **Errors**: `not_found` when nobody has the id; `bad_request` for bounds, a target that is not allowed, an unclear
/// source.
#[boxed]
pub async fn create(ctx: &Ctx, new: NewBinding) -> Result<(Binding, String)> {
    let source = source_of(ctx, new.source.as_deref()).await?;
    let kind = if matches!(new.target, Target::Visit(_)) { BindingKind::Store } else { BindingKind::Member };
    let limits = kind.limits();
    let expires_s = within(new.expires_s, limits.expires_s, "expires_s", "有效期（秒）")?;
    let max_uses = within(new.max_uses, limits.max_uses, "max_uses", "可用次数")?;
    if let Some(url) = &new.redirect_url {
        check_redirect(&source, url)?;
    }
    let (member, visit) = match new.target {
        Target::Visit(visit) => (None, Some(read_visit(visit)?)),
        Target::Profile(profile) => (Some(member_of(ctx, &source, profile).await?), None),
        Target::Identity { kind, value } => (Some(member_by(ctx, &source, kind, &value).await?), None),
    };
    let now = ctx.now();
    // The ticket counts whole seconds; the row says what the ticket says.
    let expires_at = (now / SECOND + expires_s) * SECOND;
    let (store_id, campaign_id, place) =
        visit.map_or((None, None, None), |visit| (Some(visit.store_id), visit.campaign_id, visit.place));
    let row = BindingRow {
        binding_id: ctx.vault().random_id(),
        kind: kind.as_str().into(),
        source_id: source.source_id,
        identity_id: member.as_ref().map(|row| row.identity_id),
        profile_id: member.as_ref().map(|row| row.profile_id),
        store_id,
        campaign_id,
        place,
        redirect_url: new.redirect_url,
        max_uses,
        n_uses: 0,
        n_bound: 0,
        created_at: now,
        created_by: new.actor.clone(),
        expires_at,
        revoked_at: None,
        used_at: None,
        bound_at: None,
    };
    let profile = row.profile_id.map(|profile| ProfileId::new(profile).to_string());
    let detail = json!({"kind": row.kind, "source": source.name, "profile_id": profile, "store_id": row.store_id,
        "max_uses": max_uses, "expires_at": expires_at});
    let entry = entry(ctx, &new.actor, "bind.create", row.binding_id, detail);
    ctx.store().insert_binding(row.clone(), now - KEPT, &entry, Vault::audit_link).await?;
    let token = token(ctx, &row);
    Ok((shown(ctx, row, source.name.clone()), token))
}

/// The newest codes.
#[boxed]
pub async fn list(ctx: &Ctx, limit: usize) -> Result<Vec<Binding>> {
    let rows = ctx.store().list_bindings(i64::try_from(limit).unwrap_or(i64::MAX)).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let source = name_of(ctx, row.source_id).await?;
        all.push(shown(ctx, row, source));
    }
    Ok(all)
}

/// One code, with a token for its link.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn show(ctx: &Ctx, id: BindingId) -> Result<(Binding, String)> {
    let row = ctx.store().binding(id.get()).await?.ok_or_else(|| Error::not_found("code", "二维码"))?;
    let token = token(ctx, &row);
    let source = name_of(ctx, row.source_id).await?;
    Ok((shown(ctx, row, source), token))
}

/// Withdraws a code; again it changes nothing.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn revoke(ctx: &Ctx, id: BindingId, actor: &str) -> Result<Binding> {
    show(ctx, id).await?;
    let entry = entry(ctx, actor, "bind.revoke", id.get(), json!({}));
    ctx.store().revoke_binding(id.get(), &entry, Vault::audit_link).await?;
    Ok(show(ctx, id).await?.0)
}

/// The code of a token, to be shown to whoever opened its link.
///
/// **Errors**: `bind_invalid`, `bind_expired`, `bind_revoked`.
#[boxed]
pub async fn look(ctx: &Ctx, token: &str) -> Result<Binding> {
    let row = open(ctx, token).await?;
    let source = name_of(ctx, row.source_id).await?;
    Ok(shown(ctx, row, source))
}

/// Takes a scan in; returns only once it is durable. `source` is whose key the scanning app showed; the code's own for
/// its page.
///
/// # Errors
/// `bind_invalid`, `bind_expired`, `bind_used`, `bind_revoked`, `bind_taken`; those of [`collect::collect`], after which
/// the same scan may be sent again.
#[boxed]
pub async fn redeem(
    ctx: &Ctx,
    token: &str,
    source: Option<&Source>,
    visitor: Identity,
) -> std::result::Result<Redeemed, CollectError> {
    let row = open(ctx, token).await?;
    let own;
    let source = match source {
        Some(source) => source,
        None => {
            own = sources::by_id(ctx, row.source_id).await?.ok_or_else(|| refused(ErrorCode::BindInvalid))?;
            &own
        }
    };
    if !source.is_enabled {
        return Err(CollectError::Forbidden(format!("source {} is switched off", source.name)));
    }
    let member = match row.identity_id {
        None => None,
        Some(identity_id) => Some(member_to_bind(ctx, source, identity_id, &visitor).await?),
    };
    let use_key = use_key(ctx, &row, source, &visitor);
    let detail = json!({"kind": row.kind, "source": source.name, "visitor": visitor.kind.as_str()});
    let entry = entry(ctx, "visitor", "bind.redeem", row.binding_id, detail);
    let used = ctx.store().use_binding(row.binding_id, &use_key, &entry, Vault::audit_link).await;
    let at = match used.map_err(Error::from)? {
        BindingUse::At(at) => at,
        BindingUse::UsedUp => return Err(refused(ErrorCode::BindUsed).into()),
        BindingUse::Revoked => return Err(refused(ErrorCode::BindRevoked).into()),
        BindingUse::Unknown => return Err(refused(ErrorCode::BindInvalid).into()),
    };
    ctx.step("bind.counted")?;
    let scan = Scan { binding_id: row.binding_id, message_id: format!("{USE}{use_key}"), at, visitor };
    let message = match member {
        Some(member) => scan.bound(member),
        None => scan.visited(&Visit {
            store_id: row.store_id.clone().unwrap_or_default(),
            campaign_id: row.campaign_id.clone(),
            place: row.place.clone(),
        }),
    };
    let item = Item::Message { message: Box::new(message), violations: Vec::new() };
    collect::append(ctx, source, vec![item], ctx.now()).await?;
    let redirect_url = row.redirect_url.filter(|url| may_lead_to(&source.allowed_origins, url));
    Ok(Redeemed { kind: kind_of(&row.kind), store_id: row.store_id, redirect_url })
}

/// What stands before the use in the id of a scan's message.
const USE: &str = "qr_";

/// The code and the use whose scan a message is.
pub(crate) fn use_of(message: &zhike_domain::collect::Message) -> Option<(i64, String)> {
    Some((message.binding_id?, message.message_id.strip_prefix(USE)?.to_owned()))
}

async fn open(ctx: &Ctx, token: &str) -> Result<BindingRow> {
    let invalid = || refused(ErrorCode::BindInvalid);
    let bytes = tokens(ctx).open(token).map_err(|_| invalid())?;
    let ticket = Ticket::from_bytes(&bytes).ok_or_else(invalid)?;
    if ticket.is_over(ctx.now()) {
        return Err(refused(ErrorCode::BindExpired));
    }
    let row = ctx.store().binding(ticket.binding_id).await?.ok_or_else(invalid)?;
    if ticket_of(&row) != ticket {
        return Err(invalid());
    }
    if row.revoked_at.is_some() {
        return Err(refused(ErrorCode::BindRevoked));
    }
    Ok(row)
}

fn kind_of(kind: &str) -> BindingKind {
    BindingKind::parse(kind).unwrap_or(BindingKind::Store)
}

fn ticket_of(row: &BindingRow) -> Ticket {
    Ticket {
        kind: kind_of(&row.kind),
        binding_id: row.binding_id,
        identity_id: row.identity_id.unwrap_or(0),
        expires_s: row.expires_at / SECOND,
    }
}

fn token(ctx: &Ctx, row: &BindingRow) -> String {
    tokens(ctx).seal(&ticket_of(row).to_bytes())
}

fn shown(ctx: &Ctx, row: BindingRow, source: String) -> Binding {
    let is_over = ctx.now() > row.expires_at;
    let state = match () {
        () if row.n_uses > row.n_bound => BindingState::Taken,
        () if row.n_uses >= row.max_uses => BindingState::Bound,
        () if row.revoked_at.is_some() => BindingState::Revoked,
        () if row.n_uses > 0 => BindingState::Bound,
        () if is_over => BindingState::Expired,
        () => BindingState::Waiting,
    };
    Binding { row, source, state }
}

async fn name_of(ctx: &Ctx, source_id: i64) -> Result<String> {
    Ok(sources::by_id(ctx, source_id).await?.map(|source| source.name.clone()).unwrap_or_default())
}

fn entry(ctx: &Ctx, actor: &str, action: &str, binding_id: i64, detail: serde_json::Value) -> AuditEntry {
    AuditEntry {
        at: ctx.now(),
        actor: actor.into(),
        action: action.into(),
        subject: BindingId::new(binding_id).to_string(),
        detail_json: detail.to_string(),
    }
}

/// A keyed hash of who scans, and for a visit of the day: somebody who comes again tomorrow visits again. Letters only, so
/// that nothing takes it for a phone number.
fn use_key(ctx: &Ctx, row: &BindingRow, source: &Source, visitor: &Identity) -> String {
    let day = match kind_of(&row.kind) {
        BindingKind::Member => 0,
        BindingKind::Store => ctx.workspace().day_of(ctx.now()),
    };
    let parts = [
        row.binding_id.to_string().as_str(),
        visitor.kind.as_str(),
        scope(visitor.kind, &source.name),
        visitor.value.expose(),
        &day.to_string(),
    ]
    .join("\u{0}");
    let print = ctx.vault().fingerprint(parts.as_bytes());
    print.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'a' + half)).collect()
}

async fn source_of(ctx: &Ctx, name: Option<&str>) -> Result<Source> {
    let mut all = sources::list(ctx).await?;
    if let Some(name) = name {
        let found = all.into_iter().find(|source| source.name == name || source.source_id.to_string() == name);
        return found.ok_or_else(|| Error::not_found("source", "数据源"));
    }
    all.retain(|source| source.is_enabled);
    match all.len() {
        1 => Ok(all.swap_remove(0)),
        0 => Err(Error::bad_request(
            "there is no source yet: make one first, its visitors are what a scan binds".into(),
            "还没有数据源：请先新建数据源，扫码绑定的就是它的访客".into(),
        )),
        _ => {
            let names: Vec<&str> = all.iter().map(|source| source.name.as_str()).collect();
            Err(Error::bad_request(
                format!("say whose visitors are bound; sources: {}", names.join(", ")),
                format!("请指明绑定哪个数据源的访客；现有：{}", names.join("、")),
            ))
        }
    }
}

fn within(asked: Option<i64>, (default, most): (i64, i64), name: &str, name_zh: &str) -> Result<i64> {
    let value = asked.unwrap_or(default);
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    Err(Error::bad_request(format!("{name} is between 1 and {most}"), format!("{name_zh}须在 1 到 {most} 之间")))
}

fn check_redirect(source: &Source, url: &str) -> Result<()> {
    if !may_lead_to(&source.allowed_origins, url) {
        return Err(Error::bad_request(
            format!(
                "{url:?} is not at an https origin that source {} lists: add the origin to the source first",
                source.name
            ),
            format!("{url} 不在数据源“{}”的 https 来源列表内：请先在数据源中添加该来源", source.name),
        ));
    }
    if zhike_domain::detect::mask_text(url).is_some() {
        return Err(Error::bad_request(
            "the address to go to looks as if it held personal data: leave it out".into(),
            "跳转地址疑似含个人信息：请去掉".into(),
        ));
    }
    Ok(())
}

fn read_visit(visit: Visit) -> Result<Visit> {
    let read = |text: &str, name: &str, name_zh: &str| {
        binding::read_place(text).ok_or_else(|| {
            Error::bad_request(
                format!("{name} has 1 to 64 letters and holds no personal data"),
                format!("{name_zh}须为 1 到 64 个字符，且不含个人信息"),
            )
        })
    };
    Ok(Visit {
        store_id: read(&visit.store_id, "store_id", "门店编号")?,
        campaign_id: visit.campaign_id.map(|text| read(&text, "campaign_id", "活动编号")).transpose()?,
        place: visit.place.map(|text| read(&text, "place", "桌位")).transpose()?,
    })
}

/// The name space of an identity as messages of a source would name it; `None` when they cannot.
fn namespace_in(identity: &IdentityRow, kind: IdentityKind, source: &str) -> Option<String> {
    if identity.scope == scope(kind, source) {
        return Some(String::new());
    }
    identity.scope.strip_prefix(source)?.strip_prefix(':').map(str::to_owned)
}

fn known_kind(identity: &IdentityRow) -> Option<IdentityKind> {
    let is_device = |kind: &IdentityKind| kind.is_anonymous();
    IdentityKind::parse(&identity.kind).filter(|kind| !is_device(kind))
}

/// The strongest of these identities that messages of a source can name.
fn strongest(source: &Source, identities: Vec<IdentityRow>) -> Option<IdentityRow> {
    let can_name = |row: &IdentityRow| {
        row.status == IdentityStatus::Active
            && known_kind(row).is_some_and(|kind| namespace_in(row, kind, &source.name).is_some())
    };
    identities
        .into_iter()
        .filter(can_name)
        .min_by_key(|row| (known_kind(row).map(IdentityKind::strength), row.identity_id))
}

async fn member_of(ctx: &Ctx, source: &Source, profile: ProfileId) -> Result<IdentityRow> {
    let row = profiles::current(ctx, profile.get()).await?;
    strongest(source, ctx.store().identities_of(&[row.profile_id]).await?).ok_or_else(|| {
        Error::bad_request(
            format!(
                "source {} has no way to name this customer: they need a member number, a phone or the like",
                source.name
            ),
            format!("数据源“{}”无法指明这位客户：需要会员号、手机号等标识", source.name),
        )
    })
}

async fn member_by(
    ctx: &Ctx,
    source: &Source,
    kind: Option<IdentityKind>,
    value: &Sensitive<String>,
) -> Result<IdentityRow> {
    let kinds: Vec<IdentityKind> = match kind {
        Some(kind) => vec![kind],
        None => IdentityKind::ALL.to_vec(),
    };
    let wanted: Vec<(&str, [u8; 16])> = kinds
        .into_iter()
        .filter_map(|kind| {
            let value = profiles::normal(kind, value.expose())?;
            Some((kind.as_str(), ctx.vault().blind_index(kind.as_str(), value.expose())))
        })
        .collect();
    let found = ctx.store().find_identities(&wanted).await?;
    strongest(source, found).ok_or_else(|| Error::not_found("member", "会员"))
}

/// The member as a message of the source names them, unless the account that scans is another member's already: a family
/// shares phones, and a scan must not make one person of two.
async fn member_to_bind(ctx: &Ctx, source: &Source, identity_id: i64, visitor: &Identity) -> Result<Identity> {
    let gone = || refused(ErrorCode::BindTaken);
    let rows = ctx.store().identities_by_ids(&[identity_id]).await?;
    let row = rows.into_iter().find(|row| row.status == IdentityStatus::Active).ok_or_else(gone)?;
    let kind = known_kind(&row).ok_or_else(gone)?;
    let namespace = namespace_in(&row, kind, &source.name).ok_or_else(gone)?;
    let mut keys = Keys::default();
    keys.fetch(ctx, [row.key_profile_id]).await?;
    let value = sealing::identity_value(&keys, &row).map(Sensitive::new).ok_or_else(gone)?;
    if !visitor.is_anonymous() {
        let key = IdentityKey {
            kind: visitor.kind.as_str().into(),
            scope: scope(visitor.kind, &source.name).into(),
            index: ctx.vault().blind_index(visitor.kind.as_str(), visitor.value.expose()),
        };
        let held = ctx.store().identities_by_index(&[key]).await?;
        let other = held.iter().find(|held| held.status == IdentityStatus::Active && held.profile_id != row.profile_id);
        if let Some(other) = other {
            let both = ctx.store().identities_of(&[row.profile_id, other.profile_id]).await?;
            let is_member = |profile: i64| {
                let is = |row: &&IdentityRow| row.profile_id == profile && row.status == IdentityStatus::Active;
                both.iter().filter(is).any(|row| row.kind == IdentityKind::MemberId.as_str())
            };
            if is_member(row.profile_id) && is_member(other.profile_id) {
                return Err(gone());
            }
        }
    }
    Ok(Identity { kind, namespace, value })
}

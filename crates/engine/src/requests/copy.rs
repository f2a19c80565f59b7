//! The copy that a person gets of all that is held about them: one document for people and programs, and tables that can be
//! loaded again.
//!
//! - INV-RIGHTS-3: a copy holds every row that any table has of the person, in the clear, and nothing of anybody else
//!   (`tests/it/copy.rs`). It is made for a request whose check is done, and stands in the audit trail before it leaves.

use std::io::BufWriter;
use std::path::Path;

use serde_json::{Map, Value as Json, json};
use zhike_domain::frame::{ColumnType, Frame};
use zhike_domain::grade::{Class, Classes, class_of_field};
use zhike_domain::id::{BatchId, ProfileId, RequestId, SegmentId};
use zhike_domain::rights::RequestStatus;
use zhike_domain::sensitive::Sensitive;
use zhike_domain::tables::{Home, TABLES, TableSpec};
use zhike_domain::written::{instant, json as cell};
use zhike_lake::RowsOf;
use zhike_state::{AuditRow, EdgeRow, IdentityRow, ProfileRow, SaidRow};

use super::{Request, follows, get, list, noted, sheets};
use crate::boxed;
use crate::corrections::{self, Correction};
use crate::guard::classes;
use crate::profiles::{current, own_ids, written_for};
use crate::query::personal_fields;
use crate::sealing::{Keys, identity_value};
use crate::workspace::date_of;
use crate::{Ctx, Error, Result, consents, grades, guard, segments, tags};

/// Version of the document; it changes when a field changes its meaning.
const SCHEMA: &str = "zhike.person/1";
/// Acts on one customer that a copy names.
const MAX_ACTS: usize = 10_000;
/// Columns that say where a row stands here, and nothing about the person.
const INTERNAL: [&str; 3] = ["profile_id", "identity_id", "content_hash"];

/// A copy: files by name.
#[derive(Debug)]
pub struct Copy {
    /// Whose.
    pub profile_id: ProfileId,
    /// Name and content.
    pub files: Vec<(String, Sensitive<Vec<u8>>)>,
    /// Rows of all tables.
    pub n_rows: u64,
}

/// All that is held about a person, before it is written.
pub(super) struct Person {
    pub(super) row: ProfileRow,
    /// Personal fields by name.
    pub(super) fields: Vec<(&'static str, String)>,
    /// With values; those whose key is gone have none.
    pub(super) identities: Vec<(IdentityRow, Option<String>)>,
    pub(super) edges: Vec<EdgeRow>,
    pub(super) said: Vec<SaidRow>,
    /// Rows of every table of the lake.
    pub(super) tables: Vec<(&'static TableSpec, Frame)>,
}

/// The open request of a customer by which a copy can be made; the one that is due first.
///
/// **Errors**: `conflict` when there is none that was checked.
#[boxed]
pub async fn copyable(ctx: &Ctx, profile_id: ProfileId) -> Result<RequestId> {
    let id = ProfileId::new(current(ctx, profile_id.get()).await?.profile_id);
    let is_ready = |one: &Request| one.profile_id == Some(id) && may_copy(one).is_ok();
    let found = list(ctx).await?.into_iter().find(is_ready);
    found.map(|one| one.id).ok_or_else(|| {
        Error::conflict(
            "this customer has no open request for access, a copy or portability whose check is done: enter one (zhike \
             request new) and record the check"
                .into(),
            "该客户没有已核身的查阅、复制或转移请求：请先登记（zhike request new）并完成核身".into(),
        )
    })
}

fn may_copy(request: &Request) -> Result<()> {
    if !request.kind.hands_out() {
        return Err(Error::conflict(
            "a copy is made for a request for access, a copy or portability: enter one".into(),
            "资料副本只用于查阅、复制、转移三类请求：请登记这样的请求".into(),
        ));
    }
    if request.status == RequestStatus::Doing { Ok(()) } else { follows(request, RequestStatus::Done) }
}

/// Whether a copy can be made for a request.
///
/// **Errors**: `not_found`; `conflict` as [`copy`].
#[boxed]
pub async fn check_copy(ctx: &Ctx, id: RequestId) -> Result<()> {
    may_copy(&get(ctx, id).await?)
}

/// Makes the copy that a request asks for; headings in Chinese or English.
///
/// **Errors**: `conflict` for a request of another kind, before it was checked who asks, or when it is over; `over_budget`,
/// `rights_locked`; `restricted`.
#[boxed]
pub async fn copy(ctx: &Ctx, id: RequestId, is_zh: bool, actor: &str) -> Result<Copy> {
    let request = get(ctx, id).await?;
    may_copy(&request)?;
    let profile_id = request.profile_id.ok_or_else(|| Error::not_found("customer", "客户"))?;
    let person = gather(ctx, profile_id).await?;
    let profile_id = ProfileId::new(person.row.profile_id);
    let counts: Vec<(&str, usize)> = person.tables.iter().map(|(spec, frame)| (spec.name, frame.n_rows())).collect();
    let n_rows = 1 + person.identities.len() + person.said.len() + counts.iter().map(|(_, n)| n).sum::<usize>();
    guard::unmask(ctx).await?;
    guard::reserve(ctx, guard::Meter::Rows, n_rows).await?;
    guard::show(ctx, n_rows, shown(ctx, &person).await?).await?;
    let document = document(ctx, &person, &request).await?;
    let mut text = serde_json::to_vec_pretty(&document).map_err(|error| Error::bug("a copy as JSON", error))?;
    text.push(b'\n');
    let mut files = vec![("person.json".to_owned(), Sensitive::new(text))];
    files.extend(sheets::of(ctx, &person, is_zh).await?);
    noted(ctx, actor, "request.copy", profile_id.get(), id, request.kind).await?;
    Ok(Copy { profile_id, files, n_rows: n_rows as u64 })
}

/// Of which classes a copy holds something: all in the clear, whatever its grade.
async fn shown(ctx: &Ctx, person: &Person) -> Result<Classes> {
    let grades = grades::grades(ctx).await?;
    let fields = person.fields.iter().map(|(field, _)| class_of_field(field));
    let identities = person.identities.iter().map(|_| Class::Identity);
    let row = TABLES.iter().filter(|spec| spec.name == "profiles").flat_map(|spec| spec.columns);
    let row = classes::of_columns(row.map(|column| ("profiles", column.name)));
    let all: Classes = fields.chain(identities).collect();
    let tables = person.tables.iter().filter(|(_, frame)| frame.n_rows() > 0);
    Ok(tables.map(|(spec, frame)| classes::of_rows(&grades, spec.name, frame)).fold(all.or(row), Classes::or))
}

/// Puts a copy into an archive that a password opens; nothing of it touches the disk in the clear.
///
/// **Errors**: `disk_full`, `unavailable`.
#[boxed]
pub async fn seal(copy: Copy, to: &Path, password: &Sensitive<String>) -> Result<()> {
    let (to, password) = (to.to_owned(), password.clone());
    let work = move || {
        let failed = |error| Error::io("seal", &to, error);
        let mut archive =
            zhike_vault::zip::Archive::new(BufWriter::new(std::fs::File::create(&to).map_err(failed)?), &password);
        let mut write = || -> std::io::Result<()> {
            for (name, content) in &copy.files {
                let mut content = content.expose().as_slice();
                let n_bytes = content.len() as u64;
                archive.add(name, &mut content, n_bytes)?;
            }
            Ok(())
        };
        let written = write().and_then(|()| archive.finish());
        written.map_err(|error| {
            let _ = std::fs::remove_file(&to);
            failed(error)
        })
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::bug("seal a copy", error))?
}

async fn gather(ctx: &Ctx, profile_id: ProfileId) -> Result<Person> {
    ctx.refresh_overrides().await?;
    let row = current(ctx, profile_id.get()).await?;
    let id = row.profile_id;
    let rows = ctx.store().identities_of(&[id]).await?;
    let edges = ctx.store().edges_of(&rows.iter().map(|row| row.identity_id).collect::<Vec<_>>()).await?;
    let homes = written_for(ctx, id, &rows).await?;
    let own = own_ids(ctx, id).await?;
    let mut keys = Keys::default();
    keys.fetch(ctx, rows.iter().map(|row| row.key_profile_id)).await?;
    let identities = rows.into_iter().map(|row| {
        let value = identity_value(&keys, &row);
        (row, value)
    });
    let identities = identities.collect();
    let mut fields: Vec<(&'static str, String)> =
        personal_fields(ctx, &[id]).await?.into_iter().map(|((_, field), value)| (field, value)).collect();
    fields.sort_unstable();
    let mut tables = Vec::new();
    for spec in TABLES.iter().filter(|spec| matches!(spec.home, Home::Lake { .. })) {
        if spec.column("profile_id").is_none() {
            continue;
        }
        let mut found = Frame::default();
        // Rows with an identity say whose they are today; the others were written for whoever it was then.
        let lookups = match spec.column("identity_id") {
            Some(_) => vec![(id, homes.as_slice())],
            None => own.iter().map(|own| (*own, std::slice::from_ref(own))).collect(),
        };
        for (profile_id, written_for) in lookups {
            let wanted = RowsOf { profile_id, written_for, columns: &[], newest: None };
            let rows = ctx.lake().rows_of(spec.name, wanted).await?;
            if rows.n_rows() == 0 {
                continue;
            }
            if found.n_rows() == 0 { found = rows } else { found.append(&rows) }
        }
        tables.push((spec, found));
    }
    let said = ctx.store().consents_of(&[id]).await?;
    Ok(Person { row, fields, identities, edges, said, tables })
}

async fn document(ctx: &Ctx, person: &Person, request: &Request) -> Result<Json> {
    let id = ProfileId::new(person.row.profile_id);
    let workspace = ctx.workspace();
    let mut whole = json!({
        "schema": SCHEMA,
        "made_at": instant(ctx.now()),
        "request_id": request.id.to_string(),
        "controller": workspace.name,
        "currency": workspace.currency,
        "zone": workspace.zone,
        "profile": profile(person),
        "identities": identities(person),
        "identity_edges": edges(person),
        "consents": said_of(ctx, person, id).await?,
        "manual_tags": manual_tags(ctx, id).await?,
        "requests": requests_of(ctx, id).await?,
        "corrections": corrected(ctx, id).await?,
    });
    let all = whole.as_object_mut().ok_or_else(|| Error::bug("a copy", std::io::Error::other("no object")))?;
    let names = segments::list(ctx, true).await?;
    for (spec, frame) in &person.tables {
        let mut rows = rows(spec, frame);
        if spec.name == "segment_members" {
            for row in &mut rows {
                let segment = SegmentId::new(row["segment_id"].as_i64().unwrap_or(0));
                row["segment_id"] = segment.to_string().into();
                let name = names.iter().find(|known| known.id == segment).map(|known| known.spec.name.clone());
                row["segment"] = name.into();
            }
        }
        all.insert(spec.name.to_owned(), rows.into());
    }
    let acts = acts(ctx, id.get()).await?;
    let those = |wanted: &[&str]| {
        acts.iter().filter(|one| wanted.contains(&one.action.as_str())).map(act).collect::<Vec<Json>>()
    };
    let (seen, handed) = (those(&["profile.unmask"]), those(&["request.copy"]));
    all.insert("seen_in_the_clear".into(), seen.into());
    all.insert(
        "recipients".into(),
        json!({
            "copies": handed,
            "zh": "除本人副本外，系统不向他人提供可识别个人的明文；批量导出均为脱敏数据，见审计记录。",
            "en": "Beside copies for the person, nobody is handed data in the clear; exports of many people are masked and \
                   stand in the audit trail.",
        }),
    );
    all.insert("acts".into(), acts.iter().map(act).collect());
    Ok(whole)
}

fn profile(person: &Person) -> Json {
    let row = &person.row;
    let at = |value: Option<i64>| value.map(instant);
    let mut all = json!({
        "profile_id": ProfileId::new(row.profile_id).to_string(),
        "kind": row.kind,
        "created_at": instant(row.created_at),
        "first_seen_at": at(row.first_seen_at),
        "last_seen_at": at(row.last_seen_at),
        "gender": row.gender,
        "birth_year": row.birth_year,
        "country": row.country,
        "province": row.province,
        "city": row.city,
        "member_level": row.member_level,
        "registered_on": row.registered_on.and_then(date_of).map(|day| day.to_string()),
        "acquisition_channel": row.acquisition_channel,
        "traits": parsed(row.traits.as_deref()),
    });
    if let Some(all) = all.as_object_mut() {
        all.extend(person.fields.iter().map(|(field, value)| ((*field).to_owned(), value.clone().into())));
    }
    all
}

fn parsed(text: Option<&str>) -> Json {
    text.map_or(Json::Null, |text| serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

fn identities(person: &Person) -> Vec<Json> {
    let one = |(row, value): &(IdentityRow, Option<String>)| {
        json!({
            "kind": row.kind,
            "value": value,
            "status": row.status.as_str(),
            "source": row.source,
            "first_seen_at": row.first_seen_at.map(instant),
            "last_seen_at": row.last_seen_at.map(instant),
        })
    };
    person.identities.iter().map(one).collect()
}

/// How identities were joined; one that is somebody else's is not named.
fn edges(person: &Person) -> Vec<Json> {
    let named = |id: i64| {
        let found = person.identities.iter().find(|(row, _)| row.identity_id == id);
        found.map(|(row, value)| json!({ "kind": row.kind, "value": value }))
    };
    let one = |edge: &EdgeRow| {
        json!({
            "left": named(edge.left_identity_id),
            "right": named(edge.right_identity_id),
            "kind": edge.kind,
            "reason": edge.reason,
            "source": edge.source,
            "created_at": instant(edge.created_at),
            "undone_at": edge.undone_at.map(instant),
        })
    };
    person.edges.iter().map(one).collect()
}

/// Every statement with the words of its purpose, and where the person stands.
async fn said_of(ctx: &Ctx, person: &Person, id: ProfileId) -> Result<Json> {
    let of = consents::of_profile(ctx, id).await?;
    let statement = |row: &SaidRow| {
        let purpose = of.standings.iter().map(|one| &one.purpose).find(|purpose| purpose.code == row.purpose);
        json!({
            "purpose": row.purpose,
            "purpose_zh": purpose.map(|purpose| &purpose.zh),
            "purpose_en": purpose.map(|purpose| &purpose.en),
            "granted": row.granted == 1,
            "at": instant(row.at),
            "policy_version": row.policy_version,
            "channel": row.channel,
            "evidence": row.evidence,
            "by_guardian": row.by_guardian == 1,
            "author": row.author,
            "recorded_at": instant(row.recorded_at),
        })
    };
    let standing = |one: &consents::Standing| {
        json!({
            "purpose": one.purpose.code,
            "zh": one.purpose.zh,
            "en": one.purpose.en,
            "basis": one.purpose.basis.as_str(),
            "state": one.state.as_str(),
            "refusal": one.refusal.map(|refusal| refusal.as_str()),
        })
    };
    Ok(json!({
        "statements": person.said.iter().map(statement).collect::<Vec<_>>(),
        "standings": of.standings.iter().map(standing).collect::<Vec<_>>(),
    }))
}

async fn manual_tags(ctx: &Ctx, id: ProfileId) -> Result<Vec<Json>> {
    let all = tags::of_profile(ctx, id, None).await?;
    let put = all.into_iter().filter_map(|tag| {
        let (author, set_at, expires_at) = tag.put?;
        Some(json!({
            "tag": tag.key,
            "value": tag.value,
            "author": author,
            "set_at": instant(set_at),
            "expires_at": expires_at.map(instant),
        }))
    });
    Ok(put.collect())
}

async fn requests_of(ctx: &Ctx, id: ProfileId) -> Result<Vec<Json>> {
    let own = list(ctx).await?.into_iter().filter(|one| one.profile_id == Some(id));
    let one = |one: Request| {
        json!({
            "request_id": one.id.to_string(),
            "kind": one.kind.as_str(),
            "status": one.status.as_str(),
            "channel": one.row.channel,
            "purpose": one.row.purpose,
            "note": one.row.note,
            "received_at": instant(one.row.received_at),
            "due_on": one.due_on.map(|day| day.to_string()),
            "check_method": one.row.check_method,
            "checked_at": one.row.checked_at.map(instant),
            "decided_at": one.row.decided_at.map(instant),
            "refusal": one.row.refusal,
            "outcome": one.row.outcome,
        })
    };
    Ok(own.map(one).collect())
}

/// What was corrected; the values are those of the profile.
async fn corrected(ctx: &Ctx, id: ProfileId) -> Result<Vec<Json>> {
    let one = |one: Correction| {
        json!({
            "field": one.field,
            "made_at": instant(one.made_at),
            "author": one.author,
            "request_id": one.request_id.to_string(),
            "withdrawn_at": one.withdrawn_at.map(instant),
        })
    };
    Ok(corrections::of(ctx, id.get(), true).await?.into_iter().map(one).collect())
}

async fn acts(ctx: &Ctx, id: i64) -> Result<Vec<AuditRow>> {
    let own = own_ids(ctx, id).await?;
    let subjects: Vec<String> = own.into_iter().map(|id| ProfileId::new(id).to_string()).collect();
    Ok(ctx.store().audit_of(&subjects, None, MAX_ACTS).await?)
}

fn act(row: &AuditRow) -> Json {
    json!({
        "at": instant(row.at),
        "actor": row.actor,
        "action": row.action,
        "detail": parsed(Some(&row.detail_json)),
    })
}

/// The rows of a table as the product names their fields.
fn rows(spec: &TableSpec, frame: &Frame) -> Vec<Json> {
    let one = |row: usize| {
        let mut all = Map::new();
        for (field, column) in frame.fields().iter().zip(frame.columns()) {
            if INTERNAL.contains(&field.name.as_str()) {
                continue;
            }
            let value = cell(field.kind, column, row);
            let value = match (field.name.as_str(), &value) {
                ("batch_id", Json::Number(number)) => BatchId::new(number.as_i64().unwrap_or(0)).to_string().into(),
                ("traits" | "properties", Json::String(text)) => parsed(Some(text)),
                ("reason", Json::String(text)) if spec.name == "tags" => parsed(Some(text)),
                _ => value,
            };
            all.insert(field.name.clone(), value);
        }
        Json::Object(all)
    };
    debug_assert!(frame.fields().iter().all(|field| field.kind != ColumnType::Sensitive));
    (0..frame.n_rows()).map(one).collect()
}

//! `/api/v1/profiles/lookup`: who has which of many identities.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::IdentityKind;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::{customers, profiles};

use super::customers::ListItem;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;

/// Identities of one request.
const MAX_IDENTITIES: usize = 1_000;

/// Identities that are looked up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileLookup {
    /// At most 1,000.
    identities: Vec<LookupIdentity>,
}

/// An identity that is looked up, by its exact value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LookupIdentity {
    /// As docs/guides/identity.md names it; any, when absent.
    kind: Option<String>,
    #[schema(value_type = String)]
    value: Sensitive<String>,
}

/// Who has them.
#[derive(Serialize, ToSchema)]
pub(super) struct LookupAnswer {
    /// One entry per identity, in their order.
    items: Vec<LookupItem>,
    /// Everybody who was found, once.
    profiles: Vec<ListItem>,
}

/// Who has one of them: nobody, one, or several that share it.
#[derive(Serialize, ToSchema)]
pub(super) struct LookupItem {
    profile_ids: Vec<String>,
}

/// Looks up who has which of many identities. Values stand in the body, never in an address or a log.
#[utoipa::path(post, path = "/api/v1/profiles/lookup", request_body = ProfileLookup,
    responses((status = 200, body = LookupAnswer), (status = 400, body = ErrorBody)))]
pub(super) async fn many(
    app: Acting,
    body: Result<Json<ProfileLookup>, JsonRejection>,
) -> ApiResult<Json<LookupAnswer>> {
    let Json(body) = body.map_err(ApiError::from)?;
    if body.identities.len() > MAX_IDENTITIES {
        return Err(ApiError::new(
            ErrorCode::BadRequest,
            format!("{} identities in one request; at most {MAX_IDENTITIES}: send several", body.identities.len()),
            format!("一次请求含 {} 个身份，最多 {MAX_IDENTITIES} 个：请分批", body.identities.len()),
        ));
    }
    let mut asked = Vec::with_capacity(body.identities.len());
    for (at, identity) in body.identities.iter().enumerate() {
        let kind = match identity.kind.as_deref() {
            None => None,
            Some(text) => Some(IdentityKind::parse(text).ok_or_else(|| {
                let pointer = format!("/identities/{at}/kind");
                ApiError::new(
                    ErrorCode::BadRequest,
                    format!("{pointer}: there is no kind of identity of that name"),
                    format!("{pointer}：没有这种身份"),
                )
            })?),
        };
        asked.push((kind, &identity.value));
    }
    let found = profiles::find_many(app.ctx(), &asked).await?;
    let mut all: Vec<ProfileId> = found.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    let profiles = customers::listed_by_id(app.ctx(), &all).await?.into_iter().map(ListItem::from).collect();
    let item = |ids: Vec<ProfileId>| LookupItem { profile_ids: ids.iter().map(ToString::to_string).collect() };
    Ok(Json(LookupAnswer { items: found.into_iter().map(item).collect(), profiles }))
}

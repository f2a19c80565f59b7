//! Views: what a page shows (its filters, order, columns), kept for later and for others.
//!
//! A view without a name holds what is too long for an address; it is listed nowhere, and the same state is kept once.

use crate::boxed;
use serde_json::Value as Json;
use zhike_domain::detect::mask_text;
use zhike_domain::id::ViewId;
use zhike_state::ViewRow;

use crate::{Ctx, Error, Result};

/// Pages that have views.
const PAGES: &[&str] = &["customers"];
/// Longest name, in characters.
const MAX_CHARS: usize = 100;
/// Longest state, in bytes of JSON.
const MAX_BYTES: usize = 64 << 10;
/// Most views of one page.
const MAX_VIEWS: usize = 1_000;

/// A view.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Id.
    pub id: ViewId,
    /// Page.
    pub page: String,
    /// Name; none for one that only an address names.
    pub name: Option<String>,
    /// What the page shows.
    pub state: Json,
    /// Who kept it.
    pub author: String,
    /// When it was made, in microseconds.
    pub created_at: i64,
    /// Last change, in microseconds.
    pub updated_at: i64,
}

/// A view to be kept.
#[derive(Clone, Debug)]
pub struct NewView {
    /// Page.
    pub page: String,
    /// Name; none for one that only an address names.
    pub name: Option<String>,
    /// What the page shows, a JSON object.
    pub state: Json,
    /// Who keeps it.
    pub author: String,
}

fn view(row: ViewRow) -> Result<View> {
    let state = serde_json::from_str(&row.state_json).map_err(|error| Error::bug("a stored view", error))?;
    Ok(View {
        id: ViewId::new(row.view_id),
        page: row.page,
        name: Some(row.name).filter(|name| !name.is_empty()),
        state,
        author: row.author,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// The named views of a page, by name.
#[boxed]
pub async fn list(ctx: &Ctx, page: &str) -> Result<Vec<View>> {
    let rows = ctx.store().list_views(page).await?.into_iter().filter(|row| !row.name.is_empty());
    let mut views = rows.map(view).collect::<Result<Vec<_>>>()?;
    views.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(views)
}

/// The view of an id.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn get(ctx: &Ctx, id: ViewId) -> Result<View> {
    view(ctx.store().view(id.get()).await?.ok_or_else(|| Error::not_found("view", "视图"))?)
}

/// Keeps a view: a new one, or in place of the one with this id.
///
/// **Errors**: `bad_request` for an unknown page, a long name, a state that is no object, is large, or holds personal
/// data; `conflict` when the name is taken; `not_found`.
#[boxed]
pub async fn put(ctx: &Ctx, id: Option<ViewId>, new: NewView) -> Result<View> {
    if !PAGES.contains(&new.page.as_str()) {
        let known = PAGES.join(", ");
        return Err(Error::bad_request(
            format!("no page {:?} has views: choose one of {known}", new.page),
            format!("页面 {:?} 没有视图：可用的有 {known}", new.page),
        ));
    }
    let name = new.name.as_deref().map(str::trim).unwrap_or_default().to_owned();
    if name.chars().count() > MAX_CHARS || name.contains(char::is_control) || (new.name.is_some() && name.is_empty()) {
        return Err(Error::bad_request(
            format!("a view needs a name of 1 to {MAX_CHARS} characters"),
            format!("视图需要 1 到 {MAX_CHARS} 个字的名称"),
        ));
    }
    let state_json = new.state.to_string();
    if !new.state.is_object() || state_json.len() > MAX_BYTES {
        return Err(Error::bad_request(
            format!("the state of a view is a JSON object of at most {} KiB", MAX_BYTES >> 10),
            format!("视图的内容须为 JSON 对象，最大 {} KiB", MAX_BYTES >> 10),
        ));
    }
    if mask_text(&name).is_some() || holds_personal(&new.state) {
        return Err(Error::bad_request(
            "the view holds what looks like personal data (phone, ID number …): keep it without".into(),
            "视图中含有疑似个人信息（手机号、证件号等）：请去掉后再保存".into(),
        ));
    }
    let all = ctx.store().list_views(&new.page).await?;
    if !name.is_empty() && all.iter().any(|row| row.name == name && Some(ViewId::new(row.view_id)) != id) {
        return Err(Error::conflict(
            format!("there is a view named {name:?} already: choose another name"),
            format!("已有名为“{name}”的视图：请换一个名称"),
        ));
    }
    if name.is_empty()
        && let Some(row) = all.iter().find(|row| row.name.is_empty() && row.state_json == state_json)
    {
        return view(row.clone());
    }
    let now = ctx.now();
    let id = match id {
        Some(id) => get(ctx, id).await?.id,
        None => {
            make_room(ctx, &all).await?;
            ViewId::new(ctx.vault().random_id())
        }
    };
    let (page, author) = (new.page, new.author);
    let row = ViewRow { view_id: id.get(), page, name, state_json, author, created_at: now, updated_at: now };
    ctx.store().put_view(row).await?;
    get(ctx, id).await
}

/// Forgets the oldest view without a name when there are many; with none left to forget there is no room.
async fn make_room(ctx: &Ctx, all: &[ViewRow]) -> Result<()> {
    if all.len() < MAX_VIEWS {
        return Ok(());
    }
    match all.iter().filter(|row| row.name.is_empty()).min_by_key(|row| row.updated_at) {
        Some(oldest) => ctx.store().delete_view(oldest.view_id).await.map(drop).map_err(Error::from),
        None => Err(Error::conflict(
            format!("there are {MAX_VIEWS} views already: delete some first"),
            format!("已有 {MAX_VIEWS} 个视图：请先删除一些"),
        )),
    }
}

/// Forgets a view.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn delete(ctx: &Ctx, id: ViewId) -> Result<()> {
    match ctx.store().delete_view(id.get()).await? {
        true => Ok(()),
        false => Err(Error::not_found("view", "视图")),
    }
}

/// Whether a text or number in it looks like personal data.
fn holds_personal(json: &Json) -> bool {
    match json {
        Json::String(text) => mask_text(text).is_some(),
        Json::Number(number) => mask_text(&number.to_string()).is_some(),
        Json::Array(list) => list.iter().any(holds_personal),
        Json::Object(object) => object.iter().any(|(key, value)| mask_text(key).is_some() || holds_personal(value)),
        _ => false,
    }
}

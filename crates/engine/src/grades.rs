//! Grades of properties and traits as they are declared here, what there is to be graded, and what whoever asks is shown.
//!
//! Owns where declarations are kept and where values are masked by grade: rows of SQL, live events, traits of customers. Rules,
//! tags and figures read what is there; what they tell is counted. Which grade counts is decided in `zhike_domain::grade`.
//!
//! - INV-GRADE-3: a property that nobody graded leaves no query, page, stream or file in the clear.

use crate::boxed;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zhike_domain::access::{Permission, Principal, Role, Shown, shows};
pub use zhike_domain::grade::{Class, Declared, Graded, Origin, TRAITS, UNKNOWN};
use zhike_domain::grade::{Classes, Grades, Looks, mask_json, mask_object};
use zhike_lake::PropertyMask;

use crate::guard::classes::Met;
use crate::query::{definition, put_definition};
use crate::{Ctx, Error, Result, accounts, audit, sources};

const KIND: &str = "property_grades";
/// The newest events that are looked at for what there is to be graded.
const LOOKED_AT: usize = 50_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Stored {
    declared: Vec<Declared>,
}

/// What the data administrator declared.
#[boxed]
pub async fn declared(ctx: &Ctx) -> Result<Vec<Declared>> {
    Ok(definition::<Stored>(ctx, KIND, "default").await?.declared)
}

/// All grades that count here.
#[boxed]
pub async fn grades(ctx: &Ctx) -> Result<Grades> {
    let plans = sources::list(ctx).await?.into_iter().map(|source| (source.name, source.plan)).collect();
    Ok(Grades::new(declared(ctx).await?, plans))
}

/// A declaration that takes the place of the one of the same source, event and property, or takes it away.
#[derive(Clone, Debug)]
pub struct Change {
    /// Source; any when missing.
    pub source: Option<String>,
    /// Event, or [`TRAITS`]; any when missing.
    pub event: Option<String>,
    /// Property or trait.
    pub property: String,
    /// Class and grade; none takes the declaration away.
    pub to: Option<(Class, u8)>,
}

/// Declares grades, all or none of them, on record.
///
/// **Errors**: `no_permission`; `bad_request` for a grade that is none, or a property without a name.
#[boxed]
pub async fn declare(ctx: &Ctx, by: &Principal, changes: &[Change]) -> Result<()> {
    accounts::need(by, Permission::PolicyChange)?;
    if let Some(wrong) = changes.iter().find(|one| one.to.is_some_and(|(_, grade)| !(1..=4).contains(&grade))) {
        return Err(Error::bad_request(
            format!("{:?}: a grade is 1 to 4", wrong.property),
            format!("“{}”：分级为 1 到 4", wrong.property),
        ));
    }
    if changes.iter().any(|one| one.property.trim().is_empty()) {
        return Err(Error::bad_request("name the property".into(), "请写明属性名".into()));
    }
    let mut all = declared(ctx).await?;
    for change in changes {
        let is_same = |one: &Declared| {
            (&one.source, &one.event, &one.property) == (&change.source, &change.event, &change.property)
        };
        all.retain(|one| !is_same(one));
        if let Some((class, grade)) = change.to {
            let Change { source, event, property, .. } = change.clone();
            all.push(Declared { source, event, property, class, grade });
        }
    }
    all.sort_by(|a, b| (&a.property, &a.event, &a.source).cmp(&(&b.property, &b.event, &b.source)));
    let said = changes.iter().map(|one| json!([one.source, one.event, one.property, one.to.map(|to| to.1)]));
    let detail = json!({ "grades": said.collect::<Vec<_>>() });
    audit::record(ctx, &by.actor, "policy.change", KIND, &detail).await?;
    put_definition(ctx, KIND, "default", &Stored { declared: all }).await.map(drop)
}

/// A property that there is.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Source; of traits empty.
    pub source: String,
    /// Event, or [`TRAITS`].
    pub event: String,
    /// Name.
    pub property: String,
    /// Its grade.
    pub graded: Graded,
    /// Values looked at.
    pub n_values: u64,
    /// What it might be, by the looks of its values; where nobody has graded it.
    pub suggestion: Option<(Class, u8)>,
}

/// The properties of the newest events and the traits of customers with their grades, those that nobody has graded first. Of
/// values only looks are counted.
#[boxed]
pub async fn list(ctx: &Ctx) -> Result<Vec<Seen>> {
    let mut looks: BTreeMap<(String, String, String), Looks> = BTreeMap::new();
    let mut see = |source: &str, event: &str, json: &str| {
        let Ok(all) = serde_json::from_str::<Map<String, Value>>(json) else { return };
        for (name, value) in &all {
            looks.entry((source.to_owned(), event.to_owned(), name.clone())).or_default().see(value);
        }
    };
    let events = ctx.lake().newest_properties(LOOKED_AT).await?;
    let text = |name: &str, row: usize| events.text(name).and_then(|column| column.get(row)).unwrap_or_default();
    (0..events.n_rows()).for_each(|row| see(text("source", row), text("event", row), text("properties", row)));
    let people = ctx.store().scan_profiles(&["profile_id", "traits"]).await?;
    people.text("traits").into_iter().flat_map(|traits| traits.iter().flatten()).for_each(|json| see("", TRAITS, json));
    let grades = grades(ctx).await?;
    let seen = looks.into_iter().map(|((source, event, property), looks)| {
        let graded = if event == TRAITS { grades.of_trait(&property) } else { grades.of(&source, &event, &property) };
        let suggestion = looks.suggestion().filter(|_| graded.origin == Origin::Nobody);
        Seen { source, event, property, graded, n_values: looks.n, suggestion }
    });
    let mut seen: Vec<Seen> = seen.collect();
    seen.sort_by_key(|one| one.graded.origin != Origin::Nobody);
    Ok(seen)
}

/// How properties are masked for whoever asks, one event after another, and where is noted what was not; none for the process
/// itself.
pub(crate) async fn property_mask(ctx: &Ctx, met: Arc<Met>) -> Result<Option<PropertyMask>> {
    let Some(by) = ctx.by() else { return Ok(None) };
    let (grades, roles) = (grades(ctx).await?, by.roles.clone());
    let known: Mutex<HashMap<(String, String), Arc<HowShown>>> = Mutex::default();
    Ok(Some(Arc::new(move |source: &str, event: &str, text: &str| {
        let key = (source.to_owned(), event.to_owned());
        let how = known.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone();
        mask_json(text, |name| how.of(name, || graded(&grades, source, event, name), &roles, &met))
    })))
}

fn graded(grades: &Grades, source: &str, event: &str, name: &str) -> Graded {
    match event {
        TRAITS => grades.of_trait(name),
        event => grades.of(source, event, name),
    }
}

/// How the properties of one kind of events are shown, as far as they were met.
#[derive(Default)]
struct HowShown(Mutex<HashMap<String, Shown>>);

impl HowShown {
    fn of(&self, name: &str, graded: impl Fn() -> Graded, roles: &[Role], met: &Met) -> Shown {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(how) = known.get(name) {
            return *how;
        }
        let graded = graded();
        let how = shows(roles, graded.grade);
        if how == Shown::Clear {
            met.note(graded);
        }
        known.insert(name.to_owned(), how);
        how
    }
}

/// How the traits of customers, as JSON, are masked for whoever asks.
pub(crate) struct TraitMask(Option<(Grades, Vec<Role>, u8)>, Met);

impl TraitMask {
    /// Masks those of one customer.
    pub(crate) fn apply(&self, traits: &mut Option<String>) {
        let (Some((grades, roles, up_to)), Some(json)) = (&self.0, traits) else { return };
        *json = mask_json(json, |name| {
            let graded = grades.of_trait(name);
            let how = if graded.grade <= *up_to { Shown::Clear } else { shows(roles, graded.grade) };
            if how == Shown::Clear {
                self.1.note(graded);
            }
            how
        });
    }

    /// Of which classes something was left in the clear so far.
    pub(crate) fn shown(&self) -> Classes {
        self.1.classes()
    }
}

/// How traits are masked by grade; those up to a grade are shown as they are. The process itself sees them.
pub(crate) async fn trait_mask(ctx: &Ctx, up_to_grade: u8) -> Result<TraitMask> {
    let Some(by) = ctx.by() else { return Ok(TraitMask(None, Met::default())) };
    Ok(TraitMask(Some((grades(ctx).await?, by.roles.clone(), up_to_grade)), Met::default()))
}

/// Masks the detail of a live event, of a source and a name, and says of which classes something is left in the clear.
pub type LiveMask = Box<dyn Fn(&str, Option<&str>, &Value) -> (Value, Classes) + Send + Sync>;

/// How live events are masked for whoever asks.
#[boxed]
pub async fn live_mask(ctx: &Ctx) -> Result<LiveMask> {
    let (grades, roles) = (grades(ctx).await?, ctx.by().map(|by| by.roles.clone()));
    let mask: LiveMask = Box::new(move |source: &str, event: Option<&str>, detail: &Value| {
        let (mut detail, met) = (detail.clone(), Met::default());
        let Some(roles) = &roles else { return (detail, met.classes()) };
        for (key, event) in [("properties", event.unwrap_or_default()), ("traits", TRAITS)] {
            if let Some(Value::Object(all)) = detail.get_mut(key) {
                *all = mask_object(all, |name| {
                    let graded = graded(&grades, source, event, name);
                    let how = shows(roles, graded.grade);
                    if how == Shown::Clear {
                        met.note(graded);
                    }
                    how
                });
            }
        }
        (detail, met.classes())
    });
    Ok(mask)
}

//! The register of processing activities as it follows from what is configured and was done.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use zhike_domain::access::{Permission, Role, Shown, Unmask, granted, shows, unmasks};
use zhike_domain::assessment::{self, Why};
use zhike_domain::audience::{Leaf, score_of};
use zhike_domain::consent::{Purpose, purpose};
use zhike_domain::grade::{Class, Classes, Graded, Grades, TRAITS, class_of_column, class_of_field};
use zhike_domain::id::AssessmentId;
use zhike_domain::import::entity::Entity;
use zhike_domain::import::mapping::{Mapping, TRAITS as TO_TRAITS};
use zhike_domain::retention::Rule;
use zhike_domain::tables::{self, TableSpec};
use zhike_state::BatchStatus;

use super::{Recorded, assessments, by_purpose};
use crate::audit::AuditFilter;
use crate::segments::Segment;
use crate::{Ctx, Result, accounts, audit, boxed, consents, grades, import, retention, segments, sources};

/// For so long back files are counted, in days: what an assessment has to be kept for.
const DAYS: i64 = 1_096;
const DAY: i64 = 86_400_000_000;
/// Read at a time.
const PAGE: usize = 1_000;
/// Names of fields that are listed for a class.
const MAX_FIELDS: usize = 40;

/// Who processes what for what.
#[derive(Clone, Debug)]
pub struct Register {
    /// Name of the workspace.
    pub controller: String,
    /// When it was derived, in microseconds.
    pub made_at: i64,
    /// One for every purpose.
    pub activities: Vec<Activity>,
    /// One for every class of data about people that is held.
    pub held: Vec<Held>,
    /// Who was given files within three years.
    pub recipients: Vec<Recipient>,
    /// All assessments.
    pub assessments: Vec<Recorded>,
}

/// What is done for a purpose.
#[derive(Clone, Debug)]
pub struct Activity {
    /// The purpose, with its ground and notices.
    pub purpose: Purpose,
    /// Classes of data.
    pub classes: Classes,
    /// Segments that are kept for it.
    pub n_segments: u64,
    /// Files that were made for it within three years.
    pub n_files: u64,
    /// Why it needs an assessment.
    pub whys: Vec<Why>,
    /// The newest assessment that names it.
    pub assessment: Option<AssessmentId>,
}

/// A class of data that is held.
#[derive(Clone, Debug)]
pub struct Held {
    /// Class.
    pub class: Class,
    /// The highest grade among its fields.
    pub grade: u8,
    /// Names of fields and properties.
    pub fields: Vec<String>,
    /// Sources that bring it.
    pub sources: Vec<String>,
    /// How long what happened is kept.
    pub kept: Vec<Rule>,
    /// Whether it is kept with the customer, until they are erased.
    pub until_erased: bool,
    /// Roles that may read it.
    pub readers: Vec<Reader>,
}

/// A role that may read a class, by the highest grade of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// Role.
    pub role: Role,
    /// How values are shown.
    pub shown: Shown,
    /// What it takes to see them in the clear, where they are masked.
    pub unmask: Option<Unmask>,
}

/// Somebody who was given files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Who made the files; a person whose own data they are is `person`.
    pub who: String,
    /// Code of the purpose.
    pub purpose: String,
    /// Classes of the columns.
    pub classes: Classes,
    /// Files.
    pub n_files: u64,
    /// Rows of all of them.
    pub n_rows: u64,
    /// When the last was made, in microseconds.
    pub last_at: i64,
}

/// The register as it is now.
#[boxed]
pub async fn register(ctx: &Ctx) -> Result<Register> {
    let grades = grades::grades(ctx).await?;
    let held = held(ctx, &grades).await?;
    let (segments, assessments) = (segments::list(ctx, false).await?, assessments(ctx).await?);
    let recipients = recipients(ctx, &grades).await?;
    let assessed = by_purpose(&assessments);
    let everything: Classes = held.iter().map(|one| one.class).collect();
    let mut activities = Vec::new();
    for purpose in consents::purposes(ctx).await? {
        let own: Vec<&Segment> = segments.iter().filter(|one| purpose_of(one) == purpose.code).collect();
        let given = recipients.iter().filter(|one| one.purpose == purpose.code);
        let (mut classes, mut n_files) = (Classes::default(), 0);
        for one in given {
            (classes, n_files) = (classes.or(one.classes), n_files + one.n_files);
        }
        for segment in &own {
            classes = classes.or(classes_of_rule(ctx, segment, &grades).await?);
        }
        // Scores, tags, figures and SQL are computed over all that is held.
        if purpose.code == purpose::DEFAULT {
            classes = classes.or(everything);
        }
        let is_used = classes != Classes::default();
        activities.push(Activity {
            whys: if is_used { assessment::whys(&purpose, classes) } else { Vec::new() },
            assessment: assessed.get(purpose.code.as_str()).copied(),
            n_segments: own.len() as u64,
            n_files,
            classes,
            purpose,
        });
    }
    let (controller, made_at) = (ctx.workspace().name, ctx.now());
    Ok(Register { controller, made_at, activities, held, recipients, assessments })
}

fn purpose_of(segment: &Segment) -> &str {
    if segment.spec.purpose.is_empty() { purpose::DEFAULT } else { &segment.spec.purpose }
}

/// Of which classes the conditions of a segment are.
async fn classes_of_rule(ctx: &Ctx, segment: &Segment, grades: &Grades) -> Result<Classes> {
    let Some(json) = &segment.spec.rule else { return Ok(Classes::default()) };
    // A rule that names what is gone by now tells nothing any more.
    let Ok(rule) = segments::read_rule(ctx, json, Some(segment.id)).await else { return Ok(Classes::default()) };
    let mut classes = Classes::default();
    for leaf in rule.leaves() {
        match leaf {
            Leaf::Trait(name, _) => classes.insert(class_of_trait(name, grades)),
            Leaf::Tag(..) => classes.insert(class_of_column("tags", "value")),
            Leaf::Score(name, _) => {
                classes.insert(score_of(name).map_or(Class::Attribute, |one| class_of_column(one.table, one.column)));
            }
            Leaf::Identity(kind, _) => classes.insert(class_of_field(kind)),
            Leaf::Consent(..) | Leaf::Member(..) => {}
            Leaf::Measure(..) | Leaf::Sequence(_) => {
                leaf.sources().into_iter().for_each(|source| classes.insert(class_of_table(source.table())));
            }
        }
    }
    Ok(classes)
}

/// What the facts of a table are about.
fn class_of_table(table: &str) -> Class {
    class_of_column(table, "")
}

fn class_of_trait(name: &str, grades: &Grades) -> Class {
    match tables::table("profiles").and_then(|table| table.column(name)) {
        Some(_) => class_of_column("profiles", name),
        None => grades.of_trait(name).class,
    }
}

/// What was found of a class.
#[derive(Default)]
struct Found {
    grade: u8,
    fields: BTreeSet<String>,
    sources: BTreeSet<String>,
    tables: BTreeSet<&'static str>,
}

/// What was found so far, by class.
#[derive(Default)]
struct Finds(BTreeMap<Class, Found>);

impl Finds {
    /// Notes a field; what is about nobody is left out.
    fn add(&mut self, (class, grade): (Class, u8), field: &str, source: &str, table: &'static str) {
        if class == Class::Technical || grade < 2 {
            return;
        }
        let found = self.0.entry(class).or_default();
        found.grade = found.grade.max(grade);
        found.tables.insert(table);
        if found.fields.len() < MAX_FIELDS {
            found.fields.insert(field.to_owned());
        }
        if !source.is_empty() {
            found.sources.insert(source.to_owned());
        }
    }
}

/// Which classes are held: by the mappings of loads, and the properties and traits that arrived.
async fn held(ctx: &Ctx, grades: &Grades) -> Result<Vec<Held>> {
    let mut finds = Finds::default();
    let mut before = None;
    loop {
        let page = import::list(ctx, PAGE, before).await?;
        before = page.last().map(|one| (one.started_at, one.batch_id));
        for load in page.iter().filter(|load| load.status == BatchStatus::Loaded && load.rows_loaded > 0) {
            let Some(mapping) = load.mapping_json.as_deref() else { continue };
            if let Ok(mapping) = serde_json::from_str::<Mapping>(mapping) {
                of_mapping(&mut finds, &mapping, &load.source, grades);
            }
        }
        if page.len() < PAGE {
            break;
        }
    }
    for one in grades::list(ctx).await? {
        let (table, is_trait) = if one.event == TRAITS { ("profiles", true) } else { ("events", false) };
        finds.add((one.graded.class, one.graded.grade), &one.property, &one.source, table);
        if !is_trait {
            // An event is what somebody did, whatever it carries.
            finds.add((Class::Behaviour, 2), &one.event, &one.source, table);
            finds.add((Class::Identity, 2), "anonymous_id", &one.source, "profiles");
        }
    }
    for source in sources::list(ctx).await? {
        let events =
            source.plan.events.iter().flat_map(|(event, plan)| plan.properties.keys().map(move |one| (event, one)));
        for (event, property) in events {
            let Graded { class, grade, .. } = grades.of(&source.name, event, property);
            finds.add((class, grade), property, &source.name, "events");
        }
        for name in source.plan.traits.keys() {
            let Graded { class, grade, .. } = grades.of(&source.name, TRAITS, name);
            finds.add((class, grade), name, &source.name, "profiles");
        }
    }
    let rules = retention::rules(ctx).await?;
    let separated = accounts::policy(ctx).await?.separated;
    let held = finds.0.into_iter().map(|(class, found)| Held {
        class,
        grade: found.grade,
        kept: rules
            .iter()
            .filter(|rule| rule.class.tables().iter().any(|one| found.tables.contains(one)))
            .cloned()
            .collect(),
        until_erased: found.tables.contains("profiles"),
        readers: readers(found.grade, separated),
        fields: found.fields.into_iter().collect(),
        sources: found.sources.into_iter().collect(),
    });
    Ok(held.collect())
}

/// What the columns of a file became: columns of the facts that its rows are, or of the customer.
fn of_mapping(finds: &mut Finds, mapping: &Mapping, source: &str, grades: &Grades) {
    let facts: &[&str] = match mapping.entity {
        Entity::Profiles => &[],
        // One row of a file of lines becomes an order and a line.
        Entity::OrderLines => &["orders", "order_items"],
        other => &[other.as_str()],
    };
    let facts: Vec<&'static TableSpec> = facts.iter().filter_map(|name| tables::table(name)).collect();
    let column_of =
        |all: &[&'static TableSpec], name: &str| all.iter().find_map(|spec| Some((*spec, spec.column(name)?)));
    let person: Vec<&'static TableSpec> = tables::table("profiles").into_iter().collect();
    for column in &mapping.columns {
        let Some(target) = column.target_name() else { continue };
        let found = column_of(&facts, target).or_else(|| column_of(&person, target));
        match found {
            _ if target == TO_TRAITS && facts.is_empty() => {
                let Graded { class, grade, .. } = grades.of_trait(&column.header);
                finds.add((class, grade), &column.header, source, "profiles");
            }
            Some((spec, column)) => {
                finds.add((class_of_column(spec.name, target), column.grade), target, source, spec.name);
            }
            None => {
                let class = class_of_field(target);
                // What else there is of products and campaigns is about nobody.
                let grade = if matches!(class, Class::Identity | Class::Sensitive) { 3 } else { 1 };
                finds.add((class, grade), target, source, "profiles");
            }
        }
    }
}

/// Roles that may open or list customers, or query.
fn readers(grade: u8, separated: bool) -> Vec<Reader> {
    let may_read = [Permission::ProfilesRead, Permission::ProfilesList, Permission::SqlRun];
    let reader = |role: Role| Reader {
        role,
        shown: shows(&[role], grade),
        unmask: (grade >= 3).then(|| unmasks(&[role], grade)),
    };
    let roles = Role::ALL.iter().copied();
    let reads = |role: &Role| may_read.iter().any(|one| granted(&[*role], separated).holds(*one));
    roles.filter(reads).map(reader).collect()
}

/// Who was given files, by the trail.
async fn recipients(ctx: &Ctx, grades: &Grades) -> Result<Vec<Recipient>> {
    let mut all: BTreeMap<(String, String), Recipient> = BTreeMap::new();
    for action in ["export.create", "request.copy"] {
        let since = Some(ctx.now() - DAYS * DAY);
        let filter = AuditFilter { action: Some(action.into()), since, ..AuditFilter::default() };
        let mut before = None;
        loop {
            let page = audit::list(ctx, &filter, before, PAGE).await?;
            before = page.last().map(|row| row.seq);
            for row in &page {
                let detail: Json = serde_json::from_str(&row.detail_json).unwrap_or_default();
                let is_own = action == "request.copy";
                let who = if is_own { "person".to_owned() } else { row.actor.clone() };
                let purpose = detail["purpose"].as_str().unwrap_or_default().to_owned();
                let one = all.entry((who.clone(), purpose.clone())).or_insert_with(|| Recipient {
                    who,
                    purpose,
                    classes: Classes::default(),
                    n_files: 0,
                    n_rows: 0,
                    last_at: row.at,
                });
                one.n_files += 1;
                one.n_rows += detail["rows"].as_u64().unwrap_or(0);
                one.last_at = one.last_at.max(row.at);
                let columns = detail["columns"].as_array().into_iter().flatten().filter_map(Json::as_str);
                columns.filter_map(|key| class_of_key(key, grades)).for_each(|class| one.classes.insert(class));
            }
            if page.len() < PAGE {
                break;
            }
        }
    }
    Ok(all.into_values().collect())
}

/// What a column of a file is about, masked or not; nothing for the ids of the product.
fn class_of_key(key: &str, grades: &Grades) -> Option<Class> {
    let of =
        |table: &str| tables::table(table).and_then(|table| table.column(key)).map(|_| class_of_column(table, key));
    let class = match (key, key.split_once('.')) {
        ("identity", _) => Class::Identity,
        ("first_ordered_at" | "last_ordered_at", _) => Class::Commerce,
        (_, Some(("traits", name))) => grades.of_trait(name).class,
        (_, Some(("tags", _))) => class_of_column("tags", "value"),
        _ => of("profiles")
            .or_else(|| of("rfm"))
            .or_else(|| of("orders"))
            .or_else(|| score_of(key).map(|score| class_of_column(score.table, score.column)))?,
    };
    (class != Class::Technical).then_some(class)
}

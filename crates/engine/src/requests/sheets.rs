//! A person's data as tables, each under headings that the import knows again.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value as Json};
use zhike_domain::frame::Frame;
use zhike_domain::import::entity::{Entity, IdentityKind, targets};
use zhike_domain::import::headings::{heading, stays_a_trait};
use zhike_domain::sensitive::Sensitive;
use zhike_domain::written::{instant, quoted, text};
use zhike_state::IdentityStatus;

use super::copy::Person;
use crate::workspace::date_of;
use crate::{Ctx, Result};

/// What can be loaded again, in the order in which it is to be.
const LOADABLE: [Entity; 6] =
    [Entity::Orders, Entity::OrderItems, Entity::Events, Entity::Interactions, Entity::Feedback, Entity::Touches];

/// The tables and a note that says how they are loaded.
pub(super) async fn of(ctx: &Ctx, person: &Person, is_zh: bool) -> Result<Vec<(String, Sensitive<Vec<u8>>)>> {
    let mut files = Vec::new();
    let mut commands = Vec::new();
    let mut add = |name: String, entity: &str, source: &str, content: String| {
        let from = match source {
            "" => String::new(),
            // A name with a dash before it would be taken for another option.
            source if source.starts_with('-') => format!(" --source={}", shell_word(source)),
            source => format!(" --source {}", shell_word(source)),
        };
        commands.push(match entity {
            "consents" => format!("zhike consent import {name}"),
            _ => format!("zhike import {name} --as {entity}{from}"),
        });
        files.push((name, Sensitive::new(content.into_bytes())));
    };
    let whose = whose(person);
    // Ids that are unique at their source alone are known again under that source.
    let own_source = person.identities.iter().find(|(row, _)| is_scoped(&row.kind)).map(|(row, _)| row.source.as_str());
    add("profiles.csv".into(), "profiles", own_source.unwrap_or_default(), profiles(person, whose.as_ref(), is_zh));
    for entity in LOADABLE {
        let Some((_, frame)) = person.tables.iter().find(|(spec, _)| spec.name == entity.as_str()) else { continue };
        let products = if entity == Entity::OrderItems { products(ctx, frame).await? } else { HashMap::new() };
        let of_row = |row: usize| frame.text("source").and_then(|column| column.get(row)).unwrap_or_default();
        let sources: BTreeSet<&str> = (0..frame.n_rows()).map(of_row).collect();
        for (n, source) in sources.iter().enumerate() {
            let rows: Vec<usize> = (0..frame.n_rows()).filter(|row| of_row(*row) == *source).collect();
            let sheet = facts(entity, &frame.take(&rows), whose.as_ref(), &products, is_zh);
            // Numbers of orders are unique at their source alone: each source has a file of its own.
            let name = if n == 0 { format!("{entity}.csv") } else { format!("{entity}-{}.csv", n + 1) };
            add(name, entity.as_str(), source, sheet);
        }
    }
    if let Some(whose) = whose.as_ref().filter(|_| !person.said.is_empty()) {
        add("consents.csv".into(), "consents", "", consents(person, whose, is_zh));
    }
    let note = note(is_zh, &commands);
    files.push(("README.txt".to_owned(), Sensitive::new(note.into_bytes())));
    Ok(files)
}

/// A word as a shell takes it, whatever it holds: names of sources are what people gave.
fn shell_word(word: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '.' | '/' | ':' | '@');
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn note(is_zh: bool, commands: &[String]) -> String {
    let head = if is_zh {
        "个人信息副本\r\n\r\nperson.json 为全部信息；CSV 文件（UTF-8）可用表格软件打开，也可按下列顺序导入其他系统或知客：\r\n"
    } else {
        "A copy of one person's data\r\n\r\nperson.json holds all of it. The CSV files (UTF-8) open in any spreadsheet and \
         can be loaded elsewhere, into Zhike in this order:\r\n"
    };
    let mut note = head.to_owned();
    commands.iter().for_each(|command| note.push_str(&format!("  {command}\r\n")));
    note
}

/// Kind and value of the identity under which facts are written: the strongest that is known everywhere.
fn whose(person: &Person) -> Option<(IdentityKind, String)> {
    let known = person.identities.iter().filter(|(row, _)| row.status == IdentityStatus::Active);
    let all = known.filter_map(|(row, value)| Some((IdentityKind::parse(&row.kind)?, row.identity_id, value.clone()?)));
    let best = all.min_by_key(|(kind, id, _)| (is_scoped(kind.as_str()), kind.strength(), *id));
    best.map(|(kind, _, value)| (kind, value))
}

fn is_scoped(kind: &str) -> bool {
    matches!(IdentityKind::parse(kind), Some(IdentityKind::ExternalId | IdentityKind::Openid))
}

/// A table being made: cells by target, and by the name of a further attribute.
struct Sheet {
    entity: Entity,
    n_rows: usize,
    columns: HashMap<&'static str, Vec<(usize, String)>>,
    traits: BTreeMap<String, Vec<(usize, String)>>,
}

impl Sheet {
    fn new(entity: Entity, n_rows: usize) -> Self {
        Self { entity, n_rows, columns: HashMap::new(), traits: BTreeMap::new() }
    }

    fn set(&mut self, row: usize, target: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.columns.entry(target).or_default().push((row, value));
        }
    }

    fn set_identity(&mut self, row: usize, whose: Option<&(IdentityKind, String)>) {
        if let Some((kind, value)) = whose {
            self.set(row, kind.as_str(), Some(value.clone()));
        }
    }

    /// Further attributes, but those whose heading would be taken for something else; these stand in the document alone.
    fn set_traits(&mut self, row: usize, json: Option<&str>) {
        let all = json.and_then(|json| serde_json::from_str::<Map<String, Json>>(json).ok());
        for (key, value) in all.into_iter().flatten().filter(|(key, _)| stays_a_trait(self.entity, key)) {
            let value = match value {
                Json::Null => continue,
                Json::String(text) => text,
                other => other.to_string(),
            };
            self.traits.entry(key).or_default().push((row, value));
        }
    }

    fn write(&self, is_zh: bool) -> String {
        let own = targets(self.entity).iter().filter_map(|target| {
            let cells = self.columns.get(target.name)?;
            Some((heading(self.entity, target.name, is_zh)?.to_owned(), cells))
        });
        let columns: Vec<(String, &Vec<(usize, String)>)> =
            own.chain(self.traits.iter().map(|(key, cells)| (key.clone(), cells))).collect();
        let mut lines = vec![vec![String::new(); columns.len()]; self.n_rows];
        for (at, (_, cells)) in columns.iter().enumerate() {
            cells.iter().for_each(|(row, value)| lines[*row][at].clone_from(value));
        }
        written(columns.into_iter().map(|(head, _)| head).collect(), lines)
    }
}

/// Lines of CSV with the mark by which spreadsheets know UTF-8.
fn written(head: Vec<String>, lines: Vec<Vec<String>>) -> String {
    let mut out = String::from("\u{feff}");
    for line in std::iter::once(head).chain(lines) {
        let cells: Vec<String> = line.iter().map(|cell| quoted(cell)).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    out
}

/// One row that says all about the person, then one for every pair of identities that was joined: a file joins what stands in
/// one row.
fn profiles(person: &Person, whose: Option<&(IdentityKind, String)>, is_zh: bool) -> String {
    let row = &person.row;
    let of = |id: i64| {
        let (row, value) = person.identities.iter().find(|(row, _)| row.identity_id == id)?;
        let is_active = row.status == IdentityStatus::Active;
        Some((IdentityKind::parse(&row.kind)?, value.clone()?)).filter(|_| is_active)
    };
    let standing = person.edges.iter().filter(|edge| edge.undone_at.is_none());
    let pairs = standing.filter_map(|edge| Some((of(edge.left_identity_id)?, of(edge.right_identity_id)?)));
    let pairs: BTreeSet<_> = pairs.filter(|(left, right)| left.0 != right.0).collect();
    let mut sheet = Sheet::new(Entity::Profiles, 1 + pairs.len());
    sheet.set_identity(0, whose);
    for (at, (left, right)) in pairs.iter().enumerate() {
        sheet.set_identity(1 + at, Some(left));
        sheet.set_identity(1 + at, Some(right));
    }
    for (field, value) in person.fields.iter().filter(|(field, _)| IdentityKind::parse(field).is_none()) {
        sheet.set(0, field, Some(value.clone()));
    }
    sheet.set(0, "kind", Some(row.kind.clone()));
    sheet.set(0, "gender", row.gender.clone());
    sheet.set(0, "birth_year", row.birth_year.map(|year| year.to_string()));
    sheet.set(0, "country", row.country.clone());
    sheet.set(0, "province", row.province.clone());
    sheet.set(0, "city", row.city.clone());
    sheet.set(0, "member_level", row.member_level.clone());
    sheet.set(0, "registered_on", row.registered_on.and_then(date_of).map(|day| day.to_string()));
    sheet.set(0, "acquisition_channel", row.acquisition_channel.clone());
    sheet.set_traits(0, row.traits.as_deref());
    sheet.write(is_zh)
}

/// Names of products by source and code.
type Products = HashMap<(String, String), [Option<String>; 5]>;

/// What a line's product is called and where it belongs.
const OF_PRODUCT: [&str; 5] = ["name", "brand", "category_1", "category_2", "category_3"];

async fn products(ctx: &Ctx, items: &Frame) -> Result<Products> {
    let mut ids: Vec<&str> = items.text("product_id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Products::new());
    }
    let found = ctx.lake().products(&ids, &OF_PRODUCT).await?;
    let word = |name: &str, row: usize| found.text(name).and_then(|column| column.get(row)).map(str::to_owned);
    let one =
        |row: usize| Some(((word("source", row)?, word("product_id", row)?), OF_PRODUCT.map(|name| word(name, row))));
    Ok((0..found.n_rows()).filter_map(one).collect())
}

/// The rows of a table of facts from one source.
fn facts(
    entity: Entity,
    frame: &Frame,
    whose: Option<&(IdentityKind, String)>,
    products: &Products,
    is_zh: bool,
) -> String {
    let mut sheet = Sheet::new(entity, frame.n_rows());
    let word = |name: &str, row: usize| frame.text(name).and_then(|column| column.get(row));
    let kinds: HashMap<&str, _> = frame.fields().iter().map(|field| (field.name.as_str(), field.kind)).collect();
    // Amounts stand in the workspace's currency here.
    let own = targets(entity).iter().filter(|target| !target.personal && target.name != "currency");
    for target in own {
        let (Some(kind), Some(column)) = (kinds.get(target.name), frame.column(target.name)) else { continue };
        for row in 0..frame.n_rows() {
            sheet.set(row, target.name, text(*kind, column, row));
        }
    }
    for row in 0..frame.n_rows() {
        if entity == Entity::OrderItems {
            let key = (word("source", row).unwrap_or_default(), word("product_id", row).unwrap_or_default());
            let product = products.get(&(key.0.to_owned(), key.1.to_owned())).cloned().unwrap_or_default();
            OF_PRODUCT.into_iter().zip(product).for_each(|(name, value)| sheet.set(row, name, value));
        } else {
            sheet.set_identity(row, whose);
        }
        if entity == Entity::Orders && word("kind", row) == Some("refund") {
            sheet.set(row, "is_refund", Some("true".to_owned()));
        }
        sheet.set_traits(row, word(entity.rest_column(), row));
    }
    sheet.write(is_zh)
}

/// What the person said, as `zhike consent import` reads it.
fn consents(person: &Person, (kind, value): &(IdentityKind, String), is_zh: bool) -> String {
    let who = match (kind, is_zh) {
        (IdentityKind::Phone, true) => "手机号",
        (IdentityKind::Email, true) => "邮箱",
        (IdentityKind::MemberId, true) => "会员号",
        (kind, _) => kind.as_str(),
    };
    let rest = match is_zh {
        true => ["用途", "同意", "时间", "告知版本", "渠道", "证据", "监护人"],
        false => ["purpose", "granted", "at", "policy_version", "channel", "evidence", "by_guardian"],
    };
    let yes = |holds: i64| (if holds == 1 { "yes" } else { "no" }).to_owned();
    let line = |row: &zhike_state::SaidRow| {
        vec![
            value.clone(),
            row.purpose.clone(),
            yes(row.granted),
            instant(row.at),
            row.policy_version.clone(),
            row.channel.clone(),
            row.evidence.clone(),
            yes(row.by_guardian),
        ]
    };
    let head = std::iter::once(who).chain(rest).map(str::to_owned).collect();
    written(head, person.said.iter().map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn a_shell_takes_the_name_of_a_source_as_one_word() {
        for (name, word) in [
            ("orders", "orders"),
            ("天猫旗舰店", "天猫旗舰店"),
            ("a b", "'a b'"),
            ("it's; rm -r $HOME", r"'it'\''s; rm -r $HOME'"),
            ("`x`", "'`x`'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(name), word);
        }
    }
}

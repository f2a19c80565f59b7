//! One customer as conditions see them, and why a rule holds for them or not.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;

use zhike_domain::audience::{AsOf, Cell, Leaf, Person, Rule, Source, TRAITS, cell_of, holds, score_of};
use zhike_domain::frame::{Column, ColumnType, Frame, TextColumn};
use zhike_domain::import::entity::IdentityKind;
use zhike_lake::RowsOf;
use zhike_state::{IdentityStatus, ProfileRow};

use crate::profiles::{current, written_for};
use crate::{Ctx, Result, consents};

/// All that a rule asks about one customer.
pub(crate) fn person<'a>(
    ctx: &'a Ctx,
    profile_id: i64,
    rule: &'a Rule,
    as_of: &'a AsOf,
) -> Pin<Box<dyn Future<Output = Result<Person>> + Send + 'a>> {
    // Boxed: a condition can name a segment, whose rule asks further.
    Box::pin(async move {
        ctx.refresh_overrides().await?;
        let row = current(ctx, profile_id).await?;
        let id = row.profile_id;
        let identities = ctx.store().identities_of(&[id]).await?;
        let homes = written_for(ctx, id, &identities).await?;
        let mut person = Person { traits: traits(&row), more: row.traits.clone(), ..Person::default() };
        let active = identities.iter().filter(|identity| identity.status == IdentityStatus::Active);
        person.identities.extend(active.map(|identity| identity.kind.clone()));
        let fields = ctx.store().profile_fields(&[id]).await?;
        let is_own = |field: &str| IdentityKind::parse(field).is_none();
        person.identities.extend(fields.into_iter().map(|field| field.field).filter(|field| is_own(field)));
        let leaves = rule.leaves();
        for leaf in &leaves {
            match leaf {
                Leaf::Score(name, _) => {
                    let Some(score) = score_of(name) else { continue };
                    let frame =
                        ctx.lake().scores(score.table, score.column, score.only, as_of.day, Some(&[id])).await?;
                    person.scores.insert(name.clone(), first_value(&frame));
                }
                Leaf::Tag(name, _) => {
                    let frame = ctx.lake().scores("tags", "value", Some(("tag", name)), as_of.day, Some(&[id])).await?;
                    person.tags.insert(name.clone(), first_value(&frame));
                }
                Leaf::Consent(purpose, _) => {
                    let at = super::lists_at(ctx, as_of).await?;
                    person.consents.insert(purpose.clone(), consents::recorded_of(ctx, id, purpose, at).await?);
                }
                Leaf::Member(segment, _) => {
                    let is_in = match super::rule_or_list(ctx, segment).await? {
                        super::Members::Rule(rule) => {
                            let inner = self::person(ctx, id, &rule, as_of).await?;
                            holds(&rule, &inner, as_of)
                        }
                        super::Members::List(list) => {
                            let frame = ctx.lake().members(list, super::lists_at(ctx, as_of).await?).await?;
                            let members = super::people::numbers(&frame, "profile_id");
                            super::people_of(ctx, &members).await?.contains(&id)
                        }
                    };
                    if is_in {
                        person.segments.insert(segment.clone());
                    }
                }
                _ => {}
            }
        }
        for source in Source::ALL {
            let mut columns: Vec<String> = leaves
                .iter()
                .filter(|leaf| leaf.sources().contains(&source))
                .flat_map(|leaf| leaf.columns(source))
                .collect();
            if columns.is_empty() {
                continue;
            }
            columns.sort();
            columns.dedup();
            person.facts.insert(source, facts(ctx, id, &homes, source, &columns, as_of).await?);
        }
        Ok(person)
    })
}

fn traits(row: &ProfileRow) -> BTreeMap<String, Cell<'static>> {
    let text = |value: &Option<String>| value.clone().map_or(Cell::Missing, |value| Cell::Text(value.into()));
    let at = |value: Option<i64>| value.map_or(Cell::Missing, Cell::Instant);
    let value = |name: &str| match name {
        "kind" => Cell::Text(row.kind.clone().into()),
        "gender" => text(&row.gender),
        "birth_year" => row.birth_year.map_or(Cell::Missing, |year| Cell::Number(year as f64)),
        "country" => text(&row.country),
        "province" => text(&row.province),
        "city" => text(&row.city),
        "member_level" => text(&row.member_level),
        "registered_on" => row.registered_on.map_or(Cell::Missing, Cell::Day),
        "acquisition_channel" => text(&row.acquisition_channel),
        "created_at" => Cell::Instant(row.created_at),
        "first_seen_at" => at(row.first_seen_at),
        "last_seen_at" => at(row.last_seen_at),
        "n_identities" => Cell::Number(row.n_identities as f64),
        _ => Cell::Missing,
    };
    TRAITS.iter().map(|(name, ..)| ((*name).to_owned(), value(name))).collect()
}

fn first_value(frame: &Frame) -> Cell<'static> {
    let kind = frame.fields().iter().find(|field| field.name == "value").map(|field| field.kind);
    match (frame.n_rows(), kind, frame.column("value")) {
        (1.., Some(kind), Some(column)) => cell_of(kind, column, 0).into_owned(),
        _ => Cell::Missing,
    }
}

/// The facts of one customer, looked up without planning a query.
async fn facts(ctx: &Ctx, id: i64, homes: &[i64], source: Source, columns: &[String], as_of: &AsOf) -> Result<Frame> {
    let product: Vec<&str> = columns.iter().filter_map(|column| column.strip_prefix("product.")).collect();
    let own = columns.iter().map(String::as_str).filter(|column| !column.starts_with("product."));
    let keys = ["source", "order_id", "product_id"].into_iter().filter(|_| source.time() == "ordered_at");
    let spec = zhike_domain::tables::table(source.table());
    let wanted: Vec<&str> =
        own.chain(keys).filter(|name| spec.is_some_and(|spec| spec.column(name).is_some())).collect();
    let rows = RowsOf { profile_id: id, written_for: homes, columns: &wanted, newest: None };
    let mut frame = ctx.lake().rows_of(source.table(), rows).await?;
    if source.table() == "orders" {
        add_back(ctx, id, &mut frame, as_of).await?;
    }
    if !product.is_empty() {
        join_products(ctx, &mut frame, &product).await?;
    }
    Ok(frame)
}

/// Gives orders back what was refunded after the day.
async fn add_back(ctx: &Ctx, id: i64, orders: &mut Frame, as_of: &AsOf) -> Result<()> {
    let later = ctx.lake().refunds_after(id, as_of.end()).await?;
    let text = |frame: &Frame, name: &str, row: usize| {
        frame.text(name).and_then(|column| column.get(row)).unwrap_or_default().to_owned()
    };
    let amount = |row: usize| later.num("amount").and_then(|column| column.get(row)).unwrap_or(0);
    let by_order: HashMap<(String, String), i64> = (0..later.n_rows())
        .map(|row| ((text(&later, "source", row), text(&later, "order_id", row)), amount(row)))
        .collect();
    if by_order.is_empty() {
        return Ok(());
    }
    for (name, sign) in [("net_amount", 1), ("refunded_amount", -1)] {
        let Some(column) = orders.num(name) else { continue };
        let changed = (0..orders.n_rows()).map(|row| {
            let back = by_order.get(&(text(orders, "source", row), text(orders, "order_id", row))).copied();
            column.get(row).map(|value| value + sign * back.unwrap_or(0))
        });
        let changed = Column::Num(changed.collect());
        orders.set(name, zhike_domain::frame::MONEY, changed);
    }
    Ok(())
}

/// Adds columns of the products that lines are of.
async fn join_products(ctx: &Ctx, items: &mut Frame, columns: &[&str]) -> Result<()> {
    let text = |frame: &Frame, name: &str, row: usize| {
        frame.text(name).and_then(|column| column.get(row)).unwrap_or_default().to_owned()
    };
    let keys: Vec<(String, String)> =
        (0..items.n_rows()).map(|row| (text(items, "source", row), text(items, "product_id", row))).collect();
    let mut ids: Vec<&str> = keys.iter().map(|key| key.1.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let products = ctx.lake().products(&ids, columns).await?;
    let by_key: HashMap<(String, String), usize> = (0..products.n_rows())
        .map(|row| ((text(&products, "source", row), text(&products, "product_id", row)), row))
        .collect();
    for name in columns {
        let mut column = TextColumn::default();
        for key in &keys {
            let value = by_key.get(key).and_then(|row| products.text(name)?.get(*row));
            column.push(value);
        }
        items.set(&format!("product.{name}"), ColumnType::Text, Column::Text(column));
    }
    Ok(())
}

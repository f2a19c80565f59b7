//! Finishing rows of people: names, places, years of birth; and who a row is about.

use super::accept::Plan;
use super::entity::IdentityKind;
use super::read::civil;
use super::work::Work;
use crate::clean::RuleSet;
use crate::clean::id_number::read_id_number;
use crate::clean::person::is_company;
use crate::clean::region::{read_region, region_of_address};
use crate::frame::{ColumnType, NumColumn, TextColumn};

/// Finishes profiles.
pub(super) fn finish(plan: &mut Plan, work: &mut Work<'_>) {
    join_names(work);
    settle_id_numbers(work);
    settle_birth_years(plan, work);
    settle_regions(work);
    settle_kind(work);
    require_identity(work);
}

/// One name from its first and last part; Chinese names put the last one first.
fn join_names(work: &mut Work<'_>) {
    let first = work.frame.remove("first_name");
    let last = work.frame.remove("last_name");
    if first.is_none() && last.is_none() {
        return;
    }
    let value = |column: &Option<crate::frame::Column>, row: usize| match column {
        Some(crate::frame::Column::Sensitive(column)) => column.expose().get(row).map(str::to_owned),
        _ => None,
    };
    let whole = work.frame.remove("name");
    let mut names = TextColumn::with_capacity(work.n_rows, work.n_rows * 12);
    for row in 0..work.n_rows {
        let name = value(&whole, row).or_else(|| match (value(&first, row), value(&last, row)) {
            (Some(first), Some(last)) if first.is_ascii() || last.is_ascii() => Some(format!("{first} {last}")),
            (Some(first), Some(last)) => Some(format!("{last}{first}")),
            (first, last) => first.or(last),
        });
        names.push(name.as_deref());
    }
    work.set_sensitive("name", names);
}

/// What an ID number says about its holder, where the file does not.
fn settle_id_numbers(work: &mut Work<'_>) {
    let Some(numbers) = work.frame.sensitive("id_number") else { return };
    let read =
        |row: usize| numbers.expose().get(row).and_then(|number| read_id_number(number, &mut RuleSet::default()).ok());
    let known: Vec<_> = (0..work.n_rows).map(read).collect();
    let genders: TextColumn = {
        let stated = work.frame.text("gender");
        let gender = |row: usize| {
            stated
                .and_then(|column| column.get(row))
                .or(known[row].as_ref().map(|number| if number.is_male { "male" } else { "female" }))
        };
        (0..work.n_rows).map(gender).collect()
    };
    let birthdays: TextColumn = {
        let stated = work.frame.sensitive("birthday");
        let mut column = TextColumn::with_capacity(work.n_rows, work.n_rows * 10);
        for (row, number) in known.iter().enumerate() {
            let own = stated.and_then(|column| column.expose().get(row));
            let of_number = number.as_ref().map(|number| {
                let (year, month, day) = number.birth;
                format!("{year:04}-{month:02}-{day:02}")
            });
            column.push(own.or(of_number.as_deref()));
        }
        column
    };
    work.set_text("gender", genders);
    work.set_sensitive("birthday", birthdays);
}

/// The year of birth, stated or that of the birthday; years nobody living was born in are dropped.
fn settle_birth_years(plan: &Plan, work: &mut Work<'_>) {
    let stated = work.take_num("birth_year");
    if stated.is_none() && work.frame.sensitive("birthday").is_none() {
        return;
    }
    let (this_year, ..) = civil(plan.now_us.div_euclid(86_400_000_000));
    let years: NumColumn = {
        let birthdays = work.frame.sensitive("birthday");
        let year_of = |text: &str| {
            (text.len() == 10 && text.as_bytes()[4] == b'-').then(|| text[..4].parse::<i64>().ok()).flatten()
        };
        let year = |row: usize| {
            let stated = stated.as_ref().and_then(|column| column.get(row));
            let of_day = || birthdays.and_then(|column| column.expose().get(row)).and_then(year_of);
            stated.or_else(of_day).filter(|year| (1880..=this_year).contains(year))
        };
        (0..work.n_rows).map(year).collect()
    };
    work.set_num("birth_year", ColumnType::Int, years);
}

/// Official names of province and city, from their columns, else from the address.
pub(super) fn settle_regions(work: &mut Work<'_>) {
    let province = work.take_text("province");
    let city = work.take_text("city");
    if province.is_none() && city.is_none() && work.frame.sensitive("address").is_none() {
        return;
    }
    let label = work.label_of("province");
    let mut provinces = TextColumn::with_capacity(work.n_rows, work.n_rows * 6);
    let mut cities = TextColumn::with_capacity(work.n_rows, work.n_rows * 6);
    let mut fired = RuleSet::default();
    for row in 0..work.n_rows {
        let is_shown = |text: &&str| !text.contains('*');
        let own_province = province.as_ref().and_then(|column| column.get(row)).filter(is_shown);
        let own_city = city.as_ref().and_then(|column| column.get(row)).filter(is_shown);
        if own_province.is_some() || own_city.is_some() {
            let region = read_region(own_province, own_city, &mut fired);
            let found_province = region.province.as_deref().or(own_province);
            let found_city = region.city.as_deref().or(own_city);
            if !fired.is_empty() {
                if !work.is_out[row] {
                    let before = [own_province, own_city].into_iter().flatten().collect::<Vec<_>>().join(" ");
                    let after = [found_province, found_city].into_iter().flatten().collect::<Vec<_>>().join(" ");
                    work.fire(row, label, fired, &before, Some(&after));
                }
                fired.clear();
            }
            provinces.push(found_province);
            cities.push(found_city);
            continue;
        }
        let address = work.frame.sensitive("address").and_then(|column| column.expose().get(row));
        let region = address.map(region_of_address).unwrap_or_default();
        provinces.push(region.province.as_deref());
        cities.push(region.city.as_deref());
    }
    work.set_text("province", provinces);
    work.set_text("city", cities);
}

fn settle_kind(work: &mut Work<'_>) {
    let stated = work.take_text("kind");
    let kinds: TextColumn = {
        let names = work.frame.sensitive("name");
        let kind = |row: usize| {
            let stated = stated.as_ref().and_then(|column| column.get(row)).map(str::to_lowercase);
            let is_stated =
                |words: &[&str]| stated.as_deref().is_some_and(|text| words.iter().any(|word| text.contains(word)));
            if is_stated(&["企业", "公司", "company", "business", "单位"]) {
                return "company";
            }
            if is_stated(&["个人", "person", "individual"]) {
                return "person";
            }
            let is_named_so = names.and_then(|names| names.expose().get(row)).is_some_and(is_company);
            if is_named_so { "company" } else { "person" }
        };
        (0..work.n_rows).map(|row| Some(kind(row))).collect()
    };
    work.set_text("kind", kinds);
}

/// Gives up rows that say nobody's identity.
pub(super) fn require_identity(work: &mut Work<'_>) {
    let nobody: Vec<usize> = {
        let columns: Vec<&TextColumn> = IdentityKind::ALL
            .iter()
            .filter_map(|kind| work.frame.sensitive(kind.as_str()))
            .map(|column| column.expose())
            .collect();
        (0..work.n_rows)
            .filter(|&row| !work.is_out[row] && columns.iter().all(|column| column.get(row).is_none()))
            .collect()
    };
    for row in nobody {
        work.reject_nobody(row);
    }
}

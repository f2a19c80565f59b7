//! Who bought what when: order lines as numbers.

use std::collections::HashMap;

use zhike_domain::audience::Set;
use zhike_lake::GoodsBy;

use crate::segments::{People, Seeker};
use crate::{Ctx, Error, Result};

/// One good of one order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bought {
    /// Number of the customer.
    pub(super) who: u32,
    /// Number of the order.
    pub(super) order: u32,
    /// Day, since 1970.
    pub(super) day: i32,
    /// Number of the good.
    pub(super) good: u32,
    /// Units.
    pub(super) quantity: f64,
}

/// Goods of orders that count.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Sorted by customer, day, order and good; a good of an order may stand twice where products share a category.
    pub(super) all: Vec<Bought>,
    /// Names of goods by number, ascending.
    pub(super) goods: Vec<String>,
    /// Finest category of each good, where the level is products.
    pub(super) category: Vec<Option<String>>,
    /// Orders that count, with or without such a good.
    pub(super) n_orders: u64,
    /// Orders with such a good.
    pub(super) n_with: u64,
}

impl Lines {
    /// Of some customers, between two instants.
    pub(super) async fn read(ctx: &Ctx, people: &People, who: &Set, by: GoodsBy, between: (i64, i64)) -> Result<Self> {
        let workspace = ctx.workspace();
        let mut rows = ctx.lake().goods(by, between).await?;
        let mut goods: HashMap<String, u32> = HashMap::new();
        let mut kinds: Vec<Option<String>> = Vec::new();
        let mut orders: HashMap<(String, String), u32> = HashMap::new();
        let (mut seeker, mut known) = (Seeker::default(), (0, 0, 0_i64));
        let mut all = Vec::new();
        while let Some(frame) = rows.next().await? {
            let bug = |name: &str| Error::bug("goods", std::io::Error::other(name.to_owned()));
            let num = |name| frame.num(name).ok_or_else(|| bug(name));
            let text = |name| frame.text(name).ok_or_else(|| bug(name));
            let (ids, times, quantities) = (num("profile_id")?, num("at")?, num("quantity")?);
            let (sources, numbers, items) = (text("source")?, text("order_id")?, text("item")?);
            let kind_of = text("kind_of")?;
            for row in 0..frame.n_rows() {
                let (Some(id), Some(at)) = (ids.get(row), times.get(row)) else { continue };
                let Some(person) = seeker.at(&people.ids, id).filter(|at| who.contains(*at)) else { continue };
                let key = (sources.get(row).unwrap_or("").to_owned(), numbers.get(row).unwrap_or("").to_owned());
                let next = orders.len() as u32;
                let order = *orders.entry(key).or_insert(next);
                let Some(item) = items.get(row) else { continue };
                let next = goods.len() as u32;
                let good = match goods.get(item) {
                    Some(good) => *good,
                    None => {
                        goods.insert(item.to_owned(), next);
                        kinds.push(None);
                        next
                    }
                };
                let kind = &mut kinds[good as usize];
                // Of several sources that name one, the first by letters: not the first that was read.
                if let Some(own) = kind_of.get(row).filter(|own| kind.as_deref().is_none_or(|known| *own < known)) {
                    *kind = Some(own.to_owned());
                }
                if at < known.0 || at >= known.1 {
                    let day = workspace.day_of(at);
                    known = (workspace.day_start(day), workspace.day_start(day + 1), day);
                }
                let quantity = quantities.get(row).unwrap_or(1_000) as f64 / 1_000.0;
                all.push(Bought { who: person as u32, order, day: known.2 as i32, good, quantity });
            }
        }
        let mut names: Vec<(String, u32)> = goods.into_iter().collect();
        names.sort_unstable();
        let mut place = vec![0_u32; names.len()];
        names.iter().enumerate().for_each(|(at, (_, good))| place[*good as usize] = at as u32);
        let category = names.iter().map(|(_, good)| kinds[*good as usize].take()).collect();
        all.iter_mut().for_each(|one| one.good = place[one.good as usize]);
        all.sort_unstable_by(|a, b| {
            let key = |one: &Bought| (one.who, one.day, one.order, one.good);
            key(a).cmp(&key(b)).then(a.quantity.total_cmp(&b.quantity))
        });
        let mut with: Vec<u32> = all.iter().map(|one| one.order).collect();
        with.sort_unstable();
        with.dedup();
        Ok(Self {
            all,
            goods: names.into_iter().map(|(name, _)| name).collect(),
            category,
            n_orders: orders.len() as u64,
            n_with: with.len() as u64,
        })
    }

    /// Number of a good by its name.
    pub(super) fn good(&self, name: &str) -> Option<u32> {
        self.goods.binary_search_by(|known| known.as_str().cmp(name)).ok().map(|at| at as u32)
    }
}

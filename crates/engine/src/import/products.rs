//! Products met in order lines.

use std::collections::HashMap;

use zhike_domain::frame::{Column, ColumnType, Frame, NumColumn, PRICE, TextColumn};
use zhike_lake::Publication;

use super::load::Load;
use super::rowhash;
use crate::Result;

const TEXTS: [&str; 4] = ["brand", "category_1", "category_2", "category_3"];

/// What the lines say of each product; memory grows with the number of products.
#[derive(Default)]
pub(crate) struct Products {
    by_id: HashMap<String, Product>,
}

#[derive(Default)]
struct Product {
    /// Names with how often each was met: the most frequent wins, the first of equals.
    names: Vec<(String, u64)>,
    kind: Option<String>,
    texts: [Option<String>; 4],
    list_price: Option<i64>,
}

impl Products {
    /// Takes what the kept rows say.
    pub(crate) fn take(&mut self, frame: &Frame, keep: &[bool]) {
        let Some(ids) = frame.text("product_id") else { return };
        let names = frame.text("name");
        let kinds = frame.text("product_kind");
        let texts = TEXTS.map(|name| frame.text(name));
        let prices = frame.num("list_price");
        for row in (0..frame.n_rows()).filter(|&row| keep[row]) {
            let Some(id) = ids.get(row) else { continue };
            let product = match self.by_id.get_mut(id) {
                Some(product) => product,
                None => self.by_id.entry(id.to_owned()).or_default(),
            };
            if let Some(name) = names.and_then(|column| column.get(row)) {
                match product.names.iter_mut().find(|(known, _)| known == name) {
                    Some((_, n)) => *n += 1,
                    None => product.names.push((name.to_owned(), 1)),
                }
            }
            if product.kind.is_none() {
                product.kind = kinds.and_then(|column| column.get(row)).map(str::to_owned);
            }
            for (known, column) in product.texts.iter_mut().zip(&texts) {
                if known.is_none() {
                    *known = column.and_then(|column| column.get(row)).map(str::to_owned);
                }
            }
            product.list_price = product.list_price.max(prices.and_then(|column| column.get(row)));
        }
    }

    /// Stages those that the lake does not have: a product list says more than order lines do, so it is never replaced
    /// by them.
    pub(crate) async fn stage(self, load: &Load<'_>, publication: &mut Publication) -> Result<()> {
        let mut products: Vec<(String, Product)> = self.by_id.into_iter().collect();
        products.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        let ids: TextColumn = products.iter().map(|(id, _)| Some(id.as_str())).collect();
        let found = load.ctx.lake().find("products", &load.source, &ids).await?;
        let fresh: Vec<&(String, Product)> =
            products.iter().zip(&found.is_there).filter_map(|(product, there)| (!there).then_some(product)).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let texts = |of: &dyn Fn(&Product) -> Option<String>| {
            let mut column = TextColumn::default();
            fresh.iter().for_each(|(_, product)| column.push(of(product).as_deref()));
            Column::Text(column)
        };
        let mut frame = Frame::new(fresh.len());
        frame.set(
            "product_id",
            ColumnType::Text,
            Column::Text(fresh.iter().map(|(id, _)| Some(id.as_str())).collect()),
        );
        frame.set("name", ColumnType::Text, texts(&|product| best_name(&product.names)));
        frame.set("kind", ColumnType::Text, texts(&|product| product.kind.clone()));
        for (at, name) in TEXTS.iter().enumerate() {
            frame.set(name, ColumnType::Text, texts(&|product| product.texts[at].clone()));
        }
        let prices: NumColumn = fresh.iter().map(|(_, product)| product.list_price).collect();
        frame.set("list_price", PRICE, Column::Num(prices));
        let hashes = rowhash::rows(&frame, &[]).into_iter().map(|hash| Some(rowhash::stored(hash))).collect();
        frame.set("content_hash", ColumnType::Int, Column::Num(hashes));
        load.stamp(&mut frame);
        let mut stage = load.ctx.lake().stage("products", load.batch_id, "new")?;
        stage.push(frame)?;
        publication.change("products", stage.finish()?, Vec::new());
        Ok(())
    }
}

fn best_name(names: &[(String, u64)]) -> Option<String> {
    let most = names.iter().map(|(_, n)| *n).max()?;
    names.iter().find(|(_, n)| *n == most).map(|(name, _)| name.clone())
}

//! Products that have the same buyers.

use super::table::Table;
use crate::parallel;

/// Of each product those most like it, by the cosine of their columns.
///
/// **Source**: Sarwar et al., "Item-based collaborative filtering", WWW 2001.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cosine {
    neighbours: Vec<Vec<(u32, f32)>>,
}

impl Cosine {
    pub(super) fn fit(table: &Table, n_neighbours: usize, n_threads: usize) -> Self {
        let n = table.products.len();
        let square = |product| table.buyers(product).map(|(_, own)| own.weight.powi(2)).sum::<f32>();
        let norms: Vec<f32> = (0..n).map(|product| square(product).sqrt()).collect();
        let neighbours = parallel::map(
            n,
            16,
            n_threads,
            || (vec![0.0_f32; n], Vec::new()),
            |(sums, touched), range| {
                let of = |product: usize| {
                    for (customer, own) in table.buyers(product) {
                        let factor = own.weight;
                        for other in table.owned(customer) {
                            let sum = &mut sums[other.product as usize];
                            if *sum == 0.0 {
                                touched.push(other.product);
                            }
                            *sum += factor * other.weight;
                        }
                    }
                    let mut found: Vec<(u32, f32)> = touched
                        .drain(..)
                        .map(|other| {
                            let sum = std::mem::take(&mut sums[other as usize]);
                            (other, sum / (norms[product] * norms[other as usize]))
                        })
                        .filter(|(other, cosine)| *other as usize != product && *cosine > 0.0)
                        .collect();
                    let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
                    if found.len() > n_neighbours {
                        found.select_nth_unstable_by(n_neighbours, order);
                        found.truncate(n_neighbours);
                    }
                    found.sort_unstable_by(order);
                    found
                };
                range.map(of).collect::<Vec<Vec<(u32, f32)>>>()
            },
        );
        Self { neighbours: neighbours.into_iter().flatten().collect() }
    }

    pub(super) fn add_scores(&self, table: &Table, customer: usize, share: f32, scores: &mut [f32]) {
        for own in table.owned(customer) {
            let factor = share * own.weight;
            for (other, cosine) in &self.neighbours[own.product as usize] {
                scores[*other as usize] += factor * cosine;
            }
        }
    }

    pub(super) fn contributions(&self, table: &Table, customer: usize, product: usize) -> Vec<f32> {
        let of = |own: &super::Owned| {
            let neighbours = &self.neighbours[own.product as usize];
            let near = neighbours.iter().find(|(other, _)| *other as usize == product);
            near.map_or(0.0, |(_, cosine)| own.weight * cosine)
        };
        table.owned(customer).iter().map(of).collect()
    }

    /// Products most like one, with their cosine.
    pub(super) fn like(&self, product: usize) -> &[(u32, f32)] {
        &self.neighbours[product]
    }
}

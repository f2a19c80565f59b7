//! Products from all other products at once: a linear model in closed form.

use super::Problem;
use super::invert::Matrix;
use super::table::{Owned, Table};
use crate::parallel;

/// Most products, or customers, whichever are fewer: the memory is four bytes times its square.
pub const MAX_SIDE: usize = 15_000;

/// The weights by which what a customer has speaks for each product: `-P_ij / P_jj` outside the diagonal, nought on it, where
/// P is the inverse of `XᵀX + λ`.
///
/// With fewer customers than half of the products the inverse of `XXᵀ + λ` is taken instead, and P is applied through it; the
/// answers are the same, the matrix is smaller, a list takes longer.
///
/// **Source**: Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019; the identity of Woodbury.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ease {
    ridge: f32,
    side: Side,
}

#[derive(Clone, Debug, PartialEq)]
enum Side {
    /// `weights.row(i)[j]`: how much of product i speaks for product j.
    Products(Matrix),
    /// Inverse over customers, and the diagonal of P.
    Customers(Matrix, Vec<f32>),
}

impl Ease {
    pub(super) fn fit(table: &Table, ridge: f32, n_threads: usize) -> Result<Self, Problem> {
        let (n_products, n_customers) = (table.products.len(), table.customers.len());
        if !(ridge > 0.0 && ridge.is_finite()) {
            return Err(Problem::Invalid);
        }
        let is_by_customers = n_customers < n_products / 2 || n_products > MAX_SIDE;
        let side = if is_by_customers { n_customers } else { n_products };
        if side > MAX_SIDE {
            return Err(Problem::TooLarge);
        }
        let mut gram = Matrix::unit(side);
        let (n, stride) = (gram.n, gram.stride);
        // Sums of products over what two rows share, by the lists of the one and of the other side.
        gram.for_each_stripe(n_threads, |from, stripe| {
            for (row, values) in stripe.chunks_exact_mut(stride).enumerate().take_while(|(row, _)| from + row < n) {
                let row = from + row;
                values[row] = ridge;
                if is_by_customers {
                    for own in table.owned(row) {
                        let weight_of = own.weight;
                        let buyers = table.buyers(own.product as usize).take_while(|(customer, _)| *customer <= row);
                        buyers.for_each(|(customer, other)| values[customer] += weight_of * other.weight);
                    }
                } else {
                    for (customer, own) in table.buyers(row) {
                        let weight_of = own.weight;
                        let others = table.owned(customer).iter().take_while(|other| other.product as usize <= row);
                        others.for_each(|other| values[other.product as usize] += weight_of * other.weight);
                    }
                }
            }
        });
        let mut inverse = gram.inverse(n_threads).ok_or(Problem::NotConverged)?;
        if !is_by_customers {
            let diagonal: Vec<f32> = (0..n).map(|at| inverse.row(at)[at]).collect();
            inverse.for_each_stripe(n_threads, |from, stripe| {
                for (row, values) in stripe.chunks_exact_mut(stride).enumerate() {
                    values.iter_mut().zip(&diagonal).for_each(|(value, diagonal)| *value /= -diagonal);
                    values[from + row] = 0.0;
                }
            });
            return Ok(Self { ridge, side: Side::Products(inverse) });
        }
        let diagonal = parallel::map(
            n_products,
            64,
            n_threads,
            || (),
            |(), range| range.map(|product| diagonal(table, &inverse, product, ridge)).collect::<Vec<f32>>(),
        );
        Ok(Self { ridge, side: Side::Customers(inverse, diagonal.concat()) })
    }

    pub(super) fn add_scores(&self, table: &Table, customer: usize, share: f32, scores: &mut [f32]) {
        match &self.side {
            Side::Products(weights) => {
                for own in table.owned(customer) {
                    let factor = share * own.weight;
                    let row = weights.row(own.product as usize);
                    scores.iter_mut().zip(row).for_each(|(score, weight)| *score += factor * weight);
                }
            }
            Side::Customers(inverse, diagonal) => {
                // P Xᵀ = Xᵀ (XXᵀ + λ)⁻¹, so that P applied to the customer's row needs one column of the inverse.
                let mut applied = vec![0.0_f32; scores.len()];
                for (other, factor) in inverse.row(customer).iter().enumerate() {
                    table.owned(other).iter().for_each(|own| applied[own.product as usize] += factor * own.weight);
                }
                let applied = applied.iter().zip(diagonal);
                scores.iter_mut().zip(applied).for_each(|(score, (x, diagonal))| *score -= share * x / diagonal);
                for own in table.owned(customer) {
                    scores[own.product as usize] += share * own.weight;
                }
            }
        }
    }

    /// How much each product that a customer has speaks for one, in the order in which the customer has them.
    pub(super) fn contributions(&self, table: &Table, customer: usize, product: usize) -> Vec<f32> {
        match &self.side {
            Side::Products(weights) => table
                .owned(customer)
                .iter()
                .map(|own| own.weight * weights.row(own.product as usize)[product])
                .collect(),
            Side::Customers(inverse, diagonal) => {
                let column = column(table, inverse, product);
                let of = |own: &Owned| {
                    if own.product as usize == product {
                        return 0.0;
                    }
                    let sum: f32 =
                        table.buyers(own.product as usize).map(|(other, cell)| cell.weight * column[other]).sum();
                    own.weight * sum / self.ridge / diagonal[product]
                };
                table.owned(customer).iter().map(of).collect()
            }
        }
    }
}

/// The inverse over customers times a product's column of X.
fn column(table: &Table, inverse: &Matrix, product: usize) -> Vec<f32> {
    let mut column = vec![0.0_f32; inverse.n];
    for (buyer, own) in table.buyers(product) {
        let factor = own.weight;
        column.iter_mut().zip(inverse.row(buyer)).for_each(|(sum, value)| *sum += factor * value);
    }
    column
}

/// `P_jj`.
fn diagonal(table: &Table, inverse: &Matrix, product: usize, ridge: f32) -> f32 {
    let buyers: Vec<(usize, f32)> = table.buyers(product).map(|(customer, own)| (customer, own.weight)).collect();
    let sum: f64 = buyers
        .iter()
        .map(|(customer, factor)| {
            let row = inverse.row(*customer);
            f64::from(*factor) * buyers.iter().map(|(other, weight)| f64::from(weight * row[*other])).sum::<f64>()
        })
        .sum();
    ((1.0 - sum) / f64::from(ridge)) as f32
}

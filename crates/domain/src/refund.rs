//! Refund documents that name no order: which purchases they give back.
//!
//! Owns the matching of refund lines with earlier purchase lines of the same customer and product. Must not know how
//! lines are read or stored, nor decide what happens to what finds no purchase.
//!
//! - **INV-REFUND-1**: no purchase is given back beyond its quantity or its amount, no refund line beyond its own.
//! - **INV-REFUND-2**: the order of the lines does not matter; lines equal in every field are interchangeable.

use std::cmp::Ordering;
use std::collections::HashSet;

use foldhash::fast::FixedState;

/// One line of a purchase or of a refund.
///
/// **Units**: quantities in thousandths, money in minor units, all positive on both sides; instants in any one unit.
/// Lines with a quantity of 0 or less, or a negative amount, take no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Index of the document; it settles the order of lines at one instant.
    pub order: u32,
    /// Customer; lines without one are left out by the caller.
    pub profile: i64,
    /// Index of the product.
    pub product: u32,
    /// Price of one unit.
    pub unit_price: i64,
    /// Units bought or given back.
    pub quantity: i64,
    /// Money paid or given back.
    pub amount: i64,
    /// When.
    pub at: i64,
}

impl Line {
    fn takes_part(&self) -> bool {
        self.quantity > 0 && self.amount >= 0
    }

    /// What can be netted against each other.
    fn group(&self) -> (i64, u32) {
        (self.profile, self.product)
    }

    /// A total order over everything that a line is: groups together, then by time.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |line: &Self| (line.group(), line.at, line.order, line.unit_price, line.quantity, line.amount);
        key(self).cmp(&key(other))
    }
}

/// A piece of a refund line that gives back a piece of a purchase line.
///
/// **Units**: as [`Line`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Netting {
    /// Index of the refund line.
    pub refund: usize,
    /// Index of the purchase line.
    pub purchase: usize,
    /// Units given back, at least 1.
    pub quantity: i64,
    /// Money given back; 0 when nothing is left of the purchase's amount.
    pub amount: i64,
}

/// Nets refund lines against earlier purchase lines.
///
/// Each refund line, in the order of time, takes from purchases at or before it, of its customer and product, that have
/// units left: those of its unit price first, then the others, the latest first in both. The pieces' amounts add up to
/// the refund's amount for the units matched (all of it when all units are), rounding on the last piece. Where a
/// purchase has less money left than its piece asks for, the rest goes to the refund's other pieces as far as they have
/// room; what then remains, as well as units that match nothing, is left out.
///
/// **Shape**: pieces ordered by refund line as given, within one in the order in which they were taken.
pub fn net(purchases: &[Line], refunds: &[Line]) -> Vec<Netting> {
    let refund_order = sorted(refunds, |_| true);
    let wanted: HashSet<(i64, u32), FixedState> = refund_order.iter().map(|&at| refunds[at].group()).collect();
    if wanted.is_empty() {
        return Vec::new();
    }
    let purchase_order = sorted(purchases, |line| wanted.contains(&line.group()));

    let mut nettings = Vec::with_capacity(refund_order.len());
    let mut shelf = Shelf::default();
    let mut bought = purchase_order.chunk_by(|&a, &b| purchases[a].group() == purchases[b].group()).peekable();
    for refunded in refund_order.chunk_by(|&a, &b| refunds[a].group() == refunds[b].group()) {
        let group = refunds[refunded[0]].group();
        while bought.next_if(|run| purchases[run[0]].group() < group).is_some() {}
        let Some(run) = bought.next_if(|run| purchases[run[0]].group() == group) else { continue };
        shelf.open(purchases, run);
        for &refund in refunded {
            shelf.stock(refunds[refund].at);
            shelf.give_back(refund, &refunds[refund], &mut nettings);
        }
    }
    nettings.sort_by_key(|netting| netting.refund);
    nettings
}

fn sorted(lines: &[Line], is_wanted: impl Fn(&Line) -> bool) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..lines.len()).filter(|&at| lines[at].takes_part() && is_wanted(&lines[at])).collect();
    order.sort_unstable_by(|&a, &b| lines[a].cmp(&lines[b]).then(a.cmp(&b)));
    order
}

/// A purchase of the group at hand, with what is left of it.
struct Item {
    purchase: usize,
    at: i64,
    /// Index of the unit price among the group's prices.
    price: usize,
    quantity: i64,
    amount: i64,
}

/// The purchases of one customer and product, in the order of time.
///
/// Purchases go on a stack of their unit price and on one of all, when their time has come; what is used up leaves a
/// stack when it is met on top. So every purchase is pushed and popped at most twice.
#[derive(Default)]
struct Shelf {
    items: Vec<Item>,
    n_stocked: usize,
    prices: Vec<i64>,
    by_price: Vec<Vec<usize>>,
    all: Vec<usize>,
    pieces: Vec<(usize, i64)>,
}

impl Shelf {
    fn open(&mut self, purchases: &[Line], run: &[usize]) {
        self.prices.clear();
        self.prices.extend(run.iter().map(|&at| purchases[at].unit_price));
        self.prices.sort_unstable();
        self.prices.dedup();
        self.by_price.iter_mut().for_each(Vec::clear);
        if self.by_price.len() < self.prices.len() {
            self.by_price.resize_with(self.prices.len(), Vec::new);
        }
        self.by_price.truncate(self.prices.len());
        self.all.clear();
        self.n_stocked = 0;
        self.items.clear();
        for &purchase in run {
            let Line { unit_price, quantity, amount, at, .. } = purchases[purchase];
            let price = self.prices.partition_point(|&price| price < unit_price);
            self.items.push(Item { purchase, at, price, quantity, amount });
        }
    }

    /// Puts out what was bought up to an instant.
    fn stock(&mut self, until: i64) {
        while let Some(item) = self.items.get(self.n_stocked).filter(|item| item.at <= until) {
            self.by_price[item.price].push(self.n_stocked);
            self.all.push(self.n_stocked);
            self.n_stocked += 1;
        }
    }

    fn give_back(&mut self, refund: usize, line: &Line, nettings: &mut Vec<Netting>) {
        let mut left = line.quantity;
        self.pieces.clear();
        if let Ok(price) = self.prices.binary_search(&line.unit_price) {
            take(&mut self.by_price[price], &mut self.items, &mut self.pieces, &mut left);
        }
        take(&mut self.all, &mut self.items, &mut self.pieces, &mut left);

        let matched = line.quantity - left;
        let share = |quantity: i64| {
            // At most `line.amount`, since no more units than the line's are matched.
            (i128::from(line.amount) * i128::from(quantity) / i128::from(line.quantity)) as i64
        };
        let mut owed = share(matched);
        let first = nettings.len();
        for (nth, &(at, quantity)) in self.pieces.iter().enumerate() {
            let is_last = nth + 1 == self.pieces.len();
            let asked = if is_last { owed } else { share(quantity) };
            let item = &mut self.items[at];
            let amount = asked.min(item.amount).min(owed);
            item.amount -= amount;
            owed -= amount;
            nettings.push(Netting { refund, purchase: item.purchase, quantity, amount });
        }
        // What a piece could not bear goes to the others that can.
        for (netting, &(at, _)) in nettings[first..].iter_mut().zip(&self.pieces) {
            let item = &mut self.items[at];
            let more = owed.min(item.amount);
            item.amount -= more;
            netting.amount += more;
            owed -= more;
        }
    }
}

/// Takes up to `left` units from the top of a stack.
fn take(stack: &mut Vec<usize>, items: &mut [Item], pieces: &mut Vec<(usize, i64)>, left: &mut i64) {
    while *left > 0 {
        let Some(&top) = stack.last() else { return };
        let item = &mut items[top];
        if item.quantity == 0 {
            stack.pop();
            continue;
        }
        let quantity = item.quantity.min(*left);
        item.quantity -= quantity;
        *left -= quantity;
        pieces.push((top, quantity));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Order, price, quantity, amount, time; customer 1, product 1.
    fn line((order, unit_price, quantity, amount, at): (u32, i64, i64, i64, i64)) -> Line {
        Line { order, profile: 1, product: 1, unit_price, quantity, amount, at }
    }

    fn check(bought: &[(u32, i64, i64, i64, i64)], refunded: &[(u32, i64, i64, i64, i64)], expected: &[[i64; 4]]) {
        let lines = |rows: &[_]| rows.iter().map(|&row| line(row)).collect::<Vec<_>>();
        let got: Vec<[i64; 4]> = net(&lines(bought), &lines(refunded))
            .iter()
            .map(|n| [n.refund as i64, n.purchase as i64, n.quantity, n.amount])
            .collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn the_latest_earlier_purchase_is_given_back() {
        check(&[(1, 5, 2, 10, 10), (2, 5, 2, 10, 20), (3, 5, 2, 10, 40)], &[(4, 5, 2, 10, 30)], &[[0, 1, 2, 10]]);
    }

    #[test]
    fn the_same_price_comes_first() {
        check(&[(1, 5, 1, 5, 10), (2, 7, 2, 14, 20)], &[(3, 5, 2, 10, 30)], &[[0, 0, 1, 5], [0, 1, 1, 5]]);
    }

    #[test]
    fn rounding_goes_to_the_last_piece() {
        check(
            &[(1, 5, 1, 5, 10), (2, 5, 1, 5, 11), (3, 5, 1, 5, 12)],
            &[(4, 5, 3, 10, 30)],
            &[[0, 2, 1, 3], [0, 1, 1, 3], [0, 0, 1, 4]],
        );
    }

    #[test]
    fn what_finds_no_purchase_is_left_out() {
        check(&[(1, 5, 1, 5, 10)], &[(2, 5, 4, 20, 30), (3, 5, 1, 5, 40)], &[[0, 0, 1, 5]]);
        check(&[(1, 5, 1, 5, 10)], &[(2, 5, 1, 5, 9)], &[]);
        check(&[(1, 5, 1, 5, 10)], &[(2, 5, 1, 5, 10)], &[[0, 0, 1, 5]]);
    }

    #[test]
    fn money_beyond_a_purchase_goes_to_the_others() {
        // Two units at 8 given back for 16: one of them cost 5 only, the other bears up to its 9.
        check(&[(1, 9, 1, 9, 10), (2, 5, 1, 5, 20)], &[(3, 8, 2, 16, 30)], &[[0, 1, 1, 5], [0, 0, 1, 9]]);
    }

    #[test]
    fn other_customers_and_products_stay() {
        let bought = [Line { product: 2, ..line((1, 5, 1, 5, 1)) }, Line { profile: 2, ..line((1, 5, 1, 5, 1)) }];
        assert_eq!(net(&bought, &[line((2, 5, 1, 5, 9))]), []);
    }

    #[test]
    fn empty_lines_take_no_part() {
        check(&[(1, 5, 0, 5, 10), (2, 5, 1, -5, 10)], &[(3, 5, 1, 5, 30), (4, 5, -1, 5, 30)], &[]);
        check(
            &[(1, 5, i64::MAX, i64::MAX, i64::MIN)],
            &[(2, 5, i64::MAX, i64::MAX, i64::MAX)],
            &[[0, 0, i64::MAX, i64::MAX]],
        );
    }

    fn lines(n: usize) -> impl Strategy<Value = Vec<Line>> {
        let line = (0..6_u32, 0..2_i64, 0..2_u32, 1..4_i64, 1..6_i64, 0..30_i64, 0..8_i64);
        let line = line.prop_map(|(order, profile, product, unit_price, quantity, amount, at)| Line {
            order,
            profile,
            product,
            unit_price,
            quantity,
            amount,
            at,
        });
        proptest::collection::vec(line, 0..n)
    }

    fn shuffled(n: usize) -> impl Strategy<Value = (Vec<Line>, Vec<Line>)> {
        lines(n).prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle()))
    }

    fn fields(line: &Line) -> [i64; 7] {
        let Line { order, profile, product, unit_price, quantity, amount, at } = *line;
        [order.into(), profile, product.into(), unit_price, quantity, amount, at]
    }

    /// What is netted, without the places of the lines.
    fn content(purchases: &[Line], refunds: &[Line]) -> Vec<[i64; 16]> {
        let mut rows: Vec<[i64; 16]> = net(purchases, refunds)
            .iter()
            .map(|netting| {
                let mut row = [0; 16];
                row[..7].copy_from_slice(&fields(&refunds[netting.refund]));
                row[7..14].copy_from_slice(&fields(&purchases[netting.purchase]));
                row[14..].copy_from_slice(&[netting.quantity, netting.amount]);
                row
            })
            .collect();
        rows.sort_unstable();
        rows
    }

    /// The rule, word by word.
    fn naive(purchases: &[Line], refunds: &[Line]) -> Vec<(usize, usize, i64)> {
        let mut left: Vec<i64> = purchases.iter().map(|line| line.quantity).collect();
        let mut pieces = Vec::new();
        for refund in sorted(refunds, |_| true) {
            let line = refunds[refund];
            let mut open = line.quantity;
            let mut candidates = sorted(purchases, |bought| bought.group() == line.group() && bought.at <= line.at);
            candidates.reverse();
            candidates.sort_by_key(|&at| purchases[at].unit_price != line.unit_price);
            for at in candidates {
                let quantity = open.min(left[at]);
                if quantity > 0 {
                    open -= quantity;
                    left[at] -= quantity;
                    pieces.push((refund, at, quantity));
                }
            }
        }
        pieces.sort_by_key(|piece| piece.0);
        pieces
    }

    proptest! {
        #[test]
        fn pieces_follow_the_rule(bought in lines(30), refunded in lines(20)) {
            let got: Vec<_> = net(&bought, &refunded).iter().map(|n| (n.refund, n.purchase, n.quantity)).collect();
            prop_assert_eq!(got, naive(&bought, &refunded));
        }

        #[test]
        fn nothing_is_given_back_twice(bought in lines(30), refunded in lines(20)) {
            let nettings = net(&bought, &refunded);
            for netting in &nettings {
                let (line, purchase) = (refunded[netting.refund], bought[netting.purchase]);
                prop_assert!(netting.quantity > 0 && netting.amount >= 0);
                prop_assert!(purchase.at <= line.at && purchase.group() == line.group());
            }
            let given = |of: &dyn Fn(&Netting) -> bool| {
                let mine = nettings.iter().filter(|netting| of(netting));
                mine.fold((0, 0), |(quantity, amount), n| (quantity + n.quantity, amount + n.amount))
            };
            for (at, line) in bought.iter().enumerate() {
                let (quantity, amount) = given(&|netting| netting.purchase == at);
                prop_assert!(quantity <= line.quantity && amount <= line.amount);
            }
            for (at, line) in refunded.iter().enumerate() {
                let (quantity, amount) = given(&|netting| netting.refund == at);
                let owed = line.amount * quantity / line.quantity;
                prop_assert!(quantity <= line.quantity && amount <= owed);
                // Less than owed only when the purchases taken from have no money left.
                let room = nettings.iter().filter(|netting| netting.refund == at).any(|netting| {
                    let (_, taken) = given(&|other| other.purchase == netting.purchase);
                    taken < bought[netting.purchase].amount
                });
                prop_assert!(amount == owed || !room, "{amount} of {owed}");
            }
        }

        #[test]
        fn order_of_lines_does_not_matter((bought, bought_too) in shuffled(30), (refunded, refunded_too) in shuffled(20)) {
            prop_assert_eq!(content(&bought, &refunded), content(&bought_too, &refunded_too));
            prop_assert_eq!(net(&bought, &refunded), net(&bought, &refunded));
        }
    }
}

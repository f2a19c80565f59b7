//! A shallow tree over made-up customers.

use std::fmt::Write as _;

use zhike_ml::needs::{Node, Options, Tree, Weights};

use super::baskets::Dice;
use super::clock::measured;
use super::read::{self, Line};

/// 100,000 rows of eight features without ties, three classes, one row in ten mislabelled.
pub fn made_up(scratch: &str) {
    let n = 100_000_u64;
    let mut dice = Dice(23);
    let columns: Vec<Vec<u64>> = (0..8)
        .map(|_| {
            let mut column: Vec<u64> = (0..n).collect();
            for at in (1..n).rev() {
                column.swap(at as usize, dice.below(at + 1) as usize);
            }
            column
        })
        .collect();
    let (mut values, mut labels, mut text) = (Vec::new(), Vec::new(), String::new());
    for row in 0..n as usize {
        let own: Vec<u64> = columns.iter().map(|column| column[row]).collect();
        let label = match (own[0] > 60_000, own[1] > 30_000, own[2] > 90_000) {
            (true, true, _) => 1,
            (false, _, true) => 2,
            _ => u32::from(own[3] + own[4] > 170_000),
        };
        let label = if dice.below(10) == 0 { dice.below(3) as u32 } else { label };
        values.extend(own.iter().map(|value| *value as f64));
        labels.push(label);
        let cells: Vec<String> = own.iter().map(u64::to_string).collect();
        let _ = writeln!(text, "{},{label}", cells.join(","));
    }
    read::write(&format!("{scratch}/needs.csv"), &text);
    for (weights, name) in [(Weights::Rows, "none"), (Weights::Classes, "balanced")] {
        let grow = |n_threads| Tree::grow(&values, 8, &labels, &Options { weights, n_threads, ..Options::default() });
        let (tree, ms, processor_ms) = measured(|| grow(1).expect("a tree"));
        let splits: String = tree.nodes.iter().fold(String::new(), |text, node| match node {
            Node::Split { feature, threshold, .. } => text + &format!("{feature} {threshold}\n"),
            Node::Leaf { .. } => text + "leaf\n",
        });
        read::write(&format!("{scratch}/needs-{name}.txt"), &splits);
        Line::new(&format!("Tree of 100,000 rows, weights {name}"), "Zhike")
            .figure("nodes", tree.nodes.len() as f64, 0)
            .figure("ms", ms, 0)
            .figure("processor ms", processor_ms, 0)
            .print();
    }
}

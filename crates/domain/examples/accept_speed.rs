//! Prints how many order lines per second one core accepts: `cargo run --release --example accept_speed`.
#![expect(clippy::print_stdout, reason = "prints its result")]

use std::time::Instant;

use zhike_domain::frame::TextColumn;
use zhike_domain::import::{Acceptor, Entity, guess};
use zhike_domain::raw::RawBatch;

const HEADER: [&str; 8] =
    ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"];
const N_ROWS: usize = 64 * 1024;
const N_BATCHES: usize = 32;

fn main() {
    let batch = batch();
    let header = HEADER.map(str::to_owned);
    let sample: Vec<Vec<Option<String>>> =
        (0..200).map(|row| batch.columns.iter().map(|column| column.get(row).map(str::to_owned)).collect()).collect();
    let mapping = guess(Some(Entity::OrderLines), &header, &sample, "Europe/London", "GBP").mapping;
    let mut acceptor = Acceptor::new(&mapping, &header, 1_700_000_000_000_000).expect("the mapping is sound");
    acceptor.accept(&batch);
    let start = Instant::now();
    let mut n_rows = 0;
    for _ in 0..N_BATCHES {
        let accepted = acceptor.accept(&batch);
        assert!(accepted.rejects.is_empty());
        n_rows += accepted.row_no.len();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{n_rows} rows in {seconds:.3} s: {:.0} rows/s", n_rows as f64 / seconds);
}

/// Order lines of eight plain columns.
fn batch() -> RawBatch {
    let mut columns: Vec<TextColumn> = HEADER.iter().map(|_| TextColumn::with_capacity(N_ROWS, N_ROWS * 12)).collect();
    for row in 0..N_ROWS {
        let order = 536_365 + row / 12;
        let cells = [
            order.to_string(),
            format!("{}", 20_000 + row * 7 % 3_000),
            format!("WHITE HANGING HEART {}", row % 997),
            (1 + row % 24).to_string(),
            format!("2010-12-{:02} {:02}:{:02}:00", 1 + order % 28, 8 + order % 12, order % 60),
            format!("{}.{:02}", row % 20, row % 100),
            (12_000 + order % 4_000).to_string(),
            "United Kingdom".to_owned(),
        ];
        for (column, cell) in columns.iter_mut().zip(&cells) {
            column.push(Some(cell));
        }
    }
    RawBatch { columns, row_no: (2..N_ROWS as u64 + 2).collect() }
}

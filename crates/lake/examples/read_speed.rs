//! How fast the readers of `zhike import` are, on one core: `read_speed [FILE]`, without a file on made-up orders.
#![allow(clippy::print_stdout)]

use std::io::Cursor;
use std::path::Path;
use std::time::Instant;

use zhike_lake::read::{Input, ReadOptions, open, sniff};

const ROWS: usize = 3_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = ReadOptions::default();
    if let Some(path) = std::env::args().nth(1) {
        return run(&path, &options, || Input::path(Path::new(&path)));
    }
    for (name, is_quoted, is_chinese) in [("plain", false, false), ("Chinese", false, true), ("quoted", true, true)] {
        let text = orders(is_quoted, is_chinese);
        let bytes = text.as_bytes().to_vec();
        run(name, &options, || Ok(Input::reader(name, bytes.len() as u64, Box::new(Cursor::new(bytes.clone())))))?;
        if is_chinese && !is_quoted {
            let bytes = encoding_rs::GB18030.encode(&text).0.into_owned();
            run("GBK", &options, || Ok(Input::reader(name, bytes.len() as u64, Box::new(Cursor::new(bytes.clone())))))?;
        }
    }
    Ok(())
}

fn run(
    name: &str,
    options: &ReadOptions,
    input: impl Fn() -> Result<Input, zhike_lake::read::Error>,
) -> Result<(), Box<dyn std::error::Error>> {
    let sniffed = sniff(&mut input()?, options)?;
    let input = input()?;
    let n_bytes = input.n_bytes();
    let (start, cpu_start) = (Instant::now(), cpu_seconds());
    let mut rows = open(input, &sniffed, options)?;
    let (mut n_rows, mut n_cells) = (0, 0);
    while let Some(batch) = rows.next_batch(65_536)? {
        n_rows += batch.n_rows();
        n_cells += batch.columns.iter().map(|column| column.len()).sum::<usize>();
        assert!(rows.take_bad_rows().is_empty());
    }
    let seconds = start.elapsed().as_secs_f64();
    // On a busy machine the time on the processor says more than the clock does.
    let on_cpu = cpu_start.zip(cpu_seconds()).map_or(String::new(), |(from, to)| {
        format!(", {:.2} million rows per processor second", n_rows as f64 / (to - from) / 1e6)
    });
    println!(
        "{name}: {n_rows} rows, {n_cells} cells, {:.0} MB in {seconds:.2} s: {:.2} million rows/s, {:.0} MB/s{on_cpu}",
        n_bytes as f64 / 1e6,
        n_rows as f64 / seconds / 1e6,
        n_bytes as f64 / seconds / 1e6,
    );
    Ok(())
}

/// Time that this thread has spent on a processor, where the system tells.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = text.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

/// Lines of eight cells and about 70 bytes.
fn orders(is_quoted: bool, is_chinese: bool) -> String {
    let mut text = String::with_capacity(ROWS * 90);
    text.push_str(if is_chinese {
        "订单编号,会员号,下单时间,订单状态,渠道,门店名称,实付金额,优惠金额\n"
    } else {
        "order id,customer id,ordered at,status,channel,store,amount,discount\n"
    });
    let (status, channel, store) =
        if is_chinese { ("交易成功", "小程序", "南山店") } else { ("completed", "web shop", "store 12") };
    for row in 0..ROWS {
        let (id, customer) = (10_000_000 + row, 500_000 + row * 7 % 100_003);
        let (day, second, amount) = (row % 28 + 1, row % 60, row % 90_000);
        let quote = if is_quoted { "\"" } else { "" };
        let line = format!(
            "{id},{customer},2026-03-{day:02} 12:30:{second:02},{quote}{status}{quote},{channel},{quote}{store}{quote},{}.{:02},0.00\n",
            amount / 100,
            amount % 100
        );
        text.push_str(&line);
    }
    text
}

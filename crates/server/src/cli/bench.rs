//! `zhike bench`: generated retail data of any size through the real use cases, with times and memory.

mod collect;
mod empty;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::Entity;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::Ctx;
use zhike_engine::import::{self, ImportOptions};
use zhike_engine::profiles::{self, Show};
use zhike_engine::query::{self, QueryLimits};
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::segments;

use super::{Failure, Global, Outcome};

/// Measures import, refresh and queries on generated data in the data directory, which must be empty.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Bench {
    #[command(subcommand)]
    what: Option<What>,
    /// Orders to generate.
    #[arg(long, default_value_t = 1_000_000)]
    orders: u64,
    /// Customers to spread them over.
    #[arg(long, default_value_t = 50_000)]
    customers: u64,
    /// Events to generate, of the last 180 days.
    #[arg(long, default_value_t = 0)]
    events: u64,
    /// Seed: the same seed and sizes give the same file.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only write the generated file here.
    #[arg(long, value_name = "FILE")]
    generate: Option<PathBuf>,
    /// Profiles looked up.
    #[arg(long, default_value_t = 500)]
    lookups: u64,
}

/// What else can be measured.
#[derive(Subcommand)]
enum What {
    /// Measure collection over HTTP.
    Collect(collect::Collect),
    /// Answer requests without any work.
    #[command(hide = true)]
    Empty(empty::Empty),
}

impl Bench {
    pub(super) async fn run(mut self, global: &Global) -> Outcome {
        match self.what.take() {
            Some(What::Collect(collect)) => return collect.run(global).await,
            Some(What::Empty(empty)) => return empty.run().await,
            None => {}
        }
        if let Some(path) = &self.generate {
            self.write_orders(path)?;
            return Ok(ExitCode::SUCCESS);
        }
        let ctx = global.open().await?;
        if !import::list(&ctx, 1, None).await?.is_empty() {
            return Err(Failure::new(
                "the data directory is not empty: name a new one",
                "数据目录不是空的：请换一个新目录",
            ));
        }
        let mut out = std::io::stdout().lock();
        self.load(&ctx, Entity::Orders, &mut out).await?;
        if self.events > 0 {
            self.load(&ctx, Entity::Events, &mut out).await?;
        }

        forget_peak();
        let started = Instant::now();
        let done = refresh::compute(&ctx, RefreshOptions::default()).await?;
        let took = started.elapsed().as_secs_f64();
        writeln!(out, "refresh: {took:.2} s for {} customers, peak {} MiB", done.n_customers, peak_mib("self"))?;

        let (p50, p99) = self.look_up(&ctx).await?;
        writeln!(out, "profile: p50 {:.1} ms, p99 {:.1} ms", p50.as_secs_f64() * 1e3, p99.as_secs_f64() * 1e3)?;

        let count = "SELECT count(*) FROM rfm WHERE tier = 'core' AND recency_days <= 30 AND profile_id IN (\
                     SELECT profile_id FROM orders WHERE channel = 'app' GROUP BY profile_id HAVING count(*) >= 3)";
        writeln!(out, "segment count: {:.2} s", self.timed(&ctx, count).await?)?;
        let rfm = "SELECT count(*), sum(f), sum(m) FROM (SELECT profile_id, max(ordered_at) AS r, count(*) AS f, \
                   sum(net_amount) AS m FROM orders WHERE status <> 'cancelled' GROUP BY profile_id)";
        writeln!(out, "rfm aggregate: {:.2} s", self.timed(&ctx, rfm).await?)?;
        self.preview(&ctx, &mut out).await?;
        ctx.close().await;
        Ok(ExitCode::SUCCESS)
    }

    /// Loads a generated file of one kind of rows.
    async fn load(&self, ctx: &Ctx, entity: Entity, out: &mut impl Write) -> Result<(), Failure> {
        let file = ctx.dir().join("bench.csv");
        match entity {
            Entity::Events => self.write_events(&file)?,
            _ => self.write_orders(&file)?,
        }
        let n_bytes = std::fs::metadata(&file)?.len();
        forget_peak();
        let started = Instant::now();
        let options = ImportOptions { entity: Some(entity), ..ImportOptions::default() };
        let report = import::import(ctx, import::file_at(&file), options, import::unwatched()).await?;
        let took = started.elapsed();
        let (n, rate) = (report.rows_loaded, report.rows_read as f64 / took.as_secs_f64());
        let (name, peak) = (entity.as_str(), peak_mib("self"));
        writeln!(
            out,
            "{name}: {n} of {} MB in {:.1} s, {rate:.0} rows/s, peak {peak} MiB",
            n_bytes >> 20,
            took.as_secs_f64()
        )?;
        std::fs::remove_file(&file)?;
        Ok(())
    }

    /// Counts segments as somebody writes them. Each round asks for other values, so that nothing is remembered.
    async fn preview(&self, ctx: &Ctx, out: &mut impl Write) -> Result<(), Failure> {
        let app = json!([{"field": "channel", "op": "eq", "value": "app"}]);
        let last = |days: u64| json!({"last": days, "unit": "day"});
        let recent =
            |n: u64| json!({"measure": {"of": "orders", "where": app, "window": last(90 + n)}, "op": "ge", "value": 3});
        let ever = |n: u64| json!({"measure": {"of": "orders", "where": app}, "op": "ge", "value": 3 + n});
        let spent = |n: u64| json!({"measure": {"of": "orders", "agg": "sum", "column": "net_amount", "window": last(365 + n)}, "op": "ge", "value": 500});
        let again = |n: u64| {
            let app = json!({"of": "orders", "where": app});
            let store = json!({"of": "orders", "where": [{"field": "channel", "op": "eq", "value": "store"}], "within": {"n": 30 + n, "unit": "day"}});
            json!({"sequence": {"steps": [app, store], "window": last(180)}})
        };
        let core = json!({"score": "rfm.tier", "op": "eq", "value": "core"});
        type Rule<'a> = (&'a str, Box<dyn Fn(u64) -> Value + 'a>);
        let rules: [Rule<'_>; 5] = [
            ("orders in 90 days", Box::new(&recent)),
            ("orders ever", Box::new(&ever)),
            ("four conditions", Box::new(|n| json!({"all": [core, recent(10 + n), ever(10 + n), spent(n)]}))),
            ("four, one edited", Box::new(|n| json!({"all": [core, recent(10), ever(10), spent(10 + n)]}))),
            ("sequence in 180 days", Box::new(again)),
        ];
        for (name, rule) in rules {
            let mut counts = Vec::new();
            for round in 0..3 {
                counts.push(segments::preview(ctx, &rule(round), None, None, None).await?.count);
            }
            let best = counts.iter().min_by_key(|count| count.ms);
            let (n, ms) = best.map_or((0, 0), |count| (count.count.unwrap_or(0), count.ms));
            writeln!(out, "segment, {name}: {ms} ms ({n} customers)")?;
        }
        Ok(())
    }

    /// Best of three, in seconds.
    async fn timed(&self, ctx: &Ctx, sql: &str) -> Result<f64, Failure> {
        let mut best = f64::MAX;
        for _ in 0..3 {
            let started = Instant::now();
            let mut rows = query::select(ctx, sql, QueryLimits::default()).await?;
            while rows.next().await?.is_some() {}
            best = best.min(started.elapsed().as_secs_f64());
        }
        Ok(best)
    }

    async fn look_up(&self, ctx: &Ctx) -> Result<(Duration, Duration), Failure> {
        let mut random = Random::new(self.seed ^ 0x5eed);
        let mut times = Vec::new();
        for _ in 0..self.lookups {
            let member = Sensitive::new(member(random.below(self.customers)));
            let started = Instant::now();
            let found: Vec<ProfileId> = profiles::find(ctx, None, &member).await?;
            for profile in found {
                profiles::view(ctx, profile, &Show::Masked).await?;
                profiles::orders(ctx, profile, 0, 20).await?;
            }
            times.push(started.elapsed());
        }
        times.sort_unstable();
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or_default();
        Ok((at(0.5), at(0.99)))
    }

    /// Orders over two years; a few customers buy most, as in shops.
    fn write_orders(&self, path: &Path) -> std::io::Result<()> {
        const CHANNELS: [&str; 4] = ["app", "web", "store", "mini_program"];
        let mut random = Random::new(self.seed);
        let mut out = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
        writeln!(out, "order_id,member_id,ordered_at,amount,status,channel,store_id")?;
        let start = jiff::civil::date(2024, 1, 1);
        for order in 0..self.orders {
            let skewed = random.below(self.customers).min(random.below(self.customers));
            let day = (order * 730 / self.orders.max(1)) as i64;
            let date = start.saturating_add(jiff::Span::new().days(day));
            let seconds = random.below(86_400);
            let status = if random.below(50) == 0 { "cancelled" } else { "completed" };
            writeln!(
                out,
                "O{order:010},{},{date} {:02}:{:02}:{:02},{}.{:02},{status},{},S{:03}",
                member(skewed),
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60,
                random.below(900) + 5,
                random.below(100),
                CHANNELS[random.below(4) as usize],
                random.below(300),
            )?;
        }
        out.flush()
    }

    /// Events of the last 180 days of the orders, by customers that come as often as they buy.
    fn write_events(&self, path: &Path) -> std::io::Result<()> {
        const EVENTS: [&str; 5] = ["page_view", "product_viewed", "product_added", "search", "checkout_started"];
        let mut random = Random::new(self.seed ^ 0xe7e);
        let mut out = BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
        writeln!(out, "event_id,member_id,event,occurred_at,channel,url")?;
        let start = jiff::civil::date(2024, 1, 1).saturating_add(jiff::Span::new().days(730 - 180));
        for event in 0..self.events {
            let skewed = random.below(self.customers).min(random.below(self.customers));
            let day = (event * 180 / self.events) as i64;
            let date = start.saturating_add(jiff::Span::new().days(day));
            let seconds = random.below(86_400);
            writeln!(
                out,
                "E{event:011},{},{},{date} {:02}:{:02}:{:02},{},/p/{}",
                member(skewed),
                EVENTS[random.below(EVENTS.len() as u64) as usize],
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60,
                ["app", "web"][random.below(2) as usize],
                random.below(5_000),
            )?;
        }
        out.flush()
    }
}

fn member(number: u64) -> String {
    format!("M{number:08}")
}

/// A small generator: the same on every machine, good enough to spread orders.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n.max(1)
    }
}

/// Lets the kernel count the peak of memory anew; where it cannot, the peak is that of the process.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that a process has had: its number, or `self`.
fn peak_mib(process: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or(0) >> 10
}

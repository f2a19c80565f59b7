//! Times until something happens: published figures, naive models, cycles made up.

use proptest::prelude::*;
use zhike_ml::survival::{Cycles, Gap, Purchase, Span, concordance, gaps, kaplan_meier, log_rank, quantile};

fn spans(text: &str) -> Vec<Span> {
    let span = |word: &str| Span { time: word.trim_end_matches('+').parse().unwrap(), is_event: !word.ends_with('+') };
    text.split(' ').map(span).collect()
}

/// Weeks of remission of 42 patients with leukaemia (Freireich et al. 1963), the example of most text books.
fn freireich() -> (Vec<Span>, Vec<Span>) {
    (
        spans("6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"),
        spans("1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"),
    )
}

#[test]
fn curves_equal_the_text_book() {
    let (treated, placebo) = freireich();
    let steps = kaplan_meier(&treated, 0.95);
    let expected = [
        (6.0, 0.857_1),
        (7.0, 0.806_7),
        (10.0, 0.752_9),
        (13.0, 0.690_2),
        (16.0, 0.627_5),
        (22.0, 0.537_8),
        (23.0, 0.448_2),
    ];
    assert_eq!(steps.len(), expected.len());
    for (step, (time, share)) in steps.iter().zip(expected) {
        assert!(step.time == time && (step.share - share).abs() < 5e-5, "{step:?}");
        assert!(step.low < step.share && step.share < step.high && step.high < 1.0 && step.low > 0.0);
    }
    // R's survfit with conf.type = "log-log" at 6 weeks: 0.620 to 0.952.
    assert!((steps[0].low - 0.620).abs() < 1e-3 && (steps[0].high - 0.952).abs() < 1e-3, "{:?}", steps[0]);
    assert_eq!((quantile(&steps, 0.5), quantile(&kaplan_meier(&placebo, 0.95), 0.5)), (Some(23.0), Some(8.0)));
    assert_eq!(quantile(&steps, 0.9), None);
    let test = log_rank(&[&treated, &placebo]).unwrap();
    assert!((test.statistic - 16.79294098921654).abs() < 1e-9 && test.p < 1e-4, "{test:?}");
    assert_eq!(test.observed_and_expected[0].0, 9.0);
    assert!((test.observed_and_expected[0].1 - 19.25050094803113).abs() < 1e-9);
    // An empty group says nothing; three groups of which two are alike.
    assert_eq!(log_rank(&[&treated, &[], &placebo]).unwrap().statistic, test.statistic);
    assert!(log_rank(&[&treated, &placebo, &placebo]).unwrap().p < 1e-4);
    assert_eq!(log_rank(&[&treated]), None);
}

fn naive(scores: &[f64], spans: &[Span]) -> Option<f64> {
    let (mut pairs, mut right) = (0.0, 0.0);
    for (a, first) in spans.iter().enumerate() {
        for (b, other) in spans.iter().enumerate() {
            let is_first = first.is_event && (first.time < other.time || first.time == other.time && !other.is_event);
            if is_first {
                pairs += 1.0;
                right += if scores[a] > scores[b] { 1.0 } else { 0.5 * f64::from(u8::from(scores[a] == scores[b])) };
            }
        }
    }
    (pairs > 0.0).then_some(right / pairs)
}

proptest! {
    #[test]
    fn concordance_equals_all_pairs(rows in prop::collection::vec((0_u8..12, any::<bool>(), -4_i8..4), 0..60)) {
        let spans: Vec<Span> = rows.iter().map(|(time, is_event, _)| Span { time: f64::from(*time), is_event: *is_event }).collect();
        let scores: Vec<f64> = rows.iter().map(|(.., score)| f64::from(*score)).collect();
        let (fast, slow) = (concordance(&scores, &spans), naive(&scores, &spans));
        prop_assert!(fast.is_some() == slow.is_some() && fast.zip(slow).is_none_or(|(a, b)| (a - b).abs() < 1e-12), "{fast:?} {slow:?}");
    }

    /// Without open spans the curve is the share of those later.
    #[test]
    fn a_curve_without_open_spans_is_a_share(times in prop::collection::vec(0_u8..20, 1..50)) {
        let spans: Vec<Span> = times.iter().map(|time| Span { time: f64::from(*time), is_event: true }).collect();
        for step in kaplan_meier(&spans, 0.95) {
            let later = times.iter().filter(|time| f64::from(**time) > step.time).count() as f64;
            prop_assert!((step.share - later / times.len() as f64).abs() < 1e-12);
        }
    }
}

#[test]
fn gaps_count_by_unit_bought() {
    let purchase = |customer, at, quantity| Purchase { customer, product: 7, at, quantity };
    let all = [
        purchase(1, 30.0, 1.0),
        purchase(1, 0.0, 1.0),
        purchase(1, 0.0, 1.0),
        purchase(2, 5.0, 1.0),
        purchase(1, 40.0, -1.0),
    ];
    assert_eq!(gaps(&all), [Gap { customer: 1, product: 7, time: 15.0 }]);
}

#[test]
fn cycles_shrink_to_what_is_known() {
    // Coffee every 14 days or so, detergent every 60; each customer up to a third off.
    let mut known = Vec::new();
    let wobble = |at: u64| ((at * 7_919) % 200) as f64 / 100.0 - 1.0;
    for customer in 0..60_u64 {
        for at in 0..1 + customer % 8 {
            let own = 0.3 * wobble(customer + 1_000);
            let noise = 0.2 * wobble(customer * 31 + at);
            known.push(Gap { customer, product: 1, time: (14_f64.ln() + own + noise).exp() });
            known.push(Gap { customer, product: 2, time: (60_f64.ln() + own + noise).exp() });
        }
    }
    known.push(Gap { customer: 999, product: 1, time: 140.0 });
    let cycles = Cycles::fit(&known).unwrap();
    assert!((cycles.product(1).median / 14.0).ln().abs() < 0.1 && (cycles.product(2).median / 60.0).ln().abs() < 0.1);
    // One gap ten times as long counts a little; a customer never seen is as the product.
    let odd = cycles.customer(1, 999);
    assert!(odd.median > cycles.product(1).median && odd.median < 130.0 && odd.n_gaps == 1);
    assert_eq!(cycles.customer(1, 12_345).median, cycles.product(1).median);
    // Who is known better has a narrower window.
    let (one, eight) = (cycles.customer(1, 0), cycles.customer(1, 7));
    assert!((eight.n_gaps, one.n_gaps) == (8, 1) && eight.late / eight.early < one.late / one.early);
    let unknown = cycles.product(99);
    assert!(unknown.n_gaps == 0 && unknown.median > 14.0 && unknown.median < 60.0);
    assert_eq!(Cycles::fit(&known[..9]), None);
    let mut turned = known.clone();
    turned.reverse();
    assert_eq!(Cycles::fit(&turned), Some(cycles));
    // All gaps equal: nothing to shrink by, nothing to divide by.
    let equal = vec![Gap { customer: 1, product: 1, time: 5.0 }; 20];
    assert!((Cycles::fit(&equal).unwrap().customer(1, 1).median - 5.0).abs() < 1e-9);
}

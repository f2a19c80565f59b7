//! The bundled data: every row accounted for, and scores that plain SQL gives as well.

use crate::support::Home;

/// Recency, frequency, money and the three scores of every customer, from orders and lines only: a score is
/// 1 + floor(5 · customers that are worse / customers).
const BY_SQL: &str = "
    WITH facts AS (
        SELECT profile_id,
            max(CASE WHEN kind = 'sale' AND net_amount > 0 THEN ordered_at END) AS last,
            count(CASE WHEN kind = 'sale' AND net_amount > 0 THEN 1 END) AS frequency
        FROM orders WHERE profile_id IS NOT NULL GROUP BY profile_id
    ), money AS (
        SELECT profile_id, sum(amount) AS monetary FROM order_items WHERE profile_id IS NOT NULL GROUP BY profile_id
    ), day AS (SELECT max(as_of) AS as_of FROM rfm
    ), measured AS (
        SELECT f.profile_id, f.frequency, m.monetary,
            arrow_cast(day.as_of, 'Int32')
                - arrow_cast(CAST(f.last AT TIME ZONE 'Europe/London' AS DATE), 'Int32') AS recency_days
        FROM facts f JOIN money m ON m.profile_id = f.profile_id CROSS JOIN day WHERE f.frequency > 0
    ), scored AS (
        SELECT profile_id, recency_days, frequency, monetary,
            1 + floor(5.0 * (rank() OVER (ORDER BY recency_days DESC) - 1) / count(*) OVER ()) AS r,
            1 + floor(5.0 * (rank() OVER (ORDER BY frequency) - 1) / count(*) OVER ()) AS f,
            1 + floor(5.0 * (rank() OVER (ORDER BY monetary) - 1) / count(*) OVER ()) AS m
        FROM measured
    )
    SELECT count(*) AS n, count(s.profile_id) AS n_scored, count(rfm.profile_id) AS n_stored,
        count(CASE WHEN s.recency_days = rfm.recency_days AND s.frequency = rfm.frequency
            AND s.monetary = rfm.monetary AND s.r = rfm.r_score AND s.f = rfm.f_score AND s.m = rfm.m_score
            THEN 1 END) AS n_equal
    FROM scored s FULL JOIN rfm ON rfm.profile_id = s.profile_id";

#[test]
fn the_demo_adds_up() {
    let home = Home::new();
    let loaded = home.run(&["demo", "--load-only"]);
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    let batch = home.json(&[
        "sql",
        "SELECT rows_read, rows_loaded, rows_duplicate, rows_quarantined FROM batches WHERE rows_read > 100000",
    ]);
    insta::assert_snapshot!(batch.to_string(), @r#"[{"rows_duplicate":2483,"rows_loaded":318222,"rows_quarantined":0,"rows_read":320705}]"#);
    let orders = home.json(&[
        "sql",
        "SELECT count(*) AS n, count(CASE WHEN order_id LIKE 'C%' THEN 1 END) AS n_c, sum(net_amount) AS net, \
         (SELECT sum(amount) FROM order_items) AS lines, count(DISTINCT profile_id) AS customers FROM orders",
    ]);
    insta::assert_snapshot!(orders.to_string(), @r#"[{"customers":3360,"lines":5750195.18,"n":16459,"n_c":2554,"net":5750195.18}]"#);
    let made_up = home.json(&[
        "sql",
        "SELECT count(*) AS n, count(profile_id) AS n_known, count(CASE WHEN arm = 'holdout' THEN 1 END) AS n_holdout, \
         (SELECT count(profile_id) FROM events) AS visits, (SELECT count(*) FROM campaigns) AS campaigns, \
         (SELECT sum(rows_quarantined) FROM batches) AS quarantined FROM touches",
    ]);
    insta::assert_snapshot!(made_up.to_string(), @r#"[{"campaigns":14,"n":12932,"n_holdout":2438,"n_known":12932,"quarantined":0,"visits":4191}]"#);
    // What was made up is found again: 70 % more buyers by the second campaign, none by the first.
    for (campaign, ratio) in [("C1", 1.0), ("C2", 1.7), ("C4", 1.25), ("C5", 1.9)] {
        let lift = &home.json(&["analyze", "campaigns", "--campaign", campaign])["lift"];
        let rate = |name: &str| lift["rate"][name].as_f64().unwrap();
        let [low, high] = [rate("relative_low"), rate("relative_high")];
        assert!(1.0 + low < ratio && ratio < 1.0 + high, "{campaign}: {lift}");
        assert!(lift["ratio_p"].as_f64().unwrap() > 0.001, "{campaign}: {lift}");
    }
    // So are the hours: messages before eleven are opened more often, and choosing the hour would help.
    let moments = home.json(&["analyze", "send-time"]);
    let best = moments["best"].as_array().unwrap();
    assert!(
        !best.is_empty() && best.iter().all(|one| matches!(one["hour"].as_u64().unwrap() % 24, 9 | 10)),
        "{best:?}"
    );
    assert_eq!(moments["grade"]["is_better"], true, "{}", moments["grade"]);
    let scores = home.json(&["sql", BY_SQL]);
    let [n, scored, stored, equal] = ["n", "n_scored", "n_stored", "n_equal"].map(|name| scores[0][name].as_i64());
    assert!(n > Some(3000) && n == scored && n == stored && n == equal, "{scores}");
}

#[test]
fn feature_columns_can_be_scaled() {
    let home = Home::new();
    let path = home.file(
        "orders.csv",
        "订单号,会员号,下单时间,实付金额\nT1,M1,2026-01-02,10\nT2,M1,2026-01-03,20\nT3,M2,2026-01-04,40\n",
    );
    assert!(home.run(&["import", path.to_str().unwrap()]).status.success());
    let scaled = home.json(&[
        "sql",
        "SELECT order_id, round(min_max(amount) OVER (), 3) AS a, round(z_score(amount) OVER (), 3) AS z \
         FROM orders ORDER BY order_id",
    ]);
    insta::assert_snapshot!(scaled.to_string(), @r#"[{"a":0.0,"order_id":"T1","z":-1.069},{"a":0.333,"order_id":"T2","z":-0.267},{"a":1.0,"order_id":"T3","z":1.336}]"#);
}

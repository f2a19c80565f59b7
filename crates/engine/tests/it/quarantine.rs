//! Rows set aside are kept sealed, can be repaired and loaded again.

use zhike_domain::access::{Principal, Role, Scope};
use zhike_domain::id::BatchId;
use zhike_domain::import::entity::{Entity, IdentityKind};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::import::unwatched;
use zhike_engine::profiles;
use zhike_engine::quarantine::{self, Repair};

use crate::support::{Home, load, rows};
use crate::watch::{acting, somebody};

const ORDERS: &str = "\
订单编号,会员号,下单时间,实付金额
T1,M1,2026-01-02 10:00:00,100.00
T2,M1,不知道,50.00
,M1,2026-01-02 10:00:00,25.00
T4,M1,2026-01-04 10:00:00,abc
";

#[tokio::test(flavor = "multi_thread")]
async fn a_repaired_row_is_loaded_and_the_books_balance() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let report = load(&ctx, &home.file("orders.csv", ORDERS), Entity::Orders).await.unwrap();
    assert_eq!((report.rows_read, report.rows_loaded, report.rows_quarantined), (4, 1, 3), "{report:?}");
    let batch: BatchId = report.batch_id.parse().unwrap();
    let open = rows(&ctx, "SELECT row_no, reason_code, \"row\", status FROM quarantine ORDER BY row_no").await;
    insta::assert_snapshot!(open.join("\n"), @r"
    3|unreadable_time|***|open
    4|missing_required|***|open
    5|unreadable_number|***|open
    ");

    let row = quarantine::reveal(&ctx, batch, 3, "owner", "repair").await.unwrap();
    assert_eq!(row.cells[2].as_deref(), Some("不知道"));
    let mut cells = row.cells.clone();
    cells[2] = Some("2026-01-03 10:00:00".into());
    let repairs = vec![Repair { row_no: 3, cells: Some(cells), kept: Vec::new() }];
    let again = quarantine::replay(&ctx, batch, Some(repairs), None, unwatched()).await.unwrap();
    assert_eq!((again.rows_read, again.rows_loaded), (1, 1), "{again:?}");
    assert_eq!(rows(&ctx, "SELECT order_id FROM orders ORDER BY 1").await, ["T1", "T2"]);
    assert_eq!(rows(&ctx, "SELECT status FROM quarantine WHERE row_no = 3").await, ["replayed"]);
}

/// A role that sees grade 4 only once somebody has approved repairs the other cells; the masked ones stay as they were.
#[tokio::test(flavor = "multi_thread")]
async fn cells_of_a_higher_grade_stay_masked_and_as_they_are() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let text = "订单编号,会员号,身份证号,下单时间,实付金额\n\
        T1,M1,11010519491231002X,2026-01-02 10:00:00,100.00\nT2,M2,440524188001010014,不知道,50.00\n";
    let report = load(&ctx, &home.file("orders.csv", text), Entity::Orders).await.unwrap();
    assert_eq!((report.rows_loaded, report.rows_quarantined), (1, 1), "{report:?}");
    let batch: BatchId = report.batch_id.parse().unwrap();
    let own = acting(&ctx, &somebody("ann", Role::Admin));
    let row = quarantine::reveal(&own, batch, 3, "ann", "repair").await.unwrap();
    assert_eq!(row.masked, [2]);
    assert_eq!(row.cells[3].as_deref(), Some("不知道"));
    assert!(!row.cells[2].as_deref().unwrap().contains("188001"), "{row:?}");
    let mut cells = row.cells.clone();
    cells[3] = Some("2026-01-03 10:00:00".into());
    let repairs = vec![Repair { row_no: 3, cells: Some(cells), kept: row.masked }];
    let again = quarantine::replay(&ctx, batch, Some(repairs), None, unwatched()).await.unwrap();
    assert_eq!(again.rows_loaded, 1, "{again:?}");
    let id_number = Sensitive::new("440524188001010014".to_owned());
    assert_eq!(profiles::find(&ctx, Some(IdentityKind::IdNumber), &id_number).await.unwrap().len(), 1);
    // Nobody knows whose a row is: whoever sees some customers alone sees none, nor does who may not look at loads.
    let scope = Scope { provinces: vec!["浙江省".into()], ..Scope::default() };
    let narrow = Principal { scope, ..somebody("ben", Role::Admin) };
    let error = quarantine::reveal(&acting(&ctx, &narrow), batch, 3, "ben", "look").await.unwrap_err();
    assert_eq!(error.code.as_str(), "no_permission");
    let service = acting(&ctx, &somebody("svc", Role::Service));
    assert_eq!(quarantine::reveal(&service, batch, 3, "svc", "look").await.unwrap_err().code.as_str(), "no_permission");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_can_be_replayed_with_a_mended_mapping() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let mut text =
        String::from("订单编号,会员号,下单时间,备用栏,实付金额\nT1,M1,2026-01-02,100,x\nT2,M2,2026-01-02,50,y\n");
    (3..9).for_each(|n| text.push_str(&format!("T{n},M{n},2026-01-02,,{n}\n")));
    let report = load(&ctx, &home.file("orders.csv", text), Entity::Orders).await.unwrap();
    assert_eq!((report.rows_loaded, report.rows_quarantined), (6, 2), "{report:?}");
    let mut mended = report.mapping.clone();
    for column in &mut mended.columns {
        column.target = match column.header.as_str() {
            "实付金额" => None,
            "备用栏" => Some("amount".into()),
            _ => column.target.clone(),
        };
    }
    let batch: BatchId = report.batch_id.parse().unwrap();
    let again = quarantine::replay(&ctx, batch, None, Some(mended), unwatched()).await.unwrap();
    assert_eq!((again.rows_read, again.rows_loaded), (2, 2), "{again:?}");
    assert_eq!(rows(&ctx, "SELECT order_id, amount FROM orders ORDER BY 1 LIMIT 2").await, ["T1|100.00", "T2|50.00"]);
}

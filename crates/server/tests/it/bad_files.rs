//! Files that cannot be loaded: one clear line, a non-zero exit, nothing lost.

use std::io::Write;

use crate::support::Home;

fn complaint(home: &Home, name: &str, content: &[u8]) -> String {
    let path = home.file(name, content);
    let said = home.complaint(&["import", path.to_str().unwrap(), "--as", "orders", "--quiet"]);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(name), "{said}");
    said
}

#[test]
fn every_bad_file_gets_one_clear_line() {
    let home = Home::new();
    let wide = (0..10_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"order_id,amount\n1,2\n").unwrap();
    let gzip = gzip.finish().unwrap();
    let folder = home.path().join("folder.csv");
    std::fs::create_dir(&folder).unwrap();
    let said = [
        complaint(&home, "empty.csv", b""),
        complaint(&home, "blank.csv", b"  \n \n"),
        complaint(&home, "png.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10"),
        complaint(&home, "missing.csv", "会员号,姓名\nM1,张三\n".as_bytes()),
        complaint(&home, "wide.csv", format!("{wide}\n").as_bytes()),
        complaint(&home, "broken.xlsx", b"PK\x03\x04 this is no workbook"),
        complaint(&home, "cut.csv.gz", &gzip[..gzip.len() / 2]),
        home.complaint(&["import", folder.to_str().unwrap(), "--as", "orders"]),
        home.complaint(&["import", "no-such-file.csv", "--as", "orders"]),
    ];
    for line in &said {
        assert!(line.starts_with("zhike: "), "{line}");
        assert!(!line.contains("panicked"), "{line}");
    }
    let counts = home.json(&["sql", "SELECT count(*) AS n FROM orders"]);
    assert_eq!(counts[0]["n"], 0);
}

#[test]
fn a_header_without_rows_loads_nothing_and_says_so() {
    let home = Home::new();
    let path = home.file("header.csv", "订单编号,会员号,下单时间,实付金额\n");
    let report = home.json(&["import", path.to_str().unwrap(), "--as", "orders"]);
    assert_eq!(report["files"][0]["rows_read"], 0);
}

#[test]
fn ragged_and_mixed_rows_are_set_aside_and_the_rest_is_loaded() {
    let home = Home::new();
    let mut content = "订单编号,会员号,下单时间,实付金额\nT1,M1,2026-01-02 10:00:00,1\n".as_bytes().to_vec();
    content.extend_from_slice(b"T2,M1,2026-01-02 10:00:00,2,3,4,5\n");
    // A first half of a character of GBK: the file as a whole is UTF-8, this row is not.
    content.extend_from_slice("T3,会员".as_bytes());
    content.extend_from_slice(b"\xc3\xff,2026-01-02 10:00:00,3\n");
    content.extend_from_slice("T4,M2,2026-01-02 10:00:00,4\n".as_bytes());
    let path = home.file("mixed.csv", content);
    let report = home.json(&["import", path.to_str().unwrap(), "--as", "orders"]);
    let file = &report["files"][0];
    assert_eq!(file["rows_read"], 4, "{file}");
    assert_eq!(file["rows_loaded"], 2, "{file}");
    assert_eq!(file["rows_quarantined"], 2, "{file}");
}

#[test]
fn a_very_long_line_is_refused_in_bounded_memory() {
    let home = Home::new();
    let path = home.path().join("long.csv");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    file.write_all("订单编号,会员号,下单时间,实付金额\nT1,M1,2026-01-02 10:00:00,1\n".as_bytes()).unwrap();
    let block = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        file.write_all(&block).unwrap();
    }
    file.write_all("\nT2,M1,2026-01-02 10:00:00,2\n".as_bytes()).unwrap();
    drop(file);
    let report = home.json(&["import", path.to_str().unwrap(), "--as", "orders"]);
    let file = &report["files"][0];
    assert_eq!((&file["rows_loaded"], &file["rows_quarantined"]), (&2.into(), &1.into()), "{file}");
}

//! What holds for every file, on made-up ones.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use proptest::prelude::*;

use super::tests::{gzip, read_input, read_with};
use super::*;

fn small() -> ReadOptions {
    let limits = Limits { max_cell_bytes: 2000, max_row_bytes: 5000, max_columns: 50, ..Limits::default() };
    ReadOptions { limits, ..ReadOptions::default() }
}

/// A reader that hands out a few bytes at a time.
struct Dribble {
    bytes: Cursor<Vec<u8>>,
    steps: Vec<usize>,
    at: usize,
}

impl Read for Dribble {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.at += 1;
        let n = self.steps[self.at % self.steps.len()].min(buffer.len());
        self.bytes.read(&mut buffer[..n])
    }
}

impl Seek for Dribble {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z0-9 ]{0,6}", 2 => "[张三李四，。a]{0,5}", 2 => "[\",\n\r;x]{0,5}", 1 => Just(String::new())]
}

fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    (2..6_usize).prop_flat_map(|n| prop::collection::vec(prop::collection::vec(cell(), n..=n), 0..20))
}

/// Writes a table with the `csv` crate, under a header that is recognised.
fn written(rows: &[Vec<String>], delimiter: u8, is_quoted: bool, is_windows: bool) -> Vec<u8> {
    let quote = if is_quoted { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
    let end = if is_windows { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
    let mut writer =
        csv::WriterBuilder::new().delimiter(delimiter).quote_style(quote).terminator(end).from_writer(Vec::new());
    let n = rows.first().map_or(2, Vec::len);
    let names = ["订单编号", "下单时间", "实付金额", "备注", "渠道", "门店名称"];
    writer.write_record(&names[..n]).unwrap();
    for row in rows {
        writer.write_record(row).unwrap();
    }
    writer.into_inner().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000), magic in 0..8_usize) {
        let magics: [&[u8]; 8] =
            [b"", b"a,b\n", b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\"a\":1}\n", b"[{"];
        let bytes = [magics[magic], &bytes].concat();
        let _ = read_with("a", &bytes, &small(), 7);
        let _ = read_with("a.gz", &gzip(&bytes), &small(), 7);
    }

    #[test]
    fn almost_csv_never_panics_and_loses_no_line(text in "[ab1,\"\n\r\t `=中\u{0}]{0,400}") {
        let text = format!("order id,amount,status\n{text}");
        for encoding in [Encoding::Utf8, Encoding::Gb18030, Encoding::Windows1252] {
            let options = ReadOptions { encoding: Some(encoding), delimiter: Some(b','), ..small() };
            let Ok(got) = read_with("a.csv", text.as_bytes(), &options, 3) else { continue };
            let mut seen: Vec<u64> = got.rows.iter().map(|row| row.0).chain(got.bad.iter().map(|bad| bad.row_no)).collect();
            let n_seen = seen.len();
            seen.sort_unstable();
            seen.dedup();
            prop_assert_eq!(seen.len(), n_seen, "a row came twice");
        }
    }

    #[test]
    fn rows_do_not_depend_on_how_bytes_arrive(
        rows in table(),
        steps in prop::collection::vec(1..40_usize, 1..5),
        max_rows in 1..10_usize,
        is_gbk in any::<bool>(),
    ) {
        let bytes = written(&rows, b',', false, false);
        let bytes = if is_gbk { encoding_rs::GB18030.encode(std::str::from_utf8(&bytes).unwrap()).0.into_owned() } else { bytes };
        let whole = read_with("a.csv", &bytes, &small(), 1000).unwrap();
        let dribble = Dribble { bytes: Cursor::new(bytes.clone()), steps, at: 0 };
        let input = Input::reader("a.csv", bytes.len() as u64, Box::new(dribble));
        let parts = read_input(input, &small(), max_rows).unwrap();
        prop_assert_eq!(&parts.rows, &whole.rows);
        prop_assert_eq!(&parts.bad, &whole.bad);
        let packed = read_with("a.csv.gz", &gzip(&bytes), &small(), max_rows).unwrap();
        prop_assert_eq!(&packed.rows, &whole.rows);
    }

    #[test]
    fn what_the_csv_crate_writes_is_read_as_written(
        rows in table(),
        delimiter in prop::sample::select(b",\t;|".to_vec()),
        is_quoted in any::<bool>(),
        is_windows in any::<bool>(),
    ) {
        let bytes = written(&rows, delimiter, is_quoted, is_windows);
        let options = ReadOptions { delimiter: Some(delimiter), ..small() };
        let sniffed = {
            let mut input = tests::input("a.csv", &bytes);
            sniff(&mut input, &options).unwrap()
        };
        // A table whose first rows are read as part of the header is another matter.
        prop_assume!((sniffed.header_row, sniffed.n_header_rows) == (0, 1));
        let got = read_with("a.csv", &bytes, &options, 1000).unwrap();
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(bytes.as_slice());
        let expected: Vec<Vec<String>> = reader
            .records()
            .map(|record| record.unwrap().iter().map(str::to_owned).collect())
            .filter(|row: &Vec<String>| row.iter().any(|cell| !cell.trim().is_empty()))
            .collect();
        // Lines of one cell at the end count as a footer.
        let n_footer = got.skipped.count as usize;
        let rows: Vec<Vec<String>> =
            got.rows.iter().map(|row| row.1.iter().map(|cell| cell.clone().unwrap_or_default()).collect()).collect();
        prop_assert_eq!(rows.len() + n_footer, expected.len());
        prop_assert_eq!(&rows[..], &expected[..rows.len()]);
        prop_assert!(got.bad.is_empty());
    }
}

//! What can be wrong with a whole file, and what to do about it.

use std::io;

/// Why a file cannot be read; its name is added by whoever reports it.
///
/// Display says in one line what is wrong, where, and what to do; [`Error::help_zh`] says it in Chinese.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No byte, or nothing but blanks.
    #[error("the file is empty; export it again")]
    Empty,
    /// The bytes are no text and no format that is read.
    #[error("this is not a table but looks like {looks_like}; choose a CSV, TSV, Excel, JSON Lines or Parquet file")]
    NotText {
        /// What the bytes look like.
        looks_like: String,
    },
    /// A directory instead of a file.
    #[error("{name} is a directory; name the files in it")]
    Directory {
        /// The path.
        name: String,
    },
    /// No file of that name.
    #[error("{name} does not exist; check the path")]
    NotFound {
        /// The path.
        name: String,
    },
    /// The file may not be read.
    #[error("{name} may not be read by this user; change its permissions or copy it")]
    Permission {
        /// The path.
        name: String,
    },
    /// The header is too wide.
    #[error("the header has {n} columns, more than the {limit} allowed; check the delimiter or export fewer columns")]
    TooManyColumns {
        /// Columns found.
        n: usize,
        /// Columns allowed.
        limit: usize,
    },
    /// A row before the first data row is too long to look at.
    #[error(
        "row {row} is longer than {limit} bytes; check that the file has line breaks and that its quotes are closed"
    )]
    CellTooLong {
        /// Position of the row, from 1.
        row: u64,
        /// Bytes allowed.
        limit: usize,
    },
    /// A compressed file would take too much room.
    #[error("{part} inflates to more than {limit} bytes; split the file or save it as CSV")]
    ZipBomb {
        /// The part of the file.
        part: String,
        /// Bytes allowed.
        limit: u64,
    },
    /// The file is larger than its format can be read.
    #[error("the {what} is larger than {limit} {unit}; {remedy}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How much is allowed.
        limit: u64,
        /// Of what.
        unit: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// No header was found.
    #[error("no table was found in the first {n_rows} rows: {detail}; put the column names in the first row")]
    NoTable {
        /// Rows looked at.
        n_rows: usize,
        /// What was missed.
        detail: String,
    },
    /// A known format that is not read, or not in this variant.
    #[error("{what} cannot be read; {remedy}")]
    Unsupported {
        /// The format, in English.
        what: String,
        /// The format, in Chinese.
        what_zh: String,
        /// What to do, in English.
        remedy: &'static str,
        /// What to do, in Chinese.
        remedy_zh: &'static str,
    },
    /// The file breaks the rules of its format.
    #[error("{}{detail}; copy or export the file again", at_row(*.row))]
    Corrupt {
        /// Position of the row after which it breaks, if known.
        row: Option<u64>,
        /// What is broken.
        detail: String,
    },
    /// Reading failed.
    #[error("reading {name} failed; check the disk or the connection and try again")]
    Io {
        /// The file.
        name: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

fn at_row(row: Option<u64>) -> String {
    row.map_or_else(|| "the file is damaged: ".to_owned(), |row| format!("the file is damaged after row {row}: "))
}

impl Error {
    /// Whether reading the same file again may succeed.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Io { .. })
    }

    /// What is wrong and what to do, in Chinese.
    pub fn help_zh(&self) -> String {
        match self {
            Self::Empty => "文件为空，请重新导出。".to_owned(),
            Self::NotText { looks_like } => {
                let kind = looks_like
                    .replace(" image", " 图片")
                    .replace(" file", " 文件")
                    .replace("binary data", "二进制数据");
                format!("该文件不是表格，看起来是 {kind}。请选择 CSV、TSV、Excel、JSON Lines 或 Parquet 文件。")
            }
            Self::Directory { name } => format!("{name} 是目录，请指定其中的文件。"),
            Self::NotFound { name } => format!("{name} 不存在，请检查路径。"),
            Self::Permission { name } => format!("没有读取 {name} 的权限，请修改权限或复制该文件。"),
            Self::TooManyColumns { n, limit } => {
                format!("表头有 {n} 列，超过上限 {limit} 列。请检查分隔符，或减少导出的列。")
            }
            Self::CellTooLong { row, limit } => {
                format!("第 {row} 行超过 {limit} 字节。请检查文件是否有换行、引号是否成对。")
            }
            Self::ZipBomb { part, limit } => {
                format!("{part} 解压后超过 {limit} 字节。请拆分文件，或另存为 CSV。")
            }
            Self::TooLarge { limit, unit, .. } => {
                let unit = match *unit {
                    "bytes" => "字节",
                    "cells" => "个单元格",
                    other => other,
                };
                format!("文件超过上限 {limit} {unit}。请另存为 .xlsx 或 CSV，或拆分后再导入。")
            }
            Self::NoTable { n_rows, .. } => format!("在前 {n_rows} 行中没有找到表头。请把列名放在第一行。"),
            Self::Unsupported { what_zh, remedy_zh, .. } => format!("无法读取{what_zh}。{remedy_zh}"),
            Self::Corrupt { row: Some(row), .. } => format!("文件在第 {row} 行之后损坏。请重新复制或导出。"),
            Self::Corrupt { row: None, .. } => "文件已损坏。请重新复制或导出。".to_owned(),
            Self::Io { name, .. } => format!("读取 {name} 失败。请检查磁盘或网络后重试。"),
        }
    }

    pub(super) fn unsupported(what: &str, what_zh: &str, remedy: &'static str, remedy_zh: &'static str) -> Self {
        Self::Unsupported { what: what.to_owned(), what_zh: what_zh.to_owned(), remedy, remedy_zh }
    }

    /// The error of a failed read: broken compression is damage, the rest may pass.
    pub(super) fn from_io(name: &str, row: Option<u64>, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::UnexpectedEof => Self::Corrupt { row, detail: "it ends in the middle".to_owned() },
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                Self::Corrupt { row, detail: "its compressed data cannot be read".to_owned() }
            }
            io::ErrorKind::PermissionDenied => Self::Permission { name: name.to_owned() },
            _ => Self::Io { name: name.to_owned(), source },
        }
    }
}

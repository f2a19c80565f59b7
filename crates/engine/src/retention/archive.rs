//! What goes by a purge can be kept elsewhere: a sealed file for each table and run.
//!
//! `<table>-<time>-<bytes>-<id>.zka` holds the rows as Parquet, sealed as a file of a backup is: under a key that follows
//! from its content and from the vault. What is read back leaves out whoever was erased since.

use std::fs::File;
use std::io;
use std::path::Path;

use zhike_domain::erasure::{Erased, Subject};
use zhike_domain::error_code::ErrorCode;
use zhike_vault::ContentId;

use crate::backup::{hex, make_dir, stamp, unhex};
use crate::{Ctx, Error, Result, audit, boxed};

/// Where rows wait to be sealed, in the data directory.
const PART: &str = "archive.part";
const ENDING: &str = ".zka";

/// What an archive gave back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Table.
    pub table: String,
    /// Rows given back.
    pub n_rows: u64,
    /// Rows of people who were erased since.
    pub n_left_out: u64,
}

/// Keeps the rows of a table from before an instant in a folder; the file's name, unless there are none.
pub(super) async fn keep(ctx: &Ctx, folder: &Path, table: &str, before: i64) -> Result<Option<String>> {
    let part = ctx.dir().join(PART);
    remove(&part)?;
    if ctx.lake().write_rows_before(table, before, &part).await? == 0 {
        return Ok(None);
    }
    let (keys, folder, start) =
        (ctx.vault().backup_keys()?, folder.to_owned(), format!("{table}-{}", stamp(ctx.now())));
    let work = move || {
        make_dir(&folder)?;
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| Error::io("archive", &path, error)
        };
        let (id, n_bytes) = keys.id_of(File::open(&part).map_err(failed(&part))?).map_err(failed(&part))?;
        let name = format!("{start}-{n_bytes}-{}{ENDING}", hex(&id));
        let (path, unfinished) = (folder.join(&name), folder.join(format!("{name}.part")));
        let mut rows = File::open(&part).map_err(failed(&part))?;
        let mut sealed = keys.seal(&id, File::create(&unfinished).map_err(failed(&path))?).map_err(failed(&path))?;
        io::copy(&mut rows, &mut sealed).map_err(failed(&path))?;
        let (file, _) = sealed.finish().map_err(failed(&path))?;
        file.sync_all().map_err(failed(&path))?;
        std::fs::rename(&unfinished, &path).map_err(failed(&path))?;
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed(&folder))?;
        remove(&part)?;
        Ok(Some(name))
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::bug("seal an archive", error))?
}

/// Opens an archive into a Parquet file, without the rows of people who were erased since; the act is on record.
///
/// **Errors**: `bad_request` for a name that is no archive's; `damaged`; `conflict` when the file to be written is there.
#[boxed]
pub async fn open_archive(ctx: &Ctx, archive: &Path, to: &Path, actor: &str) -> Result<Opened> {
    let (table, n_bytes, id) = named(archive)?;
    if to.exists() {
        return Err(Error::conflict(
            format!("{} is there already: name another file", to.display()),
            format!("{} 已存在：请换一个文件名", to.display()),
        ));
    }
    let entry = serde_json::json!({ "archive": archive.file_name().map(|name| name.to_string_lossy()) });
    audit::record(ctx, actor, "retention.open", &table, &entry).await?;
    let part = ctx.dir().join(PART);
    let _guard = ctx.write_lock().await?;
    remove(&part)?;
    let (keys, from, plain) = (ctx.vault().backup_keys()?, archive.to_owned(), part.clone());
    let work = move || {
        let damaged = |error: &dyn std::fmt::Display| {
            let path = from.display();
            Error::new(
                ErrorCode::Damaged,
                format!("{path}: {error}; it is damaged, or of another vault"),
                format!("{path} 已损坏，或不属于这套密钥：{error}"),
            )
        };
        let sealed = File::open(&from).map_err(|error| Error::io("open", &from, error))?;
        let mut rows = keys.open(&id, n_bytes, sealed).map_err(|error| damaged(&error))?;
        let mut file = File::create(&plain).map_err(|error| Error::io("make", &plain, error))?;
        io::copy(&mut rows, &mut file).map_err(|error| damaged(&error))?;
        let again = File::open(&plain).map_err(|error| Error::io("open", &plain, error))?;
        match keys.id_of(again).map_err(|error| Error::io("read", &plain, error))? {
            (found, n) if found == id && n == n_bytes => Ok(()),
            _ => Err(damaged(&"its content is another")),
        }
    };
    let opened = tokio::task::spawn_blocking(work).await.map_err(|error| Error::bug("open an archive", error))?;
    let copied = match opened {
        Ok(()) => ctx.lake().copy_rows(&table, &part, to, &erased(ctx).await?).await.map_err(Error::from),
        Err(error) => Err(error),
    };
    remove(&part)?;
    let (n_rows, n_left_out) = copied?;
    Ok(Opened { table, n_rows, n_left_out })
}

/// Everybody of the ledger.
async fn erased(ctx: &Ctx) -> Result<Erased> {
    let read =
        |json: &str| serde_json::from_str::<Subject>(json).map_err(|error| Error::bug("an entry of the ledger", error));
    let rows = ctx.store().ledger().await?;
    Ok(Erased::new(rows.iter().map(|row| read(&row.subject_json)).collect::<Result<_>>()?))
}

/// Table, length and id as the name of an archive says them.
fn named(archive: &Path) -> Result<(String, u64, ContentId)> {
    let parts = archive.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(ENDING));
    let read = |parts: &str| {
        let [id, n_bytes, _, table] = parts.rsplitn(4, '-').collect::<Vec<_>>()[..] else { return None };
        Some((table.to_owned(), n_bytes.parse().ok()?, ContentId::try_from(unhex(id)?).ok()?))
    };
    parts.and_then(read).ok_or_else(|| {
        let path = archive.display();
        Error::bad_request(
            format!("{path} is no archive: their names are <table>-<time>-<bytes>-<id>{ENDING}, do not change them"),
            format!("{path} 不是归档文件：文件名应为 <表>-<时间>-<字节数>-<编号>{ENDING}，请勿改名"),
        )
    })
}

/// Removes what an archive that died left in the data directory.
pub(crate) fn sweep(dir: &Path) -> Result<()> {
    remove(&dir.join(PART))
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        _ => Ok(()),
    }
}

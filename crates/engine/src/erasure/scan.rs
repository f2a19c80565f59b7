//! Proof of absence: the person's values are looked for in every file, their identities in the index, their rows in the lake.

use std::io::Read;
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;
use zhike_domain::erasure::{Check, Erased, Subject};
use zhike_domain::sensitive::Sensitive;

use crate::query::personal_fields;
use crate::sealing::{Keys, identity_value};
use crate::{Ctx, Error, Result};

/// Shorter forms stand in any file by chance.
const MIN_BYTES: usize = 6;
/// Bytes of a file that are searched at a time.
const CHUNK: usize = 4 << 20;
/// Places named in a receipt.
const MAX_PLACES: usize = 20;
/// Files of queries that are older belong to nobody: queries end before.
const SPILL_S: u64 = 900;

/// What is known of a person, in memory as long as they are being erased.
#[derive(Default)]
pub(crate) struct Values {
    identities: Vec<(String, Sensitive<String>)>,
    fields: Vec<Sensitive<String>>,
    indexes: Vec<(String, [u8; 16])>,
}

impl Values {
    /// Reads them while they can still be read.
    pub(super) async fn read(ctx: &Ctx, subject: &Subject) -> Result<Self> {
        let profiles: Vec<i64> = subject.profiles.iter().copied().collect();
        let mut values = Self::default();
        let rows = ctx.store().identities_by_ids(&subject.forgotten()).await?;
        let mut keys = Keys::default();
        keys.fetch(ctx, rows.iter().map(|row| row.key_profile_id)).await?;
        for row in &rows {
            values.indexes.push((row.kind.clone(), row.value_index));
            if let Some(value) = identity_value(&keys, row) {
                values.identities.push((row.kind.clone(), Sensitive::new(value)));
            }
        }
        for ((_, field), value) in personal_fields(ctx, &profiles).await? {
            // A day of birth is many people's.
            if field != "birthday" {
                values.fields.push(Sensitive::new(value));
            }
        }
        Ok(values)
    }

    /// Kind and value of each identity.
    pub(super) fn identities(&self) -> impl Iterator<Item = (&str, &str)> {
        self.identities.iter().map(|(kind, value)| (kind.as_str(), value.expose().as_str()))
    }

    /// Every form in which a value could stand in a file: UTF-8, UTF-16 and GBK; hex and base64 of it; backwards.
    fn forms(&self) -> Vec<Vec<u8>> {
        let all = self.identities.iter().map(|(_, value)| value).chain(&self.fields);
        let mut forms: Vec<Vec<u8>> = all.flat_map(|value| forms_of(value.expose())).collect();
        forms.retain(|form| form.len() >= MIN_BYTES);
        forms.sort_unstable();
        forms.dedup();
        forms
    }
}

fn forms_of(value: &str) -> Vec<Vec<u8>> {
    if value.len() < MIN_BYTES {
        return Vec::new();
    }
    let gbk = encoding_rs::GBK.encode(value).0.into_owned();
    let utf16: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let backwards: String = value.chars().rev().collect();
    let mut forms = vec![value.as_bytes().to_vec(), gbk.clone(), utf16, backwards.into_bytes()];
    for bytes in [value.as_bytes(), gbk.as_slice()] {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        forms.push(hex.to_uppercase().into_bytes());
        forms.push(hex.into_bytes());
        // Inside a longer text of base64 a value stands in one of three alignments; the inner letters are the same.
        for skip in 0..3 {
            let padded: Vec<u8> = std::iter::repeat_n(0, skip).chain(bytes.iter().copied()).collect();
            let text = base64(&padded);
            forms.extend(text.get((skip * 8).div_ceil(6)..text.len().saturating_sub(4)).map(<[u8]>::to_vec));
        }
    }
    forms
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let word = |chunk: &[u8]| {
        let bits = chunk.iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        (0..4).map(move |at| LETTERS[(bits >> (18 - 6 * at) & 63) as usize])
    };
    bytes.chunks(3).flat_map(word).collect()
}

/// Looks for the person. Values cannot be looked for once the process that knew them is gone: then ids alone are.
pub(super) async fn checks(ctx: &Ctx, values: Option<&Values>, subject: &Subject) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    if let Some(values) = values {
        let (forms, dir) = (values.forms(), ctx.dir().to_owned());
        let scanned = tokio::task::spawn_blocking(move || scan(&dir, &forms)).await;
        let (n_files, places) = scanned.map_err(|error| Error::bug("the task that reads files", error))??;
        checks.push(Check {
            what: "bytes".into(),
            zh: "数据目录的全部文件中，按 UTF-8、UTF-16、GBK、十六进制、Base64 与倒序查找本人信息（文件数）".into(),
            en: "files of the data directory searched for the person's values, as UTF-8, UTF-16, GBK, hex, base64 and \
                 backwards"
                .into(),
            n_checked: n_files,
            n_found: places.len() as u64,
            places: places.into_iter().take(MAX_PLACES).collect(),
        });
        let wanted: Vec<(&str, [u8; 16])> =
            values.indexes.iter().map(|(kind, index)| (kind.as_str(), *index)).collect();
        let found = ctx.store().find_identities(&wanted).await?;
        // The same value may be somebody else's: another source's number, or a member of today who came back.
        let n_found = found.iter().filter(|row| subject.forgotten().contains(&row.identity_id)).count() as u64;
        checks.push(Check {
            what: "index".into(),
            zh: "用本人的标识按盲索引查找（标识数）".into(),
            en: "identities of the person looked up by blind index".into(),
            n_checked: wanted.len() as u64,
            n_found,
            places: Vec::new(),
        });
    }
    let erased = Erased::new(vec![subject.clone()]);
    let mut found = Vec::new();
    let mut n_tables = 0;
    for table in ctx.lake().tables_of_people().collect::<Vec<_>>() {
        n_tables += 1;
        let n = ctx.lake().n_rows_of(table, &erased).await?;
        if n > 0 {
            found.push(format!("lake/{table}: {n}"));
        }
    }
    let profiles: Vec<i64> = subject.profiles.iter().copied().collect();
    let keys = ctx.store().keys(&profiles.iter().map(|id| ("profile".to_owned(), *id)).collect::<Vec<_>>()).await?;
    let rows = ctx.store().profiles_by_ids(&profiles).await?.len() + ctx.store().identities_of(&profiles).await?.len();
    if keys.len() + rows > 0 {
        found.push(format!("state: {}", keys.len() + rows));
    }
    checks.push(Check {
        what: "rows".into(),
        zh: "按编号在状态库、密钥库与各明细表中查找（表数）".into(),
        en: "tables of state, keys and lake looked through by id".into(),
        n_checked: n_tables + 3,
        n_found: found.len() as u64,
        places: found,
    });
    Ok(checks)
}

/// How many files were read, and in which of them something was found.
fn scan(dir: &Path, forms: &[Vec<u8>]) -> Result<(u64, Vec<String>)> {
    let finders: Vec<Finder<'_>> = forms.iter().map(Finder::new).collect();
    let overlap = forms.iter().map(Vec::len).max().unwrap_or(1);
    let mut places = Vec::new();
    let mut n_files = 0;
    for path in files(dir)? {
        let Ok(mut file) = std::fs::File::open(&path) else { continue };
        n_files += 1;
        let mut buffer = vec![0; CHUNK];
        let mut kept = 0;
        loop {
            let n = match file.read(&mut buffer[kept..]) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::io("read", &path, error)),
            };
            let filled = &buffer[..kept + n];
            if finders.iter().any(|finder| finder.find(filled).is_some()) {
                places.push(path.strip_prefix(dir).unwrap_or(&path).display().to_string());
                break;
            }
            let end = kept + n;
            kept = overlap.min(end);
            buffer.copy_within(end - kept..end, 0);
        }
    }
    Ok((n_files, places))
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io("list", &folder, error)),
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { all.push(path) }
        }
    }
    Ok(all)
}

/// Removes copies that come and go: files to be loaded, files that were handed out, what queries left behind.
pub(super) fn sweep(dir: &Path) -> Result<()> {
    crate::retention::sweep(dir)?;
    for (folder, age_s) in [("uploads", 0), ("exports", 0), ("spill", SPILL_S)] {
        for path in files(&dir.join(folder))? {
            let changed = path.metadata().and_then(|meta| meta.modified());
            let is_old = changed.map_or(true, |at| at.elapsed().is_ok_and(|age| age.as_secs() >= age_s));
            if !is_old {
                continue;
            }
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io("remove", &path, error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_value_is_found_in_every_form_and_across_chunks() {
        let dir = tempfile::tempdir().unwrap();
        let forms = forms_of("13957264831");
        for (n, form) in forms.iter().enumerate() {
            let mut bytes = vec![7; CHUNK + 1_000];
            let at = CHUNK - form.len() / 2;
            bytes[at..at + form.len()].copy_from_slice(form);
            std::fs::write(dir.path().join(n.to_string()), bytes).unwrap();
        }
        let (n_files, places) = scan(dir.path(), &forms).unwrap();
        assert_eq!((n_files as usize, places.len()), (forms.len(), forms.len()));
        let others = forms_of("13957264832");
        assert_eq!(scan(dir.path(), &others[..1]).unwrap().1, Vec::<String>::new());
        assert!(forms_of("M1").is_empty());
    }
}

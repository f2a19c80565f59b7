//! Sealing of backups: whole files, each under a key of its own that follows from its content and the vault.
//!
//! A file's id is its keyed BLAKE3 hash (32 bytes), so the same content has one id, and nobody without the keys can tell
//! whether a likely content is among them. Its key is derived from the index root and the id, and seals this content
//! only; a sealed file is a stream as in [`crate::sealed_file`]. A list of files has no id before it is complete, so it
//! is named by 16 random bytes and its key is derived from them.
//!
//! Everything hangs from the index root, which survives rotations and is never part of a backup: a backup without the
//! keys is noise, and authentic when it opens, since nobody else could have sealed it.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::gcm::{Aes256Gcm, KeyInit};
use crate::sealed_file::{SealedReader, SealedWriter, StreamKey};
use crate::{index, random};

/// The id of a file's content.
pub type ContentId = [u8; 32];

/// What a list of files is named by.
pub type ListId = [u8; 16];

/// Seals and opens the files of backups; cheap to clone.
#[derive(Clone)]
pub struct BackupKeys {
    content: Zeroizing<[u8; 32]>,
    files: Zeroizing<[u8; 32]>,
    lists: Zeroizing<[u8; 32]>,
}

impl BackupKeys {
    pub(crate) fn new(root: &[u8; 32]) -> Self {
        let key = |name| index::derive(root, "zhike vault 1 backup", name);
        Self { content: key("content"), files: key("files"), lists: key("lists") }
    }

    /// The id of content that is read to its end, and its length.
    ///
    /// Errors: those of the reader.
    pub fn id_of(&self, mut content: impl Read) -> io::Result<(ContentId, u64)> {
        let mut hasher = blake3::Hasher::new_keyed(&self.content);
        let n_bytes = io::copy(&mut content, &mut hasher)?;
        Ok((*hasher.finalize().as_bytes(), n_bytes))
    }

    /// Begins to seal content whose id is known.
    ///
    /// Errors: those of the writer.
    pub fn seal<W: Write>(&self, id: &ContentId, into: W) -> io::Result<SealedWriter<W>> {
        SealedWriter::under(into, cipher(&self.files, id))
    }

    /// Begins to read what [`BackupKeys::seal`] wrote; [`BackupKeys::id_of`] what comes out is the id.
    ///
    /// Errors: kind `InvalidData` when it was not sealed by this vault; those of the reader.
    pub fn open<R: Read>(&self, id: &ContentId, n_bytes: u64, from: R) -> io::Result<SealedReader<R>> {
        SealedReader::new(from, &StreamKey::new(cipher(&self.files, id), n_bytes))
    }

    /// Seals a list whole, under an id that is drawn for it.
    ///
    /// Errors: as [`BackupKeys::seal`].
    pub fn seal_list(&self, list: &[u8]) -> io::Result<(ListId, Vec<u8>)> {
        let mut id = ListId::default();
        random::fill(&mut id);
        let mut writer = SealedWriter::under(Vec::new(), cipher(&self.lists, &id))?;
        writer.write_all(list)?;
        let (sealed, _) = writer.finish()?;
        Ok((id, sealed))
    }

    /// Opens a list.
    ///
    /// Errors: kind `InvalidData` when it was not sealed by this vault under this id, or is damaged.
    pub fn open_list(&self, id: &ListId, sealed: &[u8]) -> io::Result<Vec<u8>> {
        let n_bytes = StreamKey::n_content(sealed.len() as u64);
        let mut list = Vec::new();
        SealedReader::new(sealed, &StreamKey::new(cipher(&self.lists, id), n_bytes))?.read_to_end(&mut list)?;
        Ok(list)
    }
}

impl fmt::Debug for BackupKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BackupKeys")
    }
}

/// The cipher of one id.
fn cipher(root: &[u8; 32], id: &[u8]) -> Arc<Aes256Gcm> {
    let key = Zeroizing::new(*blake3::keyed_hash(root, id).as_bytes());
    Arc::new(Aes256Gcm::new((&*key).into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sealed_file::CHUNK_BYTES;

    fn sealed(keys: &BackupKeys, content: &[u8]) -> (ContentId, Vec<u8>) {
        let (id, n_bytes) = keys.id_of(content).unwrap();
        assert_eq!(n_bytes, content.len() as u64);
        let mut writer = keys.seal(&id, Vec::new()).unwrap();
        writer.write_all(content).unwrap();
        (id, writer.finish().unwrap().0)
    }

    fn opened(keys: &BackupKeys, id: &ContentId, n_bytes: u64, sealed: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        keys.open(id, n_bytes, sealed)?.read_to_end(&mut content)?;
        Ok(content)
    }

    /// Backups of earlier programs are read by later ones (RFD 0002).
    #[test]
    fn version_1_is_read() {
        let keys = BackupKeys::new(&[1; 32]);
        let (id, stored) = sealed(&keys, b"zhike");
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(&id), "f278dccdee6dbe8d1f9f748b39278977358d720a404c698666f736765727c7e3");
        assert_eq!(hex(&stored), "5a484b53010200000049b5b52c0eda758c2a41aba0ca5b1241d05ec9b2");
        let list = SealedWriter::under(Vec::new(), cipher(&keys.lists, &[7; 16])).and_then(|mut writer| {
            writer.write_all(b"zhike")?;
            writer.finish()
        });
        let (list, _) = list.unwrap();
        assert_eq!(hex(&list), "5a484b5301020000c57dc239df387defc5bb9ae75c8e9e8318c635c3ed");
        assert_eq!(keys.open_list(&[7; 16], &list).unwrap(), b"zhike");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// INV-VAULT-12
        #[test]
        fn content_comes_back_and_nothing_else_opens(
            n in prop_oneof![0..200_usize, CHUNK_BYTES - 2..CHUNK_BYTES + 2], seed in any::<u8>(), at in any::<prop::sample::Index>(),
        ) {
            let content: Vec<u8> = (0..n).map(|i| (i as u8).wrapping_mul(31) ^ seed).collect();
            let keys = BackupKeys::new(&[1; 32]);
            let (id, stored) = sealed(&keys, &content);
            prop_assert_eq!(&opened(&keys, &id, n as u64, &stored).unwrap(), &content);
            // The same content is the same file, elsewhere it is another.
            prop_assert_eq!(&sealed(&keys, &content), &(id, stored.clone()));
            let others = BackupKeys::new(&[2; 32]);
            prop_assert_ne!(sealed(&others, &content).0, id);
            prop_assert!(opened(&others, &id, n as u64, &stored).is_err());
            prop_assert!(opened(&keys, &id, n as u64 + 1, &stored).is_err());
            let mut flipped = stored.clone();
            let bit = at.index(stored.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(opened(&keys, &id, n as u64, &flipped).is_err());
        }

        /// INV-VAULT-12
        #[test]
        fn a_list_opens_under_its_own_id_only(list in prop::collection::vec(any::<u8>(), 0..300), cut in 1..40_usize) {
            let keys = BackupKeys::new(&[1; 32]);
            let (id, stored) = keys.seal_list(&list).unwrap();
            prop_assert_eq!(&keys.open_list(&id, &stored).unwrap(), &list);
            let (other, _) = keys.seal_list(&list).unwrap();
            prop_assert!(keys.open_list(&other, &stored).is_err());
            prop_assert!(keys.open_list(&id, &stored[..stored.len().saturating_sub(cut)]).is_err());
        }
    }
}

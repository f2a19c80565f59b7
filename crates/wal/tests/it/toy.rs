//! A cipher for tests: it hides nothing, but binds a record to its key, segment and position as a real one does.

use std::io;
use std::sync::Arc;

use zhike_wal::{Cipher, Sealer};

/// Seals with a fixed secret.
pub struct Toy {
    pub secret: u64,
}

/// The cipher of most tests.
pub fn toy() -> Arc<dyn Cipher> {
    Arc::new(Toy { secret: 7 })
}

struct ToySealer {
    key: u64,
    segment: u64,
}

/// splitmix64
pub fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Cipher for Toy {
    fn start(&self, segment: u64) -> io::Result<(Vec<u8>, Box<dyn Sealer>)> {
        let wrapped = mix(self.secret).to_be_bytes().to_vec();
        Ok((wrapped, Box::new(ToySealer { key: self.secret, segment })))
    }

    fn open(&self, segment: u64, wrapped: &[u8]) -> io::Result<Box<dyn Sealer>> {
        if wrapped != mix(self.secret).to_be_bytes() {
            return Err(io::Error::other("another secret"));
        }
        Ok(Box::new(ToySealer { key: self.secret, segment }))
    }
}

impl ToySealer {
    fn stream(&self, position: u64, bytes: &mut [u8]) -> [u8; 8] {
        let seed = mix(self.key ^ mix(self.segment) ^ mix(position).rotate_left(17));
        let mut tag = seed;
        for (n, byte) in bytes.iter_mut().enumerate() {
            *byte ^= mix(seed ^ n as u64) as u8;
            tag = mix(tag ^ u64::from(*byte));
        }
        tag.to_be_bytes()
    }
}

impl Sealer for ToySealer {
    fn seal(&mut self, position: u64, plain: &[u8], out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(plain);
        let tag = self.stream(position, &mut out[at..]);
        out.extend_from_slice(&tag);
    }

    fn open(&self, position: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        let (bytes, found) = sealed.split_last_chunk::<8>()?;
        let seed = mix(self.key ^ mix(self.segment) ^ mix(position).rotate_left(17));
        let tag = bytes.iter().fold(seed, |tag, &byte| mix(tag ^ u64::from(byte)));
        let mut plain = bytes.to_vec();
        self.stream(position, &mut plain);
        (tag.to_be_bytes() == *found).then_some(plain)
    }
}

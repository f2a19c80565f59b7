//! Identifiers: 63-bit numbers inside, text with a prefix outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Crockford's base 32: no letters that look like digits.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 13 digits of 5 bits hold 65 bits.
const N_DIGITS: usize = 13;

/// Text that is not an id of the kind expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}…: {text:?}")]
pub struct ParseIdError {
    prefix: &'static str,
    text: String,
}

fn encode(prefix: &str, mut value: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut digits = [0_u8; N_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    f.write_str(prefix)?;
    f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
}

fn decode(prefix: &'static str, text: &str) -> Result<i64, ParseIdError> {
    let error = || ParseIdError { prefix, text: text.chars().take(40).collect() };
    let digits = text.strip_prefix(prefix).ok_or_else(error)?.as_bytes();
    if digits.len() != N_DIGITS {
        return Err(error());
    }
    let mut value = 0_u128;
    for byte in digits {
        let digit = ALPHABET.iter().position(|letter| letter == byte).ok_or_else(error)?;
        value = value << 5 | digit as u128;
    }
    i64::try_from(value).map_err(|_| error())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// What stands before the digits in text.
            pub const PREFIX: &'static str = $prefix;

            /// The id of a number from the store, or of random bits; the sign bit is dropped.
            pub const fn new(value: i64) -> Self {
                Self(value & i64::MAX)
            }

            /// The number.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                encode($prefix, self.0 as u64, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                decode($prefix, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(
    /// A resolved person or company; random, says nothing about them.
    ProfileId, "prf_"
);
id!(
    /// A (kind, value) pair by which a person was seen; random.
    IdentityId, "idn_"
);
id!(
    /// A link between two identities.
    EdgeId, "edg_"
);
id!(
    /// A decision about who is who; random.
    ActId, "act_"
);
id!(
    /// A code to be scanned; random.
    BindingId, "bnd_"
);
id!(
    /// One load of one file.
    BatchId, "bat_"
);
id!(
    /// A segment.
    SegmentId, "seg_"
);
id!(
    /// A view of a page that somebody kept; random.
    ViewId, "viw_"
);
id!(
    /// A target; random.
    TargetId, "tgt_"
);
id!(
    /// What a person asked for; random.
    RequestId, "req_"
);
id!(
    /// Something that waits for a second person; random.
    ApprovalId, "apr_"
);
id!(
    /// An incident; random.
    IncidentId, "inc_"
);

id!(
    /// An alert; random.
    AlertId, "alr_"
);
id!(
    /// The erasure of one person; random.
    ErasureId, "ers_"
);
id!(
    /// Somebody who signs in; random.
    UserId, "usr_"
);
id!(
    /// A key of the API; random, says nothing about the secret.
    ApiKeyId, "key_"
);
id!(
    /// An impact assessment with all its versions; random.
    AssessmentId, "pia_"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_number_are_the_same_id() {
        for value in [0, 1, 31, 32, 1 << 40, i64::MAX] {
            let id = ProfileId::new(value);
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        assert_eq!(ProfileId::new(1).to_string(), "prf_0000000000001");
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "prf_", "prf_000000000000l", "idn_0000000000001", "prf_zzzzzzzzzzzzz", "prf_00000000000011"] {
            assert!(text.parse::<ProfileId>().is_err(), "{text}");
        }
    }
}

//! Why two identities are linked, or not.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::import::entity::IdentityKind;

/// Why a link was made or refused; its code stands in `identity_edges.reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Both were seen in one row, and nobody else was seen with the weaker one.
    SameRow,
    /// A code made for one of them was scanned by the other.
    QrBind,
    /// Somebody decided that both are one person.
    ByHand,
    /// Refused: somebody decided that those whom it would join are different people.
    KeptApart,
    /// What is known of both agrees so far that they are one person in all likelihood.
    Likely,
    /// Both were seen in one row, and the weaker one, of this kind, was also seen with others whom it thereby joins.
    Shared(IdentityKind),
    /// Refused: an end of this kind was seen with too many.
    SetAside(IdentityKind),
    /// Refused: one person would have two identities of this kind from one source.
    Conflict(IdentityKind),
}

macro_rules! reasons {
    ($( $kind:ident $name:literal $zh:literal $en:literal; )*) => {
        impl Reason {
            /// Stable code.
            pub const fn code(self) -> &'static str {
                match self {
                    Self::SameRow => "same_row",
                    Self::QrBind => "qr_bind",
                    Self::ByHand => "by_hand",
                    Self::KeptApart => "kept_apart",
                    Self::Likely => "likely",
                    $(
                        Self::Shared(IdentityKind::$kind) => concat!("shared_", $name),
                        Self::SetAside(IdentityKind::$kind) => concat!("set_aside_", $name),
                        Self::Conflict(IdentityKind::$kind) => concat!("conflict_", $name),
                    )*
                }
            }

            /// What it means, in Chinese.
            pub const fn help_zh(self) -> &'static str {
                match self {
                    Self::SameRow => "出现在同一行记录里",
                    Self::QrBind => "扫码绑定",
                    Self::ByHand => "人工判定为同一位客户",
                    Self::KeptApart => "人工判定为不同的客户，未合并",
                    Self::Likely => "没有共同的标识，但姓名、生日、住址等资料高度吻合",
                    $(
                        Self::Shared(IdentityKind::$kind) => concat!("共用同一个", $zh),
                        Self::SetAside(IdentityKind::$kind) => {
                            concat!("这个", $zh, "与过多客户一起出现，已搁置，不再用来识别客户")
                        }
                        Self::Conflict(IdentityKind::$kind) => {
                            concat!("合并后一位客户会有同一来源的两个", $zh, "，未合并")
                        }
                    )*
                }
            }

            /// What it means, in English.
            pub const fn help_en(self) -> &'static str {
                match self {
                    Self::SameRow => "seen together in one row",
                    Self::QrBind => "bound by scanning a code",
                    Self::ByHand => "decided by hand to be one person",
                    Self::KeptApart => "not merged: decided by hand to be different people",
                    Self::Likely => "share no id, but name, birthday, address and the like agree",
                    $(
                        Self::Shared(IdentityKind::$kind) => concat!("share one ", $en),
                        Self::SetAside(IdentityKind::$kind) => {
                            concat!("this ", $en, " was seen with too many people and is set aside: it identifies nobody")
                        }
                        Self::Conflict(IdentityKind::$kind) => {
                            concat!("not merged: one person would have two of one source's values of ", $en)
                        }
                    )*
                }
            }
        }
    };
}

reasons! {
    MemberId "member_id" "会员号" "member number";
    IdNumber "id_number" "证件号" "ID number";
    Unionid "unionid" "unionid" "unionid";
    Openid "openid" "openid" "openid";
    ExternalId "external_id" "外部账号" "external id";
    Phone "phone" "手机号" "phone";
    Email "email" "邮箱" "e-mail address";
    CardNo "card_no" "会员卡号" "card number";
    DeviceId "device_id" "设备" "device";
    AnonymousId "anonymous_id" "匿名访客号" "visitor id";
}

impl Reason {
    /// Whether it says why a link was not made.
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::KeptApart | Self::SetAside(_) | Self::Conflict(_))
    }

    /// Whether a stored link counts when people are resolved afresh: one that stands, or that was refused and may be
    /// accepted now. What was decided by hand and what is likely are told by the decision and the match.
    pub fn counts(reason: Option<Self>, is_undone: bool) -> bool {
        match reason {
            Some(Self::ByHand | Self::Likely) => false,
            reason => !is_undone || reason.is_some_and(Self::is_refusal),
        }
    }

    /// The reason of a code.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "same_row" => return Some(Self::SameRow),
            "qr_bind" => return Some(Self::QrBind),
            "by_hand" => return Some(Self::ByHand),
            "kept_apart" => return Some(Self::KeptApart),
            "likely" => return Some(Self::Likely),
            _ => {}
        }
        let of = |prefix: &str| code.strip_prefix(prefix).and_then(IdentityKind::parse);
        of("shared_")
            .map(Self::Shared)
            .or_else(|| of("set_aside_").map(Self::SetAside))
            .or_else(|| of("conflict_").map(Self::Conflict))
    }
}

/// How much a link says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Lent, shared, or a machine's.
    Weak,
    /// Somebody's, and sometimes a family's.
    Medium,
    /// One person's.
    Strong,
    /// Somebody looked at both.
    Decided,
}

impl Evidence {
    /// What a link between identities of two kinds says; that of the weaker one.
    pub fn of(reason: Option<Reason>, left: Option<IdentityKind>, right: Option<IdentityKind>) -> Self {
        let of_kind = |kind: Option<IdentityKind>| match kind {
            Some(
                IdentityKind::MemberId
                | IdentityKind::IdNumber
                | IdentityKind::Unionid
                | IdentityKind::Openid
                | IdentityKind::ExternalId,
            ) => Self::Strong,
            Some(IdentityKind::Phone | IdentityKind::Email) => Self::Medium,
            _ => Self::Weak,
        };
        match reason {
            Some(Reason::ByHand | Reason::KeptApart) => Self::Decided,
            Some(Reason::Likely) => Self::Medium,
            Some(Reason::Shared(_)) => of_kind(left).min(of_kind(right)).min(Self::Medium),
            _ => of_kind(left).min(of_kind(right)),
        }
    }

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Medium => "medium",
            Self::Strong => "strong",
            Self::Decided => "decided",
        }
    }

    /// In Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Weak => "弱",
            Self::Medium => "中",
            Self::Strong => "强",
            Self::Decided => "人工判定",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| serde::de::Error::custom(format_args!("unknown reason {code:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back() {
        let kinds = IdentityKind::ALL.iter().flat_map(|&kind| {
            [Reason::Shared(kind), Reason::SetAside(kind), Reason::Conflict(kind)].map(|reason| (kind, reason))
        });
        for (kind, reason) in kinds {
            assert_eq!(Reason::parse(reason.code()), Some(reason));
            assert!(reason.code().ends_with(kind.as_str()));
        }
        let json = serde_json::to_string(&Reason::SameRow).unwrap();
        assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), Reason::SameRow);
        for reason in [Reason::QrBind, Reason::ByHand, Reason::KeptApart, Reason::Likely] {
            assert_eq!(Reason::parse(reason.code()), Some(reason));
        }
        assert_eq!(Reason::parse("shared_nothing"), None);
    }
}

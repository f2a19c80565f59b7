//! What a file's rows and columns can become.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::frame::{ColumnType, MONEY, PRICE, QUANTITY};

pub use super::targets::targets;

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// People and companies.
    Profiles,
    /// Orders, one row each.
    Orders,
    /// Lines of orders that are loaded separately.
    OrderItems,
    /// One row per line of an order; yields orders, items and products in one pass.
    OrderLines,
    /// Products.
    Products,
    /// Facts of behaviour.
    Events,
    /// Service contacts.
    Interactions,
    /// Surveys and reviews.
    Feedback,
    /// Campaigns.
    Campaigns,
    /// Messages to one person.
    Touches,
}

impl Entity {
    /// All of them, in the order of the command's help.
    pub const ALL: &[Self] = &[
        Self::Profiles,
        Self::Orders,
        Self::OrderItems,
        Self::OrderLines,
        Self::Products,
        Self::Events,
        Self::Interactions,
        Self::Feedback,
        Self::Campaigns,
        Self::Touches,
    ];

    /// Name in commands, SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profiles => "profiles",
            Self::Orders => "orders",
            Self::OrderItems => "order_items",
            Self::OrderLines => "order_lines",
            Self::Products => "products",
            Self::Events => "events",
            Self::Interactions => "interactions",
            Self::Feedback => "feedback",
            Self::Campaigns => "campaigns",
            Self::Touches => "touches",
        }
    }

    /// The target that says when a row's fact happened.
    pub const fn fact_time(self) -> Option<&'static str> {
        match self {
            Self::Orders | Self::OrderItems | Self::OrderLines => Some("ordered_at"),
            Self::Events => Some("occurred_at"),
            Self::Interactions => Some("opened_at"),
            Self::Feedback | Self::Touches => Some("at"),
            Self::Profiles | Self::Products | Self::Campaigns => None,
        }
    }

    /// The column that takes what has no target of its own.
    pub const fn rest_column(self) -> &'static str {
        match self {
            Self::Events => "properties",
            _ => "traits",
        }
    }

    /// The target of a name, identities included.
    pub fn target(self, name: &str) -> Option<&'static Target> {
        targets(self).iter().find(|target| target.name == name)
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text that names no entity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown entity {0:?}; one of profiles, orders, order_items, order_lines, products, events, interactions, feedback, campaigns, touches"
)]
pub struct UnknownEntity(pub String);

impl FromStr for Entity {
    type Err = UnknownEntity;

    fn from_str(text: &str) -> Result<Self, UnknownEntity> {
        Self::ALL
            .iter()
            .copied()
            .find(|entity| entity.as_str() == text)
            .ok_or_else(|| UnknownEntity(text.chars().take(40).collect()))
    }
}

/// By what a person is recognised; in order of strength, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityKind {
    /// Member or customer number.
    MemberId,
    /// Number of an identity document.
    IdNumber,
    /// WeChat id across the apps of one company.
    Unionid,
    /// WeChat id within one app.
    Openid,
    /// Account at a platform, or id in another system.
    ExternalId,
    /// Phone.
    Phone,
    /// E-mail.
    Email,
    /// Member card.
    CardNo,
    /// Device.
    DeviceId,
    /// Visitor who is not known yet.
    AnonymousId,
}

impl IdentityKind {
    /// All of them, the strongest first.
    pub const ALL: &[Self] = &[
        Self::MemberId,
        Self::IdNumber,
        Self::Unionid,
        Self::Openid,
        Self::ExternalId,
        Self::Phone,
        Self::Email,
        Self::CardNo,
        Self::DeviceId,
        Self::AnonymousId,
    ];

    /// Name in SQL and JSON, and of the column that holds it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MemberId => "member_id",
            Self::IdNumber => "id_number",
            Self::Unionid => "unionid",
            Self::Openid => "openid",
            Self::ExternalId => "external_id",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::CardNo => "card_no",
            Self::DeviceId => "device_id",
            Self::AnonymousId => "anonymous_id",
        }
    }

    /// The kind of a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether it is a browser's or a device's rather than somebody's own: these follow whoever signs in on them.
    pub const fn is_anonymous(self) -> bool {
        matches!(self, Self::AnonymousId | Self::DeviceId)
    }

    /// Rank by which identities win over each other, 0 is the strongest.
    pub const fn strength(self) -> u8 {
        self as u8
    }

    /// Whether the value itself is personal data that only its holder's vault may keep.
    pub const fn is_personal(self) -> bool {
        matches!(self, Self::Phone | Self::Email | Self::IdNumber)
    }

    /// Whether several people often share one value (a family's phone, a shop's e-mail, a borrowed card).
    pub const fn is_shared_prone(self) -> bool {
        matches!(self, Self::Phone | Self::Email | Self::CardNo | Self::DeviceId | Self::AnonymousId)
    }
}

impl fmt::Display for IdentityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the cells of a target are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// Number or code that is text: leading zeros stay.
    Id,
    /// A word or a name of a thing.
    Text,
    /// Words of a person; personal data in them is masked.
    FreeText,
    /// Money, two places.
    Money,
    /// Price of one unit, four places.
    Price,
    /// Units, three places.
    Quantity,
    /// Whole number.
    Int,
    /// Number or score (`5星`, `满意`).
    Float,
    /// Instant.
    Instant,
    /// Calendar day.
    Day,
    /// Time of day that belongs to the instant of the same row.
    Time,
    /// State of an order.
    Status,
    /// After-sale state of an order.
    RefundState,
    /// Gender.
    Gender,
    /// Province.
    Province,
    /// City.
    City,
    /// Street address.
    Address,
    /// Name of a person or a company.
    Name,
    /// Phone.
    Phone,
    /// E-mail.
    Email,
    /// Number of an identity document.
    IdNumber,
    /// Day of birth.
    Birthday,
    /// Yes or no.
    Bool,
    /// Currency code.
    Currency,
    /// Identity of another kind than phone, e-mail and ID number.
    IdentityValue(IdentityKind),
}

impl TargetKind {
    /// Type of the column in the frame; `None` when the target only helps to read others.
    pub const fn column_type(self) -> Option<ColumnType> {
        Some(match self {
            Self::Id | Self::Text | Self::FreeText | Self::Status | Self::Gender => ColumnType::Text,
            Self::Province | Self::City | Self::Currency => ColumnType::Text,
            Self::Money => MONEY,
            Self::Price => PRICE,
            Self::Quantity => QUANTITY,
            Self::Int => ColumnType::Int,
            Self::Float => ColumnType::Float,
            Self::Instant => ColumnType::Instant,
            Self::Day => ColumnType::Day,
            Self::Bool => ColumnType::Bool,
            Self::Address | Self::Name | Self::Phone | Self::Email | Self::IdNumber | Self::Birthday => {
                ColumnType::Sensitive
            }
            Self::IdentityValue(_) => ColumnType::Sensitive,
            Self::Time | Self::RefundState => return None,
        })
    }
}

/// One target that a file's column can go to.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name, that of the frame's column.
    pub name: &'static str,
    /// How cells are read.
    pub kind: TargetKind,
    /// Whether the values are kept out of the lake.
    pub personal: bool,
    /// Whether a row without it cannot be loaded.
    pub required: bool,
    /// Short label in Chinese.
    pub title_zh: &'static str,
    /// Short label in English.
    pub title_en: &'static str,
    /// Headers that mean it, the preferred first.
    pub synonyms: &'static [&'static str],
    /// Headers that look like it and are something else.
    pub never: &'static [&'static str],
}

impl Target {
    /// The identity kind whose values the target holds.
    pub const fn identity(&self) -> Option<IdentityKind> {
        match self.kind {
            TargetKind::IdentityValue(kind) => Some(kind),
            TargetKind::Phone => Some(IdentityKind::Phone),
            TargetKind::Email => Some(IdentityKind::Email),
            TargetKind::IdNumber => Some(IdentityKind::IdNumber),
            _ => None,
        }
    }

    /// Whether the value is kept among the row's traits, under the target's name, rather than in a column of its own.
    pub fn is_trait(&self) -> bool {
        matches!(self.name, "paid_at" | "completed_at" | "merchant_amount")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for &entity in Entity::ALL {
            assert_eq!(entity.as_str().parse(), Ok(entity));
            assert_eq!(serde_json::to_value(entity).unwrap(), entity.as_str());
        }
        assert!("order".parse::<Entity>().is_err());
        for &kind in IdentityKind::ALL {
            assert_eq!(IdentityKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(IdentityKind::MemberId.strength(), 0);
    }
}

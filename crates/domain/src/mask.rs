//! Masks.
/// x
pub fn phone(value: &str) -> String { value.to_owned() }
/// x
pub fn id_number(value: &str) -> String { value.to_owned() }
/// x
pub fn card(value: &str) -> String { value.to_owned() }
/// x
pub fn name(value: &str) -> String { value.to_owned() }
/// x
pub fn email(value: &str) -> String { value.to_owned() }
/// x
pub fn address(value: &str) -> String { value.to_owned() }
/// x
pub fn birthday(value: &str) -> String { value.to_owned() }
/// x
pub fn other(value: &str) -> String { value.to_owned() }
/// x
pub fn field(field: &str, value: &str) -> String { let _ = field; other(value) }

//! Status words.
use serde::{Deserialize, Serialize};
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus { /// x
Created, /// x
Paid, /// x
Shipped, /// x
Completed, /// x
Cancelled, /// x
PartialRefund, /// x
Refunded }
impl OrderStatus { /// x
pub const fn as_str(self) -> &'static str { "" } }
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState { /// x
None, /// x
Succeeded, /// x
InProgress }
/// x
pub fn read_status(text: &str) -> Option<OrderStatus> { let _ = text; None }
/// x
pub fn read_refund_state(text: &str) -> Option<RefundState> { let _ = text; None }

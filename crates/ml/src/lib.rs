//! Numeric learning on plain slices: seeded, deterministic.
//!
//! Owns what is estimated rather than decided: which records without shared ids are one person's ([`matching`]), what customers
//! will buy and are worth ([`value`]), groups of customers ([`groups`]), the chance that something happens ([`chance`]), how long
//! until it does ([`survival`]), and what people do one after another ([`behaviour`]). Why so: RFD 0007 and 0008.
//! Of time and money: what comes next in a series ([`forecast`]), which figures are not as they should be ([`anomalies`]), which
//! channels are credited ([`attribution`]), what campaigns changed ([`lift`]), what surveys say ([`scores`]), and when to write
//! to whom ([`timing`]). Why so: RFD 0010.
//! Of goods: what is bought together and next ([`baskets`]), what a customer will want ([`recommend`]), which need that shows
//! ([`needs`]), and targets that add up ([`targets`]). Why so: RFD 0009.
//! Must not know files, databases, networks, clocks, nor where its numbers go: callers hand slices and get values.
//!
//! - **INV-ML-1**: the same input gives the same answer, bit for bit, whatever the number of threads and the order of rows.

pub mod anomalies;
pub mod attribution;
pub mod baskets;
pub mod behaviour;
pub mod chance;
mod descent;
pub mod forecast;
pub mod groups;
pub mod lift;
mod linear;
pub mod matching;
mod minimise;
pub mod needs;
mod parallel;
mod random;
pub mod recommend;
mod robust;
pub mod scores;
mod special;
pub mod survival;
pub mod targets;
pub mod timing;
pub mod value;

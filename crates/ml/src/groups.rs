//! Groups of customers who are alike: found, counted, described, recognised again, compared.
//!
//! Owns scaling ([`Scaler`]), k-means over distinct rows ([`cluster`]), the choice of the number of groups ([`choose`]), what
//! sets a group apart ([`describe`]), which group of yesterday one of today is ([`recognise`]), and what differs between any
//! two sets of people ([`compare`]). Must not know what the columns mean; names of groups come from the caller.
//!
//! **Shape**: tables are row by row in one slice ([`Points`]).
//!
//! - **INV-GROUPS-1**: groups do not depend on the order of rows, on whether equal rows are given once with a weight, or on
//!   the threads.
//! - **INV-GROUPS-2**: every row is nearest to the centre of its own group, and a centre is the mean of its rows.
//! - **INV-GROUPS-3**: a group that did not move keeps its name, whatever the order in which groups are found.

mod choose;
mod compare;
mod describe;
mod kmeans;
mod points;
mod recognise;
mod scale;

pub use choose::{Candidate, Choice, Limits, adjusted_rand, choose, silhouette};
pub use compare::{Difference, Shares, benjamini_hochberg, compare, compare_shares};
pub use describe::{Degree, Distinction, describe};
pub use kmeans::{Clustering, Options, cluster};
pub use points::{Points, Problem};
pub use recognise::{assignment, recognise};
pub use scale::{Column, Scaler, Spread};

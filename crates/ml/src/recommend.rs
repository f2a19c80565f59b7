//! Which products a customer will want, and why.
//!
//! Owns the table of who bought what ([`Table`]), six ways to learn from it ([`Method`]) with the customer's own history added
//! or not ([`Recipe`]), lists with reasons ([`Recommender`]), what is used up and due again ([`due`]), grades on what was bought
//! later ([`grade`]), and the choice by them ([`choose`]). Must not know what products are, nor stock, prices or consent.
//!
//! - **INV-RECOMMEND-1**: nothing depends on the order of purchases or on the threads.
//! - **INV-RECOMMEND-2**: nothing that was bought after the end of a table enters what is learnt from it.
//! - **INV-RECOMMEND-3**: a product that the customer has is never listed among new ones, nor before its cycle says so.
//! - **INV-RECOMMEND-4**: a method with more parts is chosen only when it is better by more than two standard errors.
//!
//! How it is done and what was rejected: RFD 0009.

mod categories;
mod choose;
mod cosine;
mod due;
mod ease;
mod factors;
mod grade;
mod invert;
mod recommender;
mod table;

pub use categories::NextCategory;
pub use choose::{Candidate, Choice, ChooseOptions, Why, choose};
pub use due::{Due, DueOptions, State, due};
pub use ease::MAX_SIDE;
pub use factors::FactorOptions;
pub use grade::{Grade, Truth, grade};
pub use recommender::{Learnt, ListOptions, Reason, Recommendation, Recommender, Repeats, Sources};
pub use table::{Owned, Table, Until};

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No purchases are left.
    Empty,
    /// More rows than 32 bits can number, more than [`MAX_SIDE`] of both customers and products for [`Method::Ease`], or too
    /// many categories.
    TooLarge,
    /// An option is out of its range.
    Invalid,
    /// The equations could not be solved.
    NotConverged,
    /// Fewer customers than needed bought in the window that was held out.
    TooFewCustomers,
}

/// What speaks for a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// How many customers have it.
    Popular,
    /// How often the customer bought it.
    Own,
    /// Chances of categories after those of the last occasion, spread over their products by buyers.
    NextCategory,
    /// Its 100 nearest products, by the cosine of their buyers.
    Cosine,
    /// All other products at once, in closed form.
    Ease {
        /// Above 0; more is more careful.
        ridge: f32,
    },
    /// Points of few dimensions for customers and products, for catalogues that are too large otherwise.
    Factors,
}

/// A method, with the customer's own history added.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// What speaks for a product.
    pub method: Method,
    /// What `ln(1 + times)` of the customer counts beside it, times weighed by age; 0 leaves it out. With [`Method::Own`],
    /// 0 counts times without their age.
    pub own: f32,
}

//! The copy that a person gets.

//! Cleaning of single cells: from what a file says to what is meant, each change under a named rule.

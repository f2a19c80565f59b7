//! Masked forms of personal values.

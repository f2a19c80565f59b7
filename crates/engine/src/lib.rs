//! Zhike's use cases.

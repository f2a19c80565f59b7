//! Zhike's keys and sealing of personal information.

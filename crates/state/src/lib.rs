//! Zhike's operational state on SQLite or PostgreSQL.

//! Zhike's lake: Delta tables, query engine, file readers.

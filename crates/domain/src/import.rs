//! From the rows of a foreign file to typed rows of an entity.

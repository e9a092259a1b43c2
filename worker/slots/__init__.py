"""Places where a document asks for a mark, and what stands in them. Arrays and values only."""

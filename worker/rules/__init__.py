"""What a type of document needs, as data: rule files, read with care, and the answer that they give."""

"""How claims are answered from whole pages: detection, roles, cleaning, comparison, assignment together."""

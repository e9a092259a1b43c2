"""How commands show values to a person: tables and sentences, on the terminal alone."""

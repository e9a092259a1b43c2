"""Training of the roles: which marks sign their page."""

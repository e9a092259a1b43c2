"""Finding marks on pages: candidates, which way up, the second-stage classifier."""

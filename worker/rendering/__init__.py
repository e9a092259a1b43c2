"""Documents to page images, in confined child processes; the only importer of PyMuPDF."""

"""Documents to keep and to print: tagged PDFs from templates and plain data."""

"""The report page: a document and its exhibits as one self-contained HTML file."""

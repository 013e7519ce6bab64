"""The report: a document to hand out, as a PDF and as a page for the browser, from documents and their verdicts."""

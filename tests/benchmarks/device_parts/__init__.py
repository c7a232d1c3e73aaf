"""Parts of a page that do well and badly."""

"""Says what a table holds: for terminal, Markdown, CSV and LaTeX."""

"""A study as a Stata do-file."""

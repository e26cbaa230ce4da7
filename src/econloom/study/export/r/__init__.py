"""A study as an R script."""

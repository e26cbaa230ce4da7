"""Checks of printed tables: each takes a table and the stated design, and gives findings."""

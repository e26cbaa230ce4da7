"""Tests of instruments and specifications, on arrays."""

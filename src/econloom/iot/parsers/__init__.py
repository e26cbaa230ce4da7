"""Readers of raw inter-country files; nothing else in ``econloom.iot`` opens a file."""

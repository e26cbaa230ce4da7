"""Printed tables against arithmetic and against our own numbers."""

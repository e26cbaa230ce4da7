"""The study language as frozen models, one module for each part of a study file."""

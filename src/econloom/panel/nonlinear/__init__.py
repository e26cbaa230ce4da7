"""Maximum likelihood on arrays: weighted least squares again and again, separation, conditional likelihood."""

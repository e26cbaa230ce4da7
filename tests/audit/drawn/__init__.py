"""Tables of real estimations on drawn data, errors planted in them, and brute force over what their print allows."""

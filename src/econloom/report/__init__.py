"""Tables as data, and the files they are printed to."""

"""Reading raw files, cleaning panels, and evaluating formulas on them."""

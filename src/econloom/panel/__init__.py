"""Panel econometrics on arrays: formulas, designs, absorbed effects, estimators, inference, fits."""

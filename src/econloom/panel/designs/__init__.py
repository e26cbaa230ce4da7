"""Questions asked with several regressions: mechanisms, heterogeneity, sensitivity, families of hypotheses."""

"""Linear estimators: functions of moments that return frozen estimates."""

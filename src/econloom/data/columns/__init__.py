"""What is done to one column of a panel: pure functions of the panel's keys and the column's values."""

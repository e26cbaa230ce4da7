"""Values that travel through the whole house: errors, panels, results, tables and their lineage."""

"""What every real body says, as tables: one file for each group of dialects, in which a reader finds the specification of each adapter."""

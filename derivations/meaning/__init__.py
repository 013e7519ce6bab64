"""From formulas to the core's sums: what each node means, entry by entry, and when it exists. Trusted."""

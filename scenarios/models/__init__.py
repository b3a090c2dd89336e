"""Models that the scenarios share: one radix page table, and who looks at it."""

"""The page for one formula: `gradproof serve`, its worker processes, and the JSON interface beside it."""

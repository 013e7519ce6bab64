"""Text to claims and back: the claim language, its grammar, name resolution and printing."""

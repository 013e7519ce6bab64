"""Derivations step by step: differentials, adjoints, the tactic, its narration, and the result as a NumPy program."""

"""Formulas at concrete sizes as SymPy's own matrices of entries: a third meaning, for examples and tests."""

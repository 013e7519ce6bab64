"""Formulas, integers and conditions in the notation of a textbook, as LaTeX. Pure functions of the nodes."""

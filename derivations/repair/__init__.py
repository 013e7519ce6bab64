"""The nearest true formula of a false claim: edits, candidates that agree in numbers, and the proof of those that are
shown.
"""

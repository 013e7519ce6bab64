"""What must be right for *proved*: integer terms, index sums, the questions and the deciders. It knows no formula and
no SymPy.
"""

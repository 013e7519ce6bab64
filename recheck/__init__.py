"""A second look at written obligations: reads SMT-LIB 2 files and a manifest, and nothing of the prover.

It exists so that whoever trusts no line of the prover can still have every proof confirmed: by the solvers at hand, and
by trying all small numbers. Law: no module here imports `derivations` or `numeric`; what a file says is all that is
known. What it cannot see: whether the questions are the right ones for a claim (docs/what-a-recheck-establishes.md).
"""

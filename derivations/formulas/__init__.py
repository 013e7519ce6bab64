"""What a formula is: the closed set of nodes, integers, indices, claims and where indices count from. Nothing here
decides or shows.
"""

from derivations.formulas import text as text  # every formula can be written in the claim language

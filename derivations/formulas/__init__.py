"""What a formula is: the closed set of nodes, integers, indices, claims and where indices count from. Nothing here
decides or shows.
"""

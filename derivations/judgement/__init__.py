"""A claim to a verdict: the judge, the record of a verdict, chains and readings. Expectations are looked at here
only.
"""

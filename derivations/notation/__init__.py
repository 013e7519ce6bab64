"""Displays and code lines to claim-language text: the formula stands once, where its author wrote it.

Law: no misreading. What is read is what the author's notation says under a declared profile; what could be read in two
ways, or in none, is refused with its place. The room ends before elaboration: its product is text of the claim language
in which every piece knows where it came from. It asks for types (`types.py`), it never makes a formula or a verdict.
"""

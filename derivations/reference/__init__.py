"""What the product says about itself: the operators, one entry each, and the words of a verdict, a page each.

One source for the terminal (`gradproof operators`, `gradproof explain-word`) and for the pages of the documentation.
The entries of the operators are made from their rows; the words are Markdown files of this folder.
"""

"""Reads a layer's code into the claim language: an interpreter of its syntax tree over arrays of symbolic shape.

Law: the code is never run to be read. What the reading rests on are obligations, claims of their own for the kernel;
what cannot be read is refused with its line. `execution` compares the reading with the code, in a process apart.
"""

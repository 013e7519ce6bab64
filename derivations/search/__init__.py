"""Untrusted proposers: regions and special cases. What they hand over is proved elsewhere before anybody sees it."""

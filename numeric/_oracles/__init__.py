"""One module for each library that `numeric.oracles` can ask; each imports its library only when it is asked."""

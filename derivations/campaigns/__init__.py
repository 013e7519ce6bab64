"""Runs that outgrow a machine: claims and seeds on a Dask cluster, results as lines, the project's own runs."""

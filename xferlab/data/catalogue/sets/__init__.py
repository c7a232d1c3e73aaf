"""The data sets of the catalogue, a file for each family."""

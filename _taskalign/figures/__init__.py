"""The figures of the papers and of the theory: each computes a table, draws it and says what it shows."""

"""What the runtime costs over doing the same by hand, measured in CPU time, both in one run."""

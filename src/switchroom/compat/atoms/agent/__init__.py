"""The modules of this generation of names."""

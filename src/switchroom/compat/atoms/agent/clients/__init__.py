"""Clients of models, where the SDK has them."""

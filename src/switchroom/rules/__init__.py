"""The rules: pure functions from state to command, and from state and fact to state."""

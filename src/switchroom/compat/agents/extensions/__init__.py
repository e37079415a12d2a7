"""What that SDK keeps apart: the beginning of prompts, and filters of handoffs."""

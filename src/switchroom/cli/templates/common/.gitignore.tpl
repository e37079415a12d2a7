/.venv/
__pycache__/
.pytest_cache/

# Journals: conversations with real people.
/*.db*

# Keys.
/.env

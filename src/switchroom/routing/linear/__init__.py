"""The machinery below `LearnedRouter`: grams of texts, a linear machine over them, and what its scores are worth."""

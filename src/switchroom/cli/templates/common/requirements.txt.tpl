{{switchroom}}
pytest>=9

"""The protocol language: a subset of Python, one meaning, one intermediate form."""

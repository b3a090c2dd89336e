"""A ready reproduction script for every named race. `python -m stress.races` writes them anew."""

"""Ways to choose the next thread, one small file each. The machine knows none of them.

A strategy is a compiled function that runs a slice of a search and returns why it stopped; `BY_NAME` finds it.
"""

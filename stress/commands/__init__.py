"""One small file a command: its docstring is its help, `add_arguments` declares it, `run` does it.

Nothing here imports numba, numpy or the scenarios at the top: the parser imports all of these files.
"""

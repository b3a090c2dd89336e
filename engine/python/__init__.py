"""The python executor: protocols as plain Python functions on CPython threads. The reference meaning; a debugger can
stop in the user's file; needs no compiler."""

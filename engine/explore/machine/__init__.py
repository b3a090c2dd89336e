"""The deterministic machine: one array of 64-bit words that holds everything that changes, and an undo log.

Every file here is compiled by Numba where it is installed and runs as plain Python where it is not; both must mean the
same. The rules: values are int64 and wrap; "unsigned" is spelled out; nothing raises; every change of the state goes
through `state.put`. Three arrays are passed everywhere:

    C   the program and its tables, constant          S   the state
    U   the undo log, what the last step did, counters of `mem.count`; not part of the state
"""

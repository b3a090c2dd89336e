"""What a search keeps between two slices: counters and registers in X, its path in D."""

from __future__ import annotations

from typing import Final

X_EXECUTIONS: Final = 0
X_STEPS: Final = 1
X_DEPTH: Final = 2  # nodes in D: the choices of the present execution
X_PHASE: Final = 3
X_LAST: Final = 4  # the thread that took the last step, -1 for none
X_PREEMPTIONS: Final = 5  # of the present execution
X_BOUND: Final = 6  # preemptions allowed, -1: any number
X_CUT: Final = 7  # choices not tried because of the bound
X_LONGEST: Final = 8  # nodes allowed; longer executions are cut
X_BASE: Final = 9  # undo mark of the state after set-up
X_RANDOM: Final = 10  # state of the generator
X_WANTED: Final = 11  # executions after which the search ends
X_REDUNDANT: Final = 12  # executions equivalent to one seen before
X_BLOCKED: Final = 13  # executions given up because all that follows was seen before
X_STATES: Final = 14  # distinct states stored
X_EACH: Final = 15  # not 0: the slice ends after every execution, with ENDED where it ends without a violation
X_PEAK: Final = 16  # most events at once that were kept to be explored later
X_DIVERGED: Final = 17  # events that were not what was foreseen: the program is not deterministic
X_OWN: Final = 32  # from here on each strategy's own
X_SIZE: Final = 64

FRESH: Final = 0  # the state is new: look what can happen
BACK: Final = 1  # take back the last choice

#: A node of the path.
N_KIND: Final = 0
N_CHOSEN: Final = 1
N_LEFT: Final = 2  # threads not tried yet, as bits; or the number of values of a choice
N_MARK: Final = 3
N_LAST: Final = 4
N_PREEMPTIONS: Final = 5
N_COST: Final = 6  # preemptions that a switch to another thread costs
NODE: Final = 8

THREAD: Final = 0
VALUE: Final = 1

# why a slice ended
BUDGET: Final = 0
FOUND: Final = 1
COMPLETE: Final = 2
ENOUGH: Final = 3
FULL: Final = 4  # one of the strategy's own arrays has no room left
ENDED: Final = 5  # see X_EACH
LIMIT: Final = 6  # it has no room left and may not have more memory

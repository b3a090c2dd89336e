#!/usr/bin/env python3
"""S1-e: last-put-elsewhere:tails-lost

leak: the getter freed the head alone, the tail is lost at scenarios/s1_puts.py:94

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 4, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"alloc_order": 1, "frees_tails": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "last-put-elsewhere",
 "sites": {"14": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "17": ["put", "page_ref_sub_and_test", 0, "scenarios/models/gup.py:34"], "19": ["put", "free_page", 0, "scenarios/models/gup.py:36"], "4": ["nothing_left", "check", 0, "scenarios/s1_puts.py:94"], "5": ["free_order_one", "read_once", 0, "scenarios/s1_puts.py:75"], "6": ["free_order_one", "atomic_dec_and_test", 0, "scenarios/s1_puts.py:77"]},
 "threads": 2,
 "variant": "tails-lost",
 "violation": {"address": 0, "kind": "leak", "message": "the getter freed the head alone, the tail is lost", "other": "", "site": 4, "thread": -1, "where": "scenarios/s1_puts.py:94"},
 "turns": [
  [1,14], [0,5], [0,6], [1,17], [1,19]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

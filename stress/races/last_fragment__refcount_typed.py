#!/usr/bin/env python3
"""S6-b: last-fragment:refcount-typed

bad-page: free_page of page 1: its _mapcount or page_type is 0xfffffbff, not 0xffffffff at
scenarios/models/gup.py:36

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
 "params": {"frag_counter": 52, "install": 0, "last_free": 0, "typed": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "last-fragment",
 "sites": {"27": ["put_fragments", "atomic_sub_and_test", 0, "scenarios/models/fragment.py:155"], "36": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "39": ["put", "page_ref_sub_and_test", 0, "scenarios/models/gup.py:34"], "41": ["put", "free_page", 0, "scenarios/models/gup.py:36"], "7": ["free_last", "read_once", 0, "scenarios/s6_powerpc.py:98"]},
 "threads": 2,
 "variant": "refcount-typed",
 "violation": {"address": 53792, "kind": "bad-page", "message": "free_page of page 1: its _mapcount or page_type is 0xfffffbff, not 0xffffffff", "other": "", "site": 41, "thread": 1, "where": "scenarios/models/gup.py:36"},
 "turns": [
  [1,36], [0,7], [0,27], [1,39], [1,41]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

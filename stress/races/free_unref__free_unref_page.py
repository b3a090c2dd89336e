#!/usr/bin/env python3
"""S6-c: free-unref:free-unref-page

bad-page: free_page of page 1: its _refcount is 0xffffffff, not 0 at scenarios/models/gup.py:36

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 2, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 4, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"frag_counter": 32, "install": 0, "last_free": 1, "typed": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "free-unref",
 "sites": {"1": ["free_and_reuse", "alloc_page", 0, "scenarios/s6_powerpc.py:136"], "11": ["free_last", "read_once", 0, "scenarios/s6_powerpc.py:98"], "12": ["put", "page_ref_sub_and_test", 0, "scenarios/models/gup.py:34"], "14": ["put", "free_page", 0, "scenarios/models/gup.py:36"], "2": ["free_and_reuse", "write_once", 0, "scenarios/s6_powerpc.py:137"], "25": ["put_fragments", "atomic_read", 0, "scenarios/models/fragment.py:153"], "27": ["put_fragments", "atomic_sub_and_test", 0, "scenarios/models/fragment.py:155"], "3": ["free_and_reuse", "read_once", 0, "scenarios/s6_powerpc.py:138"], "33": ["free_page_of", "atomic_set", 0, "scenarios/models/fragment.py:142"], "34": ["free_page_of", "free_page", 1, "scenarios/models/fragment.py:143"], "37": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "40": ["destruct", "atomic64_inc", 0, "scenarios/models/fragment.py:78"]},
 "threads": 2,
 "variant": "free-unref-page",
 "violation": {"address": 53792, "kind": "bad-page", "message": "free_page of page 1: its _refcount is 0xffffffff, not 0", "other": "", "site": 14, "thread": 0, "where": "scenarios/models/gup.py:36"},
 "turns": [
  [1,37], [0,11], [0,25], [0,27], [0,40], [0,33], [0,34], [0,1], [0,2], [0,3], [0,12], [1,12], [0,14]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

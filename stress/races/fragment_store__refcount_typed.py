#!/usr/bin/env python3
"""S6-a: fragment-store:refcount-typed

bad-page: free_page of page 1: its _mapcount or page_type is 0xfffffbff, not 0xffffffff at
scenarios/models/gup.py:36

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
 "params": {"frag_counter": 52, "install": 0, "last_free": 0, "typed": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "fragment-store",
 "sites": {"12": ["exit_mm", "read_once", 0, "scenarios/models/fragment.py:169"], "16": ["take_next", "write_once", 0, "scenarios/models/fragment.py:100"], "17": ["new_page", "alloc_page", 0, "scenarios/models/fragment.py:86"], "19": ["install", "spin_lock", 0, "scenarios/models/fragment.py:123"], "20": ["install", "read_once", 0, "scenarios/models/fragment.py:124"], "22": ["install", "atomic_set", 0, "scenarios/models/fragment.py:128"], "23": ["install", "spin_unlock", 0, "scenarios/models/fragment.py:130"], "26": ["put_fragments", "atomic_sub_and_test", 0, "scenarios/models/fragment.py:155"], "27": ["construct", "atomic64_inc", 0, "scenarios/models/fragment.py:70"], "28": ["construct", "write_once32", 0, "scenarios/models/fragment.py:72"], "35": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "38": ["put", "page_ref_sub_and_test", 0, "scenarios/models/gup.py:34"], "40": ["put", "free_page", 0, "scenarios/models/gup.py:36"], "5": ["grow", "write_once", 0, "scenarios/s6_powerpc.py:51"], "6": ["grow", "write_once", 1, "scenarios/s6_powerpc.py:54"], "7": ["alloc_fragment", "spin_lock", 0, "scenarios/models/fragment.py:106"], "8": ["alloc_fragment", "read_once", 0, "scenarios/models/fragment.py:107"], "9": ["alloc_fragment", "spin_unlock", 0, "scenarios/models/fragment.py:110"]},
 "threads": 2,
 "variant": "refcount-typed",
 "violation": {"address": 53792, "kind": "bad-page", "message": "free_page of page 1: its _mapcount or page_type is 0xfffffbff, not 0xffffffff", "other": "", "site": 40, "thread": 1, "where": "scenarios/models/gup.py:36"},
 "turns": [
  [0,7], [0,8], [0,9], [0,17], [0,27], [0,28], [0,19], [0,20], [1,35], [0,22], [0,16], [0,23], [0,7], [0,8], [0,16],
  [0,9], [0,5], [0,26], [0,12], [0,6], [1,38], [1,40]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

#!/usr/bin/env python3
"""S8-c: gup-unmap:mapcount

use-after-free: atomic_sub_and_test of page 1 refcount: page 1 was freed by CPU0 unmap at
scenarios/s8_cow.py:132 at scenarios/models/cow.py:77

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 6, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"reuse": 0, "unshare": 0, "unused_at": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "gup-unmap",
 "sites": {"0": ["unmap_last", "spin_lock", 0, "scenarios/s8_cow.py:127"], "1": ["unmap_last", "xchg", 0, "scenarios/s8_cow.py:128"], "12": ["mappings", "atomic_read", 0, "scenarios/models/folio.py:13"], "17": ["pin", "spin_lock", 0, "scenarios/models/cow.py:191"], "18": ["pin", "read_once", 0, "scenarios/models/cow.py:192"], "2": ["unmap_last", "atomic_dec", 0, "scenarios/s8_cow.py:129"], "23": ["pin", "spin_unlock", 0, "scenarios/models/cow.py:202"], "24": ["drop", "atomic_sub_and_test", 0, "scenarios/models/cow.py:77"], "3": ["unmap_last", "atomic_set", 0, "scenarios/s8_cow.py:131"], "35": ["take_pin", "atomic_add", 0, "scenarios/models/cow.py:184"], "4": ["unmap_last", "free_page", 0, "scenarios/s8_cow.py:132"], "5": ["unmap_last", "spin_unlock", 0, "scenarios/s8_cow.py:133"], "6": ["dma_data", "read_once", 0, "scenarios/s8_cow.py:143"]},
 "threads": 2,
 "variant": "mapcount",
 "violation": {"address": 53556, "kind": "use-after-free", "message": "atomic_sub_and_test of page 1 refcount: page 1 was freed by CPU0 unmap at scenarios/s8_cow.py:132", "other": "scenarios/s8_cow.py:132", "site": 24, "thread": 1, "where": "scenarios/models/cow.py:77"},
 "turns": [
  [1,17], [1,18], [1,35], [1,23], [1,6], [0,0], [0,1], [0,2], [0,12], [0,3], [0,4], [0,5], [1,24]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

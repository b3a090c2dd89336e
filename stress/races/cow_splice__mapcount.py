#!/usr/bin/env python3
"""S8-a: cow-splice:mapcount

check: the child's pipe holds what the parent wrote after the fork at scenarios/s8_cow.py:65

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
 "params": {"reuse": 0, "unshare": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "cow-splice",
 "sites": {"0": ["splice_and_unmap", "read_once", 0, "scenarios/s8_cow.py:65"], "1": ["splice_and_unmap", "check", 0, "scenarios/s8_cow.py:65"], "10": ["write", "read_once", 0, "scenarios/models/cow.py:148"], "12": ["write", "write_once", 1, "scenarios/models/cow.py:154"], "13": ["write", "write_once", 2, "scenarios/models/cow.py:155"], "16": ["write", "spin_unlock", 0, "scenarios/models/cow.py:160"], "17": ["pin", "spin_lock", 0, "scenarios/models/cow.py:191"], "18": ["pin", "read_once", 0, "scenarios/models/cow.py:192"], "23": ["pin", "spin_unlock", 0, "scenarios/models/cow.py:202"], "24": ["unmap", "spin_lock", 0, "scenarios/models/cow.py:85"], "25": ["unmap", "xchg", 0, "scenarios/models/cow.py:86"], "26": ["unmap", "atomic_dec", 0, "scenarios/models/cow.py:88"], "27": ["unmap", "spin_unlock", 0, "scenarios/models/cow.py:89"], "28": ["drop", "atomic_sub_and_test", 0, "scenarios/models/cow.py:77"], "50": ["take_pin", "atomic_add", 0, "scenarios/models/cow.py:184"], "52": ["mappings", "atomic_read", 0, "scenarios/models/folio.py:13"], "9": ["write", "spin_lock", 0, "scenarios/models/cow.py:147"]},
 "threads": 2,
 "variant": "mapcount",
 "violation": {"address": 0, "kind": "check", "message": "the child\u0027s pipe holds what the parent wrote after the fork", "other": "", "site": 1, "thread": 1, "where": "scenarios/s8_cow.py:65"},
 "turns": [
  [1,17], [1,18], [1,50], [1,23], [1,24], [1,25], [1,26], [1,27], [1,28], [0,9], [0,10], [0,52], [0,12], [0,13],
  [0,16], [1,0]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

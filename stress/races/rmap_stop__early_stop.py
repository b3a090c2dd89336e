#!/usr/bin/env python3
"""S8-j: rmap-stop:early-stop

stale-translation: a page that was migrated is still mapped at scenarios/s8_rmap.py:173

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
 "params": {"reuse": 0, "verified": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "rmap-stop",
 "sites": {"10": ["migrate", "read_once", 0, "scenarios/s8_rmap.py:157"], "11": ["migrate", "write_once", 0, "scenarios/s8_rmap.py:164"], "13": ["fork_third", "spin_lock", 0, "scenarios/s8_rmap.py:135"], "14": ["fork_third", "read_once", 0, "scenarios/s8_rmap.py:136"], "15": ["fork_third", "read_once", 1, "scenarios/s8_rmap.py:136"], "16": ["fork_third", "spin_unlock", 0, "scenarios/s8_rmap.py:138"], "21": ["mappings", "atomic_read", 0, "scenarios/models/folio.py:13"], "22": ["visit", "spin_lock", 0, "scenarios/s8_rmap.py:145"], "23": ["visit", "read_once", 0, "scenarios/s8_rmap.py:146"], "24": ["visit", "write_once", 0, "scenarios/s8_rmap.py:147"], "25": ["visit", "atomic_dec", 0, "scenarios/s8_rmap.py:148"], "26": ["visit", "spin_unlock", 0, "scenarios/s8_rmap.py:150"], "27": ["share", "read_once", 0, "scenarios/models/cow.py:97"], "28": ["share", "write_once", 0, "scenarios/models/cow.py:98"], "29": ["share", "atomic64_and", 0, "scenarios/models/cow.py:99"], "30": ["share", "atomic_inc", 0, "scenarios/models/cow.py:100"], "31": ["share", "atomic_inc", 1, "scenarios/models/cow.py:101"], "32": ["share", "write_once", 1, "scenarios/models/cow.py:102"], "9": ["all_found", "check", 0, "scenarios/s8_rmap.py:173"]},
 "threads": 2,
 "variant": "early-stop",
 "violation": {"address": 0, "kind": "stale-translation", "message": "a page that was migrated is still mapped", "other": "", "site": 9, "thread": -1, "where": "scenarios/s8_rmap.py:173"},
 "turns": [
  [0,10], [0,21], [0,22], [1,13], [1,14], [1,15], [1,27], [1,28], [1,29], [1,30], [1,31], [1,32], [1,16], [0,23],
  [0,24], [0,25], [0,26], [0,22], [0,23], [0,24], [0,25], [0,26], [0,11]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

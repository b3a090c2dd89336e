#!/usr/bin/env python3
"""S8-e: unshare-exit:v1

lost-mapping: the process maps another page than the one it has pinned at scenarios/models/cow.py:210

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 2, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], [], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 6, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"recheck": 0, "reuse": 0, "unshare": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "unshare-exit",
 "sites": {"0": ["unshare_pin", "spin_lock", 0, "scenarios/s8_cow.py:237"], "1": ["unshare_pin", "read_once", 0, "scenarios/s8_cow.py:238"], "14": ["mappings", "atomic_read", 0, "scenarios/models/folio.py:13"], "15": ["unshare", "read_once", 0, "scenarios/s8_cow.py:255"], "16": ["unshare", "spin_lock", 0, "scenarios/s8_cow.py:256"], "17": ["unshare", "read_once", 1, "scenarios/s8_cow.py:257"], "18": ["unshare", "xchg", 0, "scenarios/s8_cow.py:258"], "19": ["unshare", "atomic_dec", 0, "scenarios/s8_cow.py:259"], "2": ["unshare_pin", "atomic_inc", 0, "scenarios/s8_cow.py:240"], "20": ["unshare", "spin_unlock", 0, "scenarios/s8_cow.py:260"], "24": ["drop", "atomic_sub_and_test", 0, "scenarios/models/cow.py:77"], "27": ["take_pin", "atomic_add", 0, "scenarios/models/cow.py:184"], "29": ["check_coherent", "read_once", 0, "scenarios/models/cow.py:209"], "3": ["unshare_pin", "spin_unlock", 0, "scenarios/s8_cow.py:241"], "30": ["check_coherent", "check", 0, "scenarios/models/cow.py:210"], "31": ["unmap", "spin_lock", 0, "scenarios/models/cow.py:85"], "32": ["unmap", "xchg", 0, "scenarios/models/cow.py:86"], "33": ["unmap", "atomic_dec", 0, "scenarios/models/cow.py:88"], "34": ["unmap", "spin_unlock", 0, "scenarios/models/cow.py:89"], "4": ["unshare_pin", "spin_lock", 1, "scenarios/s8_cow.py:244"], "42": ["new_page", "alloc_page", 0, "scenarios/models/cow.py:68"], "43": ["new_page", "write_once", 0, "scenarios/models/cow.py:69"], "44": ["new_page", "atomic_set", 0, "scenarios/models/cow.py:70"], "5": ["unshare_pin", "read_once", 1, "scenarios/s8_cow.py:245"], "6": ["unshare_pin", "spin_unlock", 1, "scenarios/s8_cow.py:247"]},
 "threads": 3,
 "variant": "v1",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "the process maps another page than the one it has pinned", "other": "", "site": 30, "thread": 1, "where": "scenarios/models/cow.py:210"},
 "turns": [
  [0,0], [0,1], [0,14], [0,2], [0,3], [0,15], [0,42], [0,43], [0,44], [2,31], [2,32], [2,33], [2,34], [2,24], [1,0],
  [1,1], [1,14], [1,27], [1,6], [0,16], [0,17], [0,18], [0,19], [0,20], [0,24], [0,24], [0,4], [0,5], [0,27], [0,6],
  [0,29], [0,24], [1,29]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

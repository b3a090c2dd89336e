#!/usr/bin/env python3
"""S8-f: gup-fork:no-sequence

lost-mapping: the process maps another page than the one it has pinned at scenarios/models/cow.py:210

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 2, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 6, "levels": 1},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"reuse": 1, "write_protect_seq": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "gup-fork",
 "sites": {"15": ["copy_page_range", "spin_unlock", 0, "scenarios/s8_gup.py:110"], "17": ["write", "spin_lock", 0, "scenarios/models/cow.py:147"], "18": ["write", "read_once", 0, "scenarios/models/cow.py:148"], "24": ["write", "spin_unlock", 0, "scenarios/models/cow.py:160"], "25": ["pin_fast", "write_once", 0, "scenarios/s8_gup.py:65"], "30": ["check_coherent", "read_once", 0, "scenarios/models/cow.py:209"], "31": ["check_coherent", "check", 0, "scenarios/models/cow.py:210"], "32": ["drop", "atomic_sub_and_test", 0, "scenarios/models/cow.py:77"], "35": ["new_page", "alloc_page", 0, "scenarios/models/cow.py:68"], "36": ["new_page", "write_once", 0, "scenarios/models/cow.py:69"], "37": ["new_page", "atomic_set", 0, "scenarios/models/cow.py:70"], "38": ["share", "read_once", 0, "scenarios/models/cow.py:97"], "39": ["share", "write_once", 0, "scenarios/models/cow.py:98"], "40": ["share", "atomic64_and", 0, "scenarios/models/cow.py:99"], "41": ["share", "atomic_inc", 0, "scenarios/models/cow.py:100"], "42": ["share", "atomic_inc", 1, "scenarios/models/cow.py:101"], "43": ["share", "write_once", 1, "scenarios/models/cow.py:102"], "45": ["may_reuse", "atomic_read", 0, "scenarios/models/cow.py:123"], "49": ["replace", "atomic64_or", 0, "scenarios/models/cow.py:137"], "50": ["replace", "xchg", 0, "scenarios/models/cow.py:138"], "51": ["replace", "atomic_dec", 0, "scenarios/models/cow.py:139"], "52": ["replace", "write_once", 0, "scenarios/models/cow.py:141"], "53": ["grab", "read_once", 0, "scenarios/s8_gup.py:49"], "54": ["grab", "page_ref_add_unless", 0, "scenarios/s8_gup.py:53"], "55": ["grab", "read_once", 1, "scenarios/s8_gup.py:55"], "7": ["copy_page_range", "spin_lock", 0, "scenarios/s8_gup.py:99"], "8": ["copy_page_range", "read_once", 1, "scenarios/s8_gup.py:100"], "9": ["copy_page_range", "read_once", 2, "scenarios/s8_gup.py:102"]},
 "threads": 2,
 "variant": "no-sequence",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "the process maps another page than the one it has pinned", "other": "", "site": 31, "thread": 1, "where": "scenarios/models/cow.py:210"},
 "turns": [
  [0,7], [0,8], [0,9], [0,38], [1,25], [1,53], [1,54], [1,55], [0,39], [0,40], [0,41], [0,42], [0,43], [0,15], [0,17],
  [0,18], [0,45], [0,35], [0,36], [0,37], [0,49], [0,50], [0,51], [0,32], [0,52], [0,24], [1,30]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

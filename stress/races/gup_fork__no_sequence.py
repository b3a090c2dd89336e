#!/usr/bin/env python3
"""S8-f: gup-fork:no-sequence

lost-mapping: the process maps another page than the one it has pinned at scenarios/models/cow.py:216

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
 "sites": {"14": ["copy_page_range", "spin_unlock", 0, "scenarios/s8_gup.py:108"], "16": ["write", "spin_lock", 0, "scenarios/models/cow.py:153"], "17": ["write", "read_once", 0, "scenarios/models/cow.py:154"], "23": ["write", "spin_unlock", 0, "scenarios/models/cow.py:166"], "24": ["pin_fast", "write_once", 0, "scenarios/s8_gup.py:65"], "29": ["check_coherent", "read_once", 0, "scenarios/models/cow.py:215"], "30": ["check_coherent", "check", 0, "scenarios/models/cow.py:216"], "31": ["drop", "atomic_sub_and_test", 0, "scenarios/models/cow.py:83"], "34": ["new_page", "alloc_page", 0, "scenarios/models/cow.py:74"], "35": ["new_page", "write_once", 0, "scenarios/models/cow.py:75"], "36": ["new_page", "atomic_set", 0, "scenarios/models/cow.py:76"], "37": ["share", "read_once", 0, "scenarios/models/cow.py:103"], "38": ["share", "write_once", 0, "scenarios/models/cow.py:104"], "39": ["share", "atomic64_and", 0, "scenarios/models/cow.py:105"], "40": ["share", "atomic_inc", 0, "scenarios/models/cow.py:106"], "41": ["share", "atomic_inc", 1, "scenarios/models/cow.py:107"], "42": ["share", "write_once", 1, "scenarios/models/cow.py:108"], "44": ["may_reuse", "atomic_read", 0, "scenarios/models/cow.py:129"], "48": ["replace", "atomic64_or", 0, "scenarios/models/cow.py:143"], "49": ["replace", "xchg", 0, "scenarios/models/cow.py:144"], "50": ["replace", "atomic_dec", 0, "scenarios/models/cow.py:145"], "51": ["replace", "write_once", 0, "scenarios/models/cow.py:147"], "52": ["grab", "read_once", 0, "scenarios/s8_gup.py:49"], "53": ["grab", "page_ref_add_unless", 0, "scenarios/s8_gup.py:53"], "54": ["grab", "read_once", 1, "scenarios/s8_gup.py:55"], "6": ["copy_page_range", "spin_lock", 0, "scenarios/s8_gup.py:97"], "7": ["copy_page_range", "read_once", 0, "scenarios/s8_gup.py:98"], "8": ["copy_page_range", "read_once", 1, "scenarios/s8_gup.py:100"]},
 "threads": 2,
 "variant": "no-sequence",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "the process maps another page than the one it has pinned", "other": "", "site": 30, "thread": 1, "where": "scenarios/models/cow.py:216"},
 "turns": [
  [0,6], [0,7], [0,8], [0,37], [1,24], [1,52], [1,53], [1,54], [0,38], [0,39], [0,40], [0,41], [0,42], [0,14], [0,16],
  [0,17], [0,44], [0,34], [0,35], [0,36], [0,48], [0,49], [0,50], [0,31], [0,51], [0,23], [1,29]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

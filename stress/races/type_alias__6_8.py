#!/usr/bin/env python3
"""S2-a: type-alias:6.8

check: a page table in use reads as a free buddy page at scenarios/s2_types.py:72

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
 "params": {"buddy": 128, "by_value": 0, "count_first": 0, "offline": 256, "type_base": 4026531840, "typed_table": 4294966783},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "type-alias",
 "sites": {"2": ["count_entry", "atomic_inc", 0, "scenarios/s2_types.py:63"], "5": ["look", "read_page_type", 0, "scenarios/s2_types.py:71"], "6": ["look", "check", 0, "scenarios/s2_types.py:72"]},
 "threads": 2,
 "variant": "6.8",
 "violation": {"address": 0, "kind": "check", "message": "a page table in use reads as a free buddy page", "other": "", "site": 6, "thread": 1, "where": "scenarios/s2_types.py:72"},
 "turns": [
  [0,2], [1,5]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

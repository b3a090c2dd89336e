#!/usr/bin/env python3
"""S4-j.plain-store: split:plain-store

stale-translation: an unmapped page translates at scenarios/models/rest.py:73

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "conflicts": 0, "cont_above": 0, "cont_shift": 0, "count": 32, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 0, "nested_lock": 0, "no_empty": 1, "no_leak": 0, "order": 2, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 1, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "resurrection": 1, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 3, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 0, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 0, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "split",
 "sites": {"105": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "108": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "110": ["split", "read_once", 0, "scenarios/models/split.py:75"], "112": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "12": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "13": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "146": ["replace_leaf", "fill_page", 0, "scenarios/models/split.py:109"], "147": ["replace_leaf", "atomic_add", 0, "scenarios/models/split.py:111"], "149": ["replace_leaf", "write_once", 0, "scenarios/models/split.py:117"], "17": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "18": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:58"], "19": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "47": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "55": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "57": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "9": ["check_unmapped", "check", 0, "scenarios/models/rest.py:73"]},
 "threads": 2,
 "variant": "plain-store",
 "violation": {"address": 0, "kind": "stale-translation", "message": "an unmapped page translates", "other": "", "site": 9, "thread": -1, "where": "scenarios/models/rest.py:73"},
 "turns": [
  [0,12], [0,47], [0,55], [0,17], [0,18], [0,19], [0,146], [0,147], [1,12], [1,47], [1,55], [1,17], [1,18], [1,19],
  [1,146], [1,147], [1,149], [1,110], [1,55], [1,105], [1,108], [1,57], [1,112], [1,13], [0,149], [0,110], [0,55],
  [0,105], [0,108], [0,57], [0,112], [0,13]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

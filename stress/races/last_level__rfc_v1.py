#!/usr/bin/env python3
"""S4-g: last-level:rfc-v1

stale-translation: a table is freed while a paging-structure cache leads to it at
scenarios/models/walker.py:160

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[]],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 12, "levels": 3},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 1, "count": 52, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 1, "initial_store": 1, "input_bits": 0, "iotlb_ways": 8, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 1, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 1, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "last-level",
 "sites": {"104": ["check_not_cached", "read_once", 0, "scenarios/models/walker.py:159"], "105": ["check_not_cached", "read_once", 1, "scenarios/models/walker.py:159"], "106": ["check_not_cached", "check", 0, "scenarios/models/walker.py:160"], "110": ["_invalidate_tables", "read_once", 0, "scenarios/models/walker.py:149"], "121": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "138": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "139": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "32": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "33": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "35": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "37": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "46": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "47": ["walk", "read_once", 1, "scenarios/models/table.py:84"], "48": ["walk", "read_once", 2, "scenarios/models/table.py:88"], "60": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "62": ["invalidate", "spin_lock", 0, "scenarios/models/walker.py:137"], "63": ["invalidate", "read_once", 0, "scenarios/models/walker.py:139"], "64": ["invalidate", "write_once", 0, "scenarios/models/walker.py:140"], "65": ["invalidate", "spin_unlock", 0, "scenarios/models/walker.py:143"], "7": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "8": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "83": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "84": ["clear_pte", "atomic_dec_return", 0, "scenarios/models/count.py:101"], "9": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "90": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:213"], "91": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:216"], "93": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:220"], "96": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:227"], "97": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:228"], "98": ["free_if_empty", "atomic_dec", 1, "scenarios/models/unmap.py:230"]},
 "threads": 1,
 "variant": "rfc-v1",
 "violation": {"address": 0, "kind": "stale-translation", "message": "a table is freed while a paging-structure cache leads to it", "other": "", "site": 106, "thread": 0, "where": "scenarios/models/walker.py:160"},
 "turns": [
  [0,32], [0,46], [0,47], [0,48], [0,48], [0,33], [0,7], [0,8], [0,35], [0,35], [0,35], [0,83], [0,84], [0,37],
  [0,90], [0,91], [0,138], [0,139], [0,93], [0,83], [0,84], [0,121], [0,96], [0,97], [0,98], [0,37], [0,90], [0,91],
  [0,138], [0,139], [0,93], [0,83], [0,84], [0,121], [0,96], [0,97], [0,98], [0,35], [0,35], [0,35], [0,83], [0,84],
  [0,37], [0,90], [0,91], [0,138], [0,139], [0,93], [0,83], [0,84], [0,121], [0,96], [0,97], [0,98], [0,37], [0,90],
  [0,37], [0,9], [0,62], [0,63], [0,63], [0,63], [0,63], [0,63], [0,63], [0,63], [0,63], [0,64], [0,110], [0,110],
  [0,65], [0,60], [0,104], [0,105]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

#!/usr/bin/env python3
"""S4-b.any-user: recycled-parent:peek-v1

stale-pointer: atomic_inc of page 2 refcount through an old pointer: page 2 was freed by CPU1 unmapB at
scenarios/models/count.py:76 and allocated again by CPU2 page at scenarios/s4_gap.py:54 at
scenarios/models/unmap.py:216

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], [], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 12, "levels": 3},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 52, "flush": 0, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 1, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "recycled-parent",
 "sites": {"0": ["take_page", "alloc_page", 0, "scenarios/s4_gap.py:54"], "1": ["take_page", "write_once", 0, "scenarios/s4_gap.py:54"], "10": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "114": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "115": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "12": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "19": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "20": ["walk", "read_once", 1, "scenarios/models/table.py:84"], "21": ["walk", "read_once", 2, "scenarios/models/table.py:88"], "22": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "23": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "25": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "33": ["map_range", "read_lock", 0, "scenarios/models/table.py:166"], "34": ["map_range", "read_unlock", 0, "scenarios/models/table.py:174"], "47": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "5": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "54": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "57": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "6": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "60": ["free_if_empty", "read_page_type", 0, "scenarios/models/unmap.py:213"], "62": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:216"], "64": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:220"], "67": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:227"], "68": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:228"], "69": ["free_if_empty", "atomic_dec", 1, "scenarios/models/unmap.py:230"], "7": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "79": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "80": ["put_table", "free_page", 0, "scenarios/models/count.py:76"], "87": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:95"], "88": ["walk_alloc", "read_once", 1, "scenarios/models/table.py:98"], "89": ["walk_alloc", "read_once", 2, "scenarios/models/table.py:102"], "92": ["set_pte", "cmpxchg", 0, "scenarios/models/count.py:83"], "95": ["set_pte", "atomic_inc", 0, "scenarios/models/count.py:89"], "97": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"]},
 "threads": 3,
 "variant": "peek-v1",
 "violation": {"address": 75060, "kind": "stale-pointer", "message": "atomic_inc of page 2 refcount through an old pointer: page 2 was freed by CPU1 unmapB at scenarios/models/count.py:76 and allocated again by CPU2 page at scenarios/s4_gap.py:54", "other": "scenarios/models/count.py:76", "site": 62, "thread": 0, "where": "scenarios/models/unmap.py:216"},
 "turns": [
  [0,22], [0,19], [0,20], [0,21], [0,21], [0,23], [0,5], [0,6], [0,25], [0,25], [0,25], [0,54], [0,57], [0,60],
  [0,62], [0,114], [0,115], [0,64], [0,54], [0,57], [0,97], [0,67], [1,22], [1,19], [1,20], [1,21], [1,21], [1,23],
  [1,5], [1,6], [1,25], [1,25], [1,25], [1,54], [1,57], [1,60], [1,62], [1,114], [1,115], [1,64], [1,54], [1,57],
  [1,97], [1,67], [1,68], [1,69], [1,60], [1,62], [1,114], [1,115], [1,64], [1,54], [1,57], [1,97], [1,67], [1,68],
  [1,69], [1,7], [1,47], [1,79], [1,80], [1,47], [1,79], [1,80], [2,0], [2,1], [2,0], [2,1], [2,33], [2,87], [2,88],
  [2,10], [2,12], [2,92], [2,95], [2,89], [2,88], [2,10], [2,12], [2,92], [2,95], [2,89], [2,92], [2,95], [2,34],
  [0,68], [0,69], [0,60], [0,62]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

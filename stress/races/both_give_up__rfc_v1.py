#!/usr/bin/env python3
"""S1-d: both-give-up:rfc-v1

missed-free: a table is empty and stays linked at scenarios/models/rest.py:37

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 2, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 52, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 1, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "both-give-up",
 "sites": {"135": ["to_write", "read_unlock", 0, "scenarios/models/upgrade.py:35"], "136": ["to_write", "write_lock", 0, "scenarios/models/upgrade.py:36"], "26": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "27": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "29": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "3": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "33": ["check_table", "check", 1, "scenarios/models/rest.py:37"], "35": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "36": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "37": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "39": ["clear_level", "clflush", 1, "scenarios/models/unmap.py:146"], "4": ["unmap_pages", "read_unlock", 0, "scenarios/models/unmap.py:94"], "80": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "81": ["clear_pte", "atomic_dec_return", 0, "scenarios/models/count.py:101"], "87": ["free_if_empty", "atomic_read", 0, "scenarios/models/unmap.py:216"], "88": ["free_if_empty", "atomic_inc", 0, "scenarios/models/unmap.py:219"], "90": ["free_if_empty", "atomic_read", 1, "scenarios/models/unmap.py:223"], "93": ["free_if_empty", "write_unlock", 0, "scenarios/models/unmap.py:230"], "94": ["free_if_empty", "read_lock", 0, "scenarios/models/unmap.py:231"], "95": ["free_if_empty", "atomic_dec", 1, "scenarios/models/unmap.py:233"]},
 "threads": 2,
 "variant": "rfc-v1",
 "violation": {"address": 0, "kind": "missed-free", "message": "a table is empty and stays linked", "other": "", "site": 33, "thread": -1, "where": "scenarios/models/rest.py:37"},
 "turns": [
  [0,35], [0,29], [0,26], [0,27], [0,36], [0,3], [0,29], [0,37], [0,37], [0,80], [0,81], [0,39], [1,35], [1,29],
  [1,26], [1,27], [1,36], [1,3], [1,29], [1,37], [1,37], [1,80], [1,81], [1,39], [1,87], [0,87], [0,88], [0,135],
  [0,136,true], [1,88], [1,135], [1,136,true], [0,136], [0,90], [0,93], [0,94,true], [1,136], [1,90], [1,93], [1,94],
  [1,95], [1,4], [0,94], [0,95], [0,4]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

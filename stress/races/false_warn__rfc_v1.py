#!/usr/bin/env python3
"""S1-c: false-warn:rfc-v1

warning: WARN_ON(clear_pte: the table's count is out of range) at scenarios/models/count.py:102

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 52, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 1, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 1, "read_write": 3, "resets": 1, "restart": 0, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 0, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "false-warn",
 "sites": {"23": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "24": ["walk", "read_once", 1, "scenarios/models/table.py:84"], "25": ["walk", "read_once", 2, "scenarios/models/table.py:88"], "32": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "33": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "34": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "4": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "5": ["unmap_pages", "read_once", 0, "scenarios/models/unmap.py:88"], "59": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "80": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "81": ["clear_pte", "atomic_dec_return", 0, "scenarios/models/count.py:101"], "82": ["clear_pte", "warn_on", 0, "scenarios/models/count.py:102"]},
 "threads": 2,
 "variant": "rfc-v1",
 "violation": {"address": 0, "kind": "warning", "message": "WARN_ON(clear_pte: the table\u0027s count is out of range)", "other": "", "site": 82, "thread": 0, "where": "scenarios/models/count.py:102"},
 "turns": [
  [1,59], [0,32], [0,23], [0,24], [0,25], [0,33], [0,4], [0,5], [0,34], [0,34], [0,80], [0,81]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

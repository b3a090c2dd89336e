#!/usr/bin/env python3
"""S4-j.descend: split:rfc-v1

wild-access: read_once at 0x8000088c8, which is in no object at scenarios/models/unmap.py:121

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[]],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "conflicts": 0, "cont_above": 0, "cont_shift": 0, "count": 52, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 1, "read_write": 3, "resets": 1, "restart": 0, "resurrection": 1, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 8, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "split",
 "sites": {"12": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "44": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "47": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "53": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "54": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "55": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"]},
 "threads": 1,
 "variant": "rfc-v1",
 "violation": {"address": 34359773384, "kind": "wild-access", "message": "read_once at 0x8000088c8, which is in no object", "other": "", "site": 55, "thread": 0, "where": "scenarios/models/unmap.py:121"},
 "turns": [
  [0,53], [0,47], [0,44], [0,54], [0,12], [0,47], [0,55], [0,55]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

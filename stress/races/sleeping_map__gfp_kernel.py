#!/usr/bin/env python3
"""S4-f: sleeping-map:gfp-kernel

sleep-in-atomic: may sleep with a spinning lock held: pgd_lock (read, taken at scenarios/models/table.py:173)
at scenarios/models/count.py:54

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 48, "dte_last": 0, "free_at": 0, "gfp": 1, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "nested_lock": 0, "output_bits": 0, "page_bits": 0, "page_shift": 12, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "retries": 1, "root_shift": 0, "run_bits": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "table_bits": 3, "table_level": 0, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "sleeping-map",
 "sites": {"2": ["alloc_table", "might_sleep", 0, "scenarios/models/count.py:54"], "21": ["map_range", "read_lock", 0, "scenarios/models/table.py:173"], "25": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "34": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:101"]},
 "threads": 1,
 "variant": "gfp-kernel",
 "violation": {"address": 0, "kind": "sleep-in-atomic", "message": "may sleep with a spinning lock held: pgd_lock (read, taken at scenarios/models/table.py:173)", "other": "", "site": 2, "thread": 0, "where": "scenarios/models/count.py:54"},
 "turns": [
  [0,21], [0,25], [0,34]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

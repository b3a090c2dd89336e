#!/usr/bin/env python3
"""S4.growth: growing-root:two-words

lost-mapping: a mapped page does not translate at scenarios/s4_growth.py:44

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 1, "smallest": "Nothing breaks with fewer preemptions.", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 16, "levels": 3},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "conflicts": 0, "cont_above": 0, "cont_shift": 0, "count": 32, "dte_last": 0, "free_at": 0, "gfp": 0, "grows": 1, "hardware": 1, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 0, "largest_leaf": 3, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "present_bits": 1, "queued": 0, "range_check": 0, "read_write": 8070450532247928833, "resets": 1, "retries": 1, "root_shift": 0, "run_bits": 3584, "start_levels": 2, "strict_caches": 0, "sync_bit": 0, "table_bits": 6917529027641081857, "table_level": 512, "type_carry": 512, "type_leaf": 0, "type_mask": 3072, "used_entries": 8, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "growing-root",
 "sites": {"11": ["iova_to_phys", "read_lock", 0, "scenarios/models/table.py:280"], "12": ["iova_to_phys", "read_unlock", 0, "scenarios/models/table.py:282"], "15": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "16": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:58"], "17": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "19": ["set_root", "write_once", 0, "scenarios/models/domain.py:84"], "2": ["look_near", "check", 0, "scenarios/s4_growth.py:44"], "26": ["set_root", "write_once", 4, "scenarios/models/domain.py:93"], "31": ["map_range", "read_lock", 0, "scenarios/models/table.py:173"], "34": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "35": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "36": ["root_of", "read_once", 0, "scenarios/models/domain.py:48"], "37": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "75": ["add_level", "spin_lock", 0, "scenarios/models/grow.py:44"], "76": ["add_level", "write_once", 0, "scenarios/models/grow.py:47"], "77": ["add_level", "atomic_inc", 0, "scenarios/models/grow.py:49"]},
 "threads": 2,
 "variant": "two-words",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a mapped page does not translate", "other": "", "site": 2, "thread": 1, "where": "scenarios/s4_growth.py:44"},
 "turns": [
  [0,31], [0,36], [0,37], [0,15], [0,16], [0,17], [0,75], [0,36], [0,37], [0,76], [0,77], [0,19], [0,26], [1,11],
  [1,36], [1,37], [1,34], [1,35], [1,12]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

#!/usr/bin/env python3
"""S4.growth-order: growing-root:as-merged

lost-mapping: a DMA after a map does not arrive at scenarios/s4_growth.py:38

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "conflicts": 0, "cont_above": 0, "cont_shift": 0, "count": 32, "dte_last": 1, "free_at": 0, "gfp": 0, "grows": 3, "hardware": 1, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 0, "largest_leaf": 3, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "present_bits": 1, "queued": 0, "range_check": 0, "read_write": 8070450532247928833, "resets": 1, "retries": 1, "root_shift": 0, "run_bits": 3584, "start_levels": 2, "strict_caches": 0, "sync_bit": 0, "table_bits": 6917529027641081857, "table_level": 512, "type_carry": 512, "type_leaf": 0, "type_mask": 3072, "used_entries": 8, "widen": 1},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "growing-root",
 "sites": {"1": ["map_far", "check", 1, "scenarios/s4_growth.py:38"], "10": ["dma", "spin_unlock", 0, "scenarios/models/walker.py:82"], "15": ["alloc_table", "alloc_page", 0, "scenarios/models/count.py:55"], "16": ["alloc_table", "atomic_set", 0, "scenarios/models/count.py:58"], "17": ["alloc_table", "clflush", 0, "scenarios/models/count.py:59"], "20": ["set_root", "read_once", 0, "scenarios/models/domain.py:86"], "21": ["set_root", "write_once", 1, "scenarios/models/domain.py:87"], "23": ["set_root", "write_once", 2, "scenarios/models/domain.py:89"], "24": ["set_root", "write_once", 3, "scenarios/models/domain.py:90"], "25": ["set_root", "smp_store_release", 0, "scenarios/models/domain.py:91"], "31": ["map_range", "read_lock", 0, "scenarios/models/table.py:173"], "32": ["map_range", "read_unlock", 0, "scenarios/models/table.py:181"], "43": ["_iotlb", "read_once", 0, "scenarios/models/walker.py:89"], "51": ["sequenced_root", "smp_load_acquire", 0, "scenarios/models/domain.py:59"], "52": ["sequenced_root", "read_once", 0, "scenarios/models/domain.py:61"], "53": ["sequenced_root", "read_once", 1, "scenarios/models/domain.py:62"], "55": ["sequenced_root", "read_once", 2, "scenarios/models/domain.py:66"], "57": ["_cached", "read_once", 0, "scenarios/models/walker.py:134"], "64": ["walk_alloc", "read_once", 0, "scenarios/models/table.py:101"], "65": ["walk_alloc", "read_once", 1, "scenarios/models/table.py:105"], "68": ["set_pte", "cmpxchg", 0, "scenarios/models/count.py:83"], "71": ["set_pte", "atomic_inc", 0, "scenarios/models/count.py:89"], "73": ["hardware_root", "read_once", 0, "scenarios/models/domain.py:75"], "75": ["add_level", "spin_lock", 0, "scenarios/models/grow.py:44"], "76": ["add_level", "write_once", 0, "scenarios/models/grow.py:47"], "77": ["add_level", "atomic_inc", 0, "scenarios/models/grow.py:49"], "9": ["dma", "spin_lock", 0, "scenarios/models/walker.py:78"]},
 "threads": 2,
 "variant": "as-merged",
 "violation": {"address": 0, "kind": "lost-mapping", "message": "a DMA after a map does not arrive", "other": "", "site": 1, "thread": 1, "where": "scenarios/s4_growth.py:38"},
 "turns": [
  [0,31], [0,51], [0,52], [0,53], [0,55], [0,15], [0,16], [0,17], [0,75], [0,51], [0,52], [0,53], [0,55], [0,76],
  [0,77], [0,20], [0,21], [0,23], [0,24], [0,25], [1,31], [1,51], [1,52], [1,53], [1,55], [1,51], [1,52], [1,53],
  [1,55], [1,64], [1,15], [1,16], [1,17], [1,68], [1,71], [1,65], [1,64], [1,15], [1,16], [1,17], [1,68], [1,71],
  [1,65], [1,68], [1,71], [1,32], [1,9], [1,43], [1,57], [1,57], [1,73], [1,10]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

#!/usr/bin/env python3
"""S4-k: teardown:no-lock

wild-access: read_once through a NULL pointer (0x0) at scenarios/models/table.py:84

Written by pttorture repro. Prints the picture and exits 1 while it breaks, 0 when it does not any more; --help says more.
"""

from stress.repro import main

SCHEDULE = r'''
{
 "bound": {"preemptions": 0, "smallest": "", "steps": 10000, "strategy": "dfs"},
 "choices": [[], []],
 "engine": "0.1.0",
 "geometry": {"entries": 4, "frames": 8, "levels": 2},
 "lock": "qrwlock",
 "model": "sc",
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "count": 32, "dump_locked": 0, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "nested_lock": 0, "output_bits": 0, "page_bits": 0, "page_shift": 12, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "root_shift": 0, "run_bits": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "table_bits": 3, "table_level": 0, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "widen": 1},
 "pool": "quarantine",
 "rounds": 1,
 "scenario": "teardown",
 "sites": {"20": ["set_root", "write_once", 3, "scenarios/models/domain.py:71"], "25": ["list_tables", "read_once", 0, "scenarios/models/table.py:259"], "26": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "27": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "30": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "39": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "68": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "69": ["put_table", "free_page", 0, "scenarios/models/count.py:76"], "7": ["destroy_domain", "read_once", 0, "scenarios/models/table.py:68"], "8": ["walk", "read_once", 0, "scenarios/models/table.py:80"], "9": ["walk", "read_once", 1, "scenarios/models/table.py:84"]},
 "threads": 2,
 "variant": "no-lock",
 "violation": {"address": 0, "kind": "wild-access", "message": "read_once through a NULL pointer (0x0)", "other": "", "site": 9, "thread": 1, "where": "scenarios/models/table.py:84"},
 "turns": [
  [0,7], [0,25], [0,25], [0,27], [0,30], [0,25], [0,25], [0,25], [0,26], [0,27], [0,30], [0,25], [0,25], [0,25],
  [0,26], [0,39], [0,68], [0,69], [0,39], [0,68], [0,69], [0,20], [1,8], [1,9]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

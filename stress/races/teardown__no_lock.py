#!/usr/bin/env python3
"""S4-k: teardown:no-lock

wild-access: read_once through a NULL pointer (0x0) at scenarios/models/table.py:87

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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 32, "dte_last": 0, "dump_locked": 0, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 3, "nested_lock": 0, "output_bits": 0, "page_bits": 0, "page_shift": 12, "present_bits": 3, "queued": 0, "range_check": 0, "read_write": 3, "resets": 1, "retries": 1, "root_shift": 0, "run_bits": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "table_bits": 3, "table_level": 0, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "widen": 1},
 "pool": "quarantine",
 "rounds": 1,
 "scenario": "teardown",
 "sites": {"24": ["set_root", "write_once", 6, "scenarios/models/domain.py:98"], "30": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "31": ["list_tables", "read_once", 0, "scenarios/models/table.py:267"], "32": ["list_add", "write_once", 0, "scenarios/models/gather.py:48"], "39": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "42": ["clear_pte", "atomic_dec", 0, "scenarios/models/count.py:104"], "51": ["put_list", "read_once", 0, "scenarios/models/gather.py:80"], "7": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "77": ["put_table", "atomic_dec_and_test", 0, "scenarios/models/count.py:75"], "78": ["put_table", "free_page", 0, "scenarios/models/count.py:76"]},
 "threads": 2,
 "variant": "no-lock",
 "violation": {"address": 0, "kind": "wild-access", "message": "read_once through a NULL pointer (0x0)", "other": "", "site": 7, "thread": 1, "where": "scenarios/models/table.py:87"},
 "turns": [
  [0,30], [0,31], [0,31], [0,39], [0,42], [0,31], [0,31], [0,31], [0,32], [0,39], [0,42], [0,31], [0,31], [0,31],
  [0,32], [0,51], [0,77], [0,78], [0,51], [0,77], [0,78], [0,24], [1,30], [1,7]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

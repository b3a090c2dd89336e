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
 "params": {"address_mask": 4503599627366400, "check_cached": 0, "cont_above": 0, "cont_shift": 0, "count": 52, "dte_last": 0, "flush": 1, "free": 1, "free_at": 0, "gfp": 0, "grows": 0, "hardware": 0, "high_shift": 0, "initial_store": 1, "input_bits": 0, "iotlb_ways": 1, "large_bits": 128, "largest_leaf": 1, "level_first": 1, "nested_lock": 0, "no_empty": 1, "no_leak": 1, "order": 1, "output_bits": 0, "page_bits": 0, "page_shift": 12, "peek": 0, "pin": 0, "policy": 0, "present_bits": 3, "queued": 0, "range_check": 1, "read_write": 3, "resets": 1, "restart": 0, "retries": 1, "root_shift": 0, "run_bits": 0, "split": 0, "start_levels": 3, "strict_caches": 0, "sync_bit": 0, "sync_inside": 0, "table_bits": 3, "table_level": 0, "trust_level": 1, "type_carry": 0, "type_leaf": 128, "type_mask": 128, "upgrade": 0, "used_entries": 0, "widen": 0},
 "pool": "reuse",
 "rounds": 1,
 "scenario": "false-warn",
 "sites": {"28": ["walk", "read_once", 0, "scenarios/models/table.py:87"], "29": ["walk", "read_once", 1, "scenarios/models/table.py:91"], "3": ["unmap_pages", "read_lock", 0, "scenarios/models/unmap.py:84"], "31": ["root_of", "read_once", 1, "scenarios/models/domain.py:49"], "37": ["leaf_pages", "read_lock", 0, "scenarios/models/unmap.py:107"], "38": ["leaf_pages", "read_unlock", 0, "scenarios/models/unmap.py:109"], "39": ["clear_level", "read_once", 0, "scenarios/models/unmap.py:121"], "70": ["get_unless_zero", "page_ref_add_unless", 0, "scenarios/models/gup.py:23"], "88": ["clear_pte", "xchg", 0, "scenarios/models/count.py:98"], "89": ["clear_pte", "atomic_dec_return", 0, "scenarios/models/count.py:101"], "90": ["clear_pte", "warn_on", 0, "scenarios/models/count.py:102"]},
 "threads": 2,
 "variant": "rfc-v1",
 "violation": {"address": 0, "kind": "warning", "message": "WARN_ON(clear_pte: the table\u0027s count is out of range)", "other": "", "site": 90, "thread": 0, "where": "scenarios/models/count.py:102"},
 "turns": [
  [1,70], [0,37], [0,31], [0,28], [0,29], [0,38], [0,3], [0,31], [0,39], [0,39], [0,88], [0,89]
 ]
}
'''

if __name__ == "__main__":
    raise SystemExit(main(SCHEDULE, __file__))

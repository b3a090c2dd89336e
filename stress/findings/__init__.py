"""What a campaign has found, one for each distinct bug.

    signature.py  which violations are one bug
    places.py     a place in source that survives edits elsewhere
    waits.py      the locks of a deadlock
    accesses.py   the conflicting accesses of a smallest schedule
    lookup.py     findings by name
    baseline.py   the bugs that are known already
    files.py      the folder of a finding: schedule, picture, script and test
"""

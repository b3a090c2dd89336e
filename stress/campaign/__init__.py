"""Campaigns: rounds of many cells, for hours, kept in a store.

    cell.py      a point of the matrix, and a round of it: pure descriptions
    matrix.py    the cells of names and a configuration
    choosing.py  which cell is next
    rounds.py    runs one round
    member.py    a process that runs rounds; crew.py all of them
    loop.py      the campaign itself
    health.py    what is watched: memory, disk, clock, workers that stall
    status.py    what a person sees of it
"""

"""Where a campaign keeps what it did and found: one SQLite file in its folder.

    schema.py   the tables; making the file and opening it with every doubt about it
    store.py    the one writer: a round before it begins and after it has ended
    rows.py     what the writer puts into tables
    view.py     readers, while the campaign runs and after
    merging.py  the shards of a campaign as one store
"""

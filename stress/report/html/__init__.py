"""One self-contained HTML page from a campaign's store, or from one schedule.

    data.py      what a page shows, read from a store: sums are made by SQL
    markup.py    elements; the only place where text becomes markup
    axes.py, charts.py   plain SVG
    sections.py  summary, charts, tables
    findings.py  the findings, each with its picture and its film
    page.py      the document and its content security policy
    writing.py   what `pttorture report` does
    *.css, *.js  put into the page as they are

A page is a function of the store alone: no clock, no random number, no path of this machine.
"""

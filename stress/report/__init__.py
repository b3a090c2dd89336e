"""Reports: one small file per format, each a function of the results that a journal gives."""

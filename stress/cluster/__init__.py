"""A campaign's rounds on the workers of a dask.distributed cluster: an optional extra, imported only when asked for."""

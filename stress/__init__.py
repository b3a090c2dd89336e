"""The harness a person uses: command line, workers, campaign, store, reports, trace files."""

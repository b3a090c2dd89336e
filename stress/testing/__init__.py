"""What the pytest plugin does when a test uses it: see `stress.pytest_plugin` and docs/pytest.md."""

"""What oncall is measured by: `python -m tests.bench` prints each target of docs/explanation/performance.md beside its result."""

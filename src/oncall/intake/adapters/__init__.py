"""One file per dialect: pure functions from what a monitor sent to what it means, each with how to point the monitor here."""

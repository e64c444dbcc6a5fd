"""Wire formats of each way to reach someone; knows no database."""

"""What is asked of a preview or a replay, and what each says."""

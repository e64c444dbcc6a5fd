"""What is drafted, what may be published, who owes what, when somebody is reminded. Pure."""

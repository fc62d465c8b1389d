"""The only room that runs git: history, commits, the index, references, the outer repository, pushing."""

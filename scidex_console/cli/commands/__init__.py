"""One module per command: `register` describes it to the parser, `run` carries it out."""

"""The subcommands, one module per concern."""

"""The subcommands of `countersign`, one module each: a parser and a printer around one service.

A module's function of the same name is the command, and its docstring the help. `producer.lazy` finds them.
"""

"""The use cases: plain arguments in, typed values or events out; errors are those of `worker.errors`.

Nothing here prints, asks or ends the process: commands and whatever else serves people call these functions.
"""

"""The watcher, on a real bucket, database and list of notifications."""

"""The HTTP API, version 1: routes over the services. It changes by addition only."""

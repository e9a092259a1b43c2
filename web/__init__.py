"""The door: an HTTP API and a console for people, on one app over `producer/services`."""

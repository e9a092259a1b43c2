"""The web app: an HTTP API and a console for people, over `producer/services`."""

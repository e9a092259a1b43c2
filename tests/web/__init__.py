"""The web app over HTTP and in a browser."""

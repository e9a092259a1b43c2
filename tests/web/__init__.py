"""The door over HTTP and in a browser."""

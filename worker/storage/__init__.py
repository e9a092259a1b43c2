"""Object storage behind one port: S3-compatible stores and folders."""

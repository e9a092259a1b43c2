"""Measurements that anyone can repeat."""

import worker  # noqa: F401 - it tells libraries to call nobody, before they are loaded

"""Processes and servers on this machine: started on loopback, watched, and stopped again."""

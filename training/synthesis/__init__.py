"""Pages and signatures that never existed, drawn from a seed: what the demo and the load tests read."""

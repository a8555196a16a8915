"""Running the service: the embedded parts, the set of processes on one machine, the web server."""

"""hio serve: a WSGI app in production, from flags and files to processes.

starting      a Config to a running server and its exit status
configuring, parsing      options: flags, a TOML file, the table of both
binding       addresses to listening sockets; systemd, inherited descriptors
building      a Config to an app and servers; loading, mounting: apps by name, several as one
supervising, forking      the process that forks workers and minds them; crewing decides what is to be done
working       one worker: serves, retires, and says what it cut off
offloading    blocking apps in threads
trusting, prefacing       who a request comes from: forwarded fields, the PROXY protocol
journaling    what became of each request; accessing, lining, writing: the access log; measuring: numbers
overseeing    /-/health, /-/ready, /-/metrics
signaling, talking, notifying, reloading, logs      signals; words between processes; systemd; files that change

Nothing is imported here: hio.cli imports what a command needs.
"""

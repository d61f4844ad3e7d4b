"""Make, use and remove throw-away machines: containers that behave like a bare server.

A machine has its own first process, its own files and its own Docker engine once one is installed in
it; a reboot is a restart of the container. Nothing but Python's standard library is needed, so that
it runs before any virtualenv exists.
"""

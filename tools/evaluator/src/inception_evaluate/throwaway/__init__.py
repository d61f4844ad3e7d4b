"""Any Inception repository on a machine of its own: copied in, completed where it says how, and made by its Makefile.

The machine is a container that behaves like a fresh server, with its own Docker engine. It is removed at the end,
unless it is to be kept.
"""

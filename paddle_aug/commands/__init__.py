"""The commands: a module each, with a `main()` that reads the command line.

The first line of a module is its description in `paddle-aug --help`; STOPPED is the message after
Ctrl-C and SIGTERM. tools/ has a script for each command.
"""

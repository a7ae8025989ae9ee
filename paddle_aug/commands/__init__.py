"""The commands: a module each, whose `main()` reads the command line; its first line says what it
does, in `paddle-aug --help` too, and STOPPED what Ctrl-C and SIGTERM say. tools/ has a script for
each."""

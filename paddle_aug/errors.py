"""The one exception that a user's mistake raises; tools print it and exit with code 2."""


class UserError(Exception):
    """A mistake in what the user gave: the message says where it is and what to do about it."""

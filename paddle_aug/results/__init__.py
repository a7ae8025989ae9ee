"""What runs leave behind: logs, curves, statistics, and the style of figures."""

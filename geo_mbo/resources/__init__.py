"""Facts as data, not code: speeds, aliases, messages, styles and page templates."""

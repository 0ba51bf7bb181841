"""The only place that knows every domain: settings, addresses, servers and the command line."""

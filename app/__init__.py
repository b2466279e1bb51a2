"""The application: services, and the screens and commands that use them."""

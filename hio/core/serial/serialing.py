"""Nothing yet: programs import this name without using it."""

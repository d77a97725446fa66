"""Where values come from outside the core: files on disk, environment variables."""

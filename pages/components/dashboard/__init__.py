"""The dashboard: numbers, projects, films, and what it cost."""

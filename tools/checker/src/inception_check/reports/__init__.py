"""Reports: each format is one module with a function ``render(report) -> str``."""

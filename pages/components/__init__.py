"""What the pages are drawn with. Each module has ``show(...)``; it draws and returns what the person chose."""

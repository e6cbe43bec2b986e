"""What users can do, by what it is about. Together they are the one door, ``service.Service``."""

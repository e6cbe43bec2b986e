"""Takes and their evidence: shown, compared, decided on."""

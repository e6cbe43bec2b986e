"""The maker ``filmed``: photographs and moving patterns by ffmpeg, eSpeak's voices, many codecs and containers."""

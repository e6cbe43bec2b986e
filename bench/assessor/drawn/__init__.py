"""The maker ``drawn``: pictures by numpy and Pillow, the Piper voice, H.264 in MP4."""

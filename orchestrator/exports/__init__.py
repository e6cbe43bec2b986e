"""Exports: a plan with its accepted takes, written for editing programs and players. Pure; the only room that knows
OpenTimelineIO.

``timeline`` builds the cut once, ``fcpxml`` writes it for Final Cut Pro, ``captions`` the words with their times, and
``package`` a zip of it all with the media.
"""

from orchestrator.exports.captions import Cue, cut_cues, write_srt, write_vtt
from orchestrator.exports.names import media_name, safe_name
from orchestrator.exports.package import write_package
from orchestrator.exports.writing import write_export

__all__ = ["Cue", "cut_cues", "media_name", "safe_name", "write_export", "write_package", "write_srt", "write_vtt"]

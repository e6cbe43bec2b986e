"""How far the assessor can be believed: labelled clips, made on demand, and what it makes of them. See README.md."""

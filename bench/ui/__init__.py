"""How quick the pages are: for many viewers at once, on a long timeline, in a full workspace, and after long use."""

"""The storyboard: brief to plan, the timeline, one clip at a time, the film."""

"""The memory that protocols run on: one arena of frames, the descriptors over them, locks and flags."""

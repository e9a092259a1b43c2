"""A cleaner image beside the raw crop: ruled lines, print and stamps taken out."""

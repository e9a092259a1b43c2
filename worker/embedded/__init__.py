"""The forms that need no server: a results folder, two images, a bundle read again."""

"""The tables."""

from django.db import models


class Cart(models.Model):
    """What somebody has put into a cart, and when they last touched it."""

    email = models.EmailField()
    touched = models.DateTimeField()
    reminded_for = models.CharField(max_length=40, blank=True)
    """The scheduled time of the run that reminded its owner."""

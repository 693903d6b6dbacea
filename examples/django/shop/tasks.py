"""Functions that schedd calls, after `django.setup()`."""

import os
from datetime import timedelta

from django.core.mail import send_mail
from django.utils import timezone

from shop.models import Cart


def send_reminders(days: int) -> str:
    """Remind the owners of carts that nobody touched for so many days. What it returns is noted in the run.

    A retry has the same SCHED_SCHEDULED_AT, so that nobody is reminded twice by one run.
    """
    run = os.environ["SCHED_SCHEDULED_AT"]
    carts = Cart.objects.filter(touched__lt=timezone.now() - timedelta(days=days)).exclude(reminded_for=run)
    count = 0
    for cart in carts:
        send_mail("Your cart is waiting", "There is something left in it.", "shop@example.com", [cart.email])
        Cart.objects.filter(pk=cart.pk).update(reminded_for=run)
        count += 1
    return f"{count} reminded"

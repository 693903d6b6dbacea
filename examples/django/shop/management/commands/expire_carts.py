"""`manage.py expire_carts`."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from shop.models import Cart


class Command(BaseCommand):
    """Delete carts that nobody touched for some days."""

    help = "Delete carts that nobody touched for some days"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=7)

    def handle(self, *_args: Any, **options: Any) -> None:
        limit = timezone.now() - timedelta(days=options["days"])
        count, _ = Cart.objects.filter(touched__lt=limit).delete()
        self.stdout.write(f"{count} carts deleted")

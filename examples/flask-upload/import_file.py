"""Imports a CSV file into a database: python3 import_file.py FILE"""

import csv
import sqlite3
import sys
from pathlib import Path

HERE = Path(__file__).parent

with Path(sys.argv[1]).open(newline="") as file, sqlite3.connect(HERE / "var/items.db") as database:
    database.execute("CREATE TABLE IF NOT EXISTS items (name TEXT PRIMARY KEY, price REAL NOT NULL)")
    rows = [(row["name"], float(row["price"])) for row in csv.DictReader(file)]
    database.executemany("INSERT OR REPLACE INTO items VALUES (?, ?)", rows)
print(f"{len(rows)} items imported")

"""A bare Flask view that reads one row and one that stores one, under our own server's settings.

What saving an answer is measured against: python -m tests.load.bare_view PORT DATABASE_URL
"""

import sys
import threading
from dataclasses import replace

import psycopg
from flask import Flask, request

from outreach.running.web import WebServer
from outreach.settings import load

TABLE = """
    CREATE TABLE IF NOT EXISTS bare_answer (id int PRIMARY KEY, value text NOT NULL);
    INSERT INTO bare_answer SELECT n, 'yes' FROM generate_series(1, 1000) n ON CONFLICT DO NOTHING
"""
READ = "SELECT value FROM bare_answer WHERE id = %s"
STORE = """
    INSERT INTO bare_answer VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET value = excluded.value
"""


class Bare(WebServer):
    def __init__(self, port: int, database_url: str) -> None:
        self._database_url = database_url
        environ = {
            "PORT": str(port),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "DATABASE_URL": database_url,
            "SECRET_KEYS": "x" * 43,
            "MAIL_FROM": "Bare <bare@outreach.example>",
            "REDIS_URL": "redis://127.0.0.1:1",
            "SMTP_URL": "smtp://127.0.0.1:1",
        }
        super().__init__(replace(load(environ), port=port))

    def load(self) -> Flask:
        return bare_app(self._database_url.replace("postgresql+psycopg", "postgresql"))


def bare_app(database_url: str) -> Flask:
    app, here = Flask("bare"), threading.local()

    def database() -> psycopg.Connection:
        if not hasattr(here, "connection"):
            here.connection = psycopg.connect(database_url, autocommit=True)
        connection: psycopg.Connection = here.connection
        return connection

    @app.get("/<int:id>")
    def read(id: int) -> str:
        row = database().execute(READ, (id,)).fetchone()
        return "" if row is None else str(row[0])

    @app.post("/<int:id>")
    def store(id: int) -> str:
        database().execute(STORE, (id, request.form["answer"]))
        return "saved"

    return app


def main(port: int, database_url: str) -> None:
    with psycopg.connect(database_url.replace("postgresql+psycopg", "postgresql")) as connection:
        connection.execute(TABLE)
    Bare(port, database_url).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])

"""The PostgreSQL that other tests use."""

import psycopg
import pytest

from tests.postgres import Cluster


def test_it_keeps_what_is_written_across_a_restart(postgres: Cluster) -> None:
    with psycopg.connect(postgres.database("kept")) as connection:
        connection.execute("CREATE TABLE said (word text)")
        connection.execute("INSERT INTO said VALUES ('张伟')")
    postgres.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.dsn("kept"), connect_timeout=2)
    postgres.start()
    with psycopg.connect(postgres.dsn("kept")) as connection:
        assert connection.execute("SELECT word FROM said").fetchall() == [("张伟",)]

"""The log on the terminal."""

import structlog

from agi_app.cli.logs import configure_logs


def test_a_traceback_shows_no_variables(capsys) -> None:
    configure_logs(verbose=True)
    try:
        phone = "+86138" + "00000099"
        try:
            raise ValueError("broken") if phone else None
        except ValueError:
            structlog.get_logger("test").exception("it_failed")
    finally:
        configure_logs(verbose=False)
    told = capsys.readouterr().err
    assert "ValueError: broken" in told
    assert "13800000099" not in told

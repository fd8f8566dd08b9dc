"""Watching the running phone wing: figures for Prometheus, a health page. Ids and names of trunks only, never of people."""

from agi_app.monitoring.server import MonitoringServer

__all__ = ["MonitoringServer"]

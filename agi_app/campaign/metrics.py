"""What Prometheus learns of campaigns. Labels hold ids of campaigns and trunks, never a person's."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
"""Shown by the page of `agi_app.monitoring`."""

CALLS = Counter(
    "hireline_campaign_calls_total", "Calls of campaigns that ended, by disposition", ["campaign", "disposition"], registry=REGISTRY
)
OPENED = Counter(
    "hireline_campaign_attempts_total", "Calls of campaigns that were opened", ["campaign", "trunk"], registry=REGISTRY
)
REFUSED = Counter(
    "hireline_campaign_refusals_total",
    "Calls stopped at the last moment before dialling",
    ["campaign", "reason"],
    registry=REGISTRY,
)
JOURNEYS = Gauge(
    "hireline_campaign_journeys",
    "Candidates of running campaigns, by where their journey stands",
    ["campaign", "state"],
    registry=REGISTRY,
)
RUNNING = Gauge("hireline_campaign_calls_running", "Calls of campaigns that this process carries now", registry=REGISTRY)
DIAL_DELAY = Histogram(
    "hireline_campaign_dial_delay_seconds",
    "From the moment a call was due to its dialling",
    ["trunk"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
    registry=REGISTRY,
)
FAULTS = Counter("hireline_campaign_faults_total", "Steps of journeys that failed and are tried again", ["kind"], registry=REGISTRY)

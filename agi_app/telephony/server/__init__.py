"""An Asterisk of our own: found or installed, configured from asterisk_conf/ and dialplan/, started, checked, stopped."""

from agi_app.telephony.server.checks import Check, check
from agi_app.telephony.server.installation import AsteriskInstallation, ensure_asterisk, find_asterisk
from agi_app.telephony.server.instance import Instance
from agi_app.telephony.server.local_files import MEDIA_CONNECTION, SIMULATED_TRUNK
from agi_app.telephony.server.process import AsteriskServer
from agi_app.telephony.server.reload import Reloaded, reload_configuration
from agi_app.telephony.server.supervisor import AsteriskSupervisor

__all__ = [
    "MEDIA_CONNECTION",
    "SIMULATED_TRUNK",
    "AsteriskInstallation",
    "AsteriskServer",
    "AsteriskSupervisor",
    "Check",
    "Instance",
    "Reloaded",
    "check",
    "ensure_asterisk",
    "find_asterisk",
    "reload_configuration",
]

"""AMI, Asterisk's manager interface: trunk state, registrations, the route of a number, reload. Over panoramisk."""

from agi_app.telephony.ami.client import AmiClient
from agi_app.telephony.ami.routes import Routes
from agi_app.telephony.ami.trunks import Registration, Trunk, TrunkStatus, trunk_picture

__all__ = ["AmiClient", "Registration", "Routes", "Trunk", "TrunkStatus", "trunk_picture"]

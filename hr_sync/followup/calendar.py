"""The interview as a calendar entry (RFC 5545, RFC 5546)."""

from __future__ import annotations

from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from hr_sync.records import Candidate, Job
from hr_sync.records.followups import Invitation


def interview_entry(invitation: Invitation, candidate: Candidate, job: Job, now: datetime, *, cancelled: bool = False) -> str:
    """An iCalendar file that puts the interview into the candidate's calendar, or takes it out."""
    event = Event()
    event.add("uid", f"{invitation.id}@hireline")
    event.add("sequence", invitation.sequence)
    event.add("dtstamp", now)
    event.add("dtstart", invitation.at)
    event.add("dtend", invitation.at + timedelta(minutes=invitation.minutes))
    event.add("summary", f"{job.company.short_name} {job.title} 面试")
    event.add("location", invitation.place)
    event.add("description", "\n".join(filter(None, [invitation.directions, *(f"请携带：{item}" for item in invitation.bring)])))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    organizer = vCalAddress(f"MAILTO:{job.recruiter.email}")
    organizer.params["CN"] = vText(job.recruiter.name)
    event["organizer"] = organizer
    if not cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", f"{job.title} 面试")
        alarm.add("trigger", timedelta(hours=-2))
        event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Hireline//interviews//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    calendar.add_component(event)
    packed: bytes = calendar.to_ical()
    return packed.decode("utf-8")

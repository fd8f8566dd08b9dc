"""What happens after a call: invitations, reminders, material, thanks, tasks for HR; planned once, sent once.

`planning` says what follows from a result, `wording` finds the words, `sender` hands messages to channels, `journey` waits
(durably) and reminds, `pages` takes the candidate's answer. `runner` ties them together.
"""

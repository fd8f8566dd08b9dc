"""The conversation as text: understanding, script, policy, answers and wording. No audio, no I/O during a call."""

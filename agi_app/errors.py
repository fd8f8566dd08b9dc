"""The phone wing's branches of the one error tree (the root stands in hr_sync/errors.py).

HirelineError
├── ConfigError              a setting that cannot be used
├── SetupError               a part is missing on this machine: package, model, disk, port
│   └── ModelError           model weights missing, damaged or not loadable
├── TelephonyError
│   ├── AsteriskError        Asterisk cannot be found, started or reached
│   ├── AriError             Asterisk refused a request
│   │   └── AriLostError     the event stream or the server went away (retryable)
│   ├── AmiError             Asterisk's manager interface refused
│   │   └── AmiLostError     it does not answer (retryable)
│   ├── RouteError           a number that may not be dialled, or has no route
│   └── MediaError           the media socket of a call failed or never came
├── SpeechError
│   ├── RecognitionError     the recogniser failed on an utterance
│   ├── SynthesisError       no voice could speak a sentence
│   └── OverloadError        a model's queue is full (retryable)
└── PackError                a language pack cannot be used; names file and line
"""

from __future__ import annotations

from hr_sync.errors import HirelineError


class ConfigError(HirelineError):
    """A setting that cannot be used."""

    code = "config"


class SetupError(HirelineError):
    """A part is missing on this machine: package, model, disk space, port."""

    code = "setup"


class ModelError(SetupError):
    """Model weights are missing, damaged or cannot be loaded."""

    code = "model"


class TelephonyError(HirelineError):
    """Something between us and the telephone network."""

    code = "telephony"


class AsteriskError(TelephonyError):
    """Asterisk cannot be found, started, stopped or reached."""

    code = "asterisk"


class AriError(TelephonyError):
    """Asterisk answered a request with an error.

    Args:
        status: the HTTP status, 0 when there was no answer.
    """

    code = "ari"

    def __init__(self, what: str, *, status: int = 0, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.status = status


class AriLostError(AriError):
    """The event stream or the server itself went away."""

    code = "ari_lost"
    retryable = True


class AmiError(TelephonyError):
    """Asterisk's manager interface refused an action."""

    code = "ami"


class AmiLostError(AmiError):
    """Asterisk's manager interface cannot be reached, or does not answer."""

    code = "ami_lost"
    retryable = True


class RouteError(TelephonyError):
    """A number that may not be dialled, or that the dialplan has no route for."""

    code = "route"


class MediaError(TelephonyError):
    """The media socket of a call failed, or never came."""

    code = "media"


class SpeechError(HirelineError):
    """Hearing or speaking failed."""

    code = "speech"


class RecognitionError(SpeechError):
    """The recogniser failed on an utterance."""

    code = "recognition"


class SynthesisError(SpeechError):
    """No voice could speak a sentence."""

    code = "synthesis"


class OverloadError(SpeechError):
    """A model's bounded queue is full: the machine has more calls than it can carry."""

    code = "overload"
    retryable = True


class PackError(HirelineError):
    """A language pack cannot be used; `where` names file and line."""

    code = "pack"


def first_error(error: BaseException) -> BaseException:
    """The first error inside a group of them, however deep; any other error is its own first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

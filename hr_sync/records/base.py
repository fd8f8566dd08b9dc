"""What every record is made of: units, identifiers, JSON values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import to_jsonable_python

Yuan = Annotated[int, Field(ge=0, le=100_000_000)]
Percent = Annotated[float, Field(ge=0, le=100)]
Score = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Identifier = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
PhoneNumber = Annotated[str, Field(pattern=r"^\+[1-9]\d{5,14}$", description="E.164")]
Milliseconds = Annotated[int, Field(ge=0)]
"""Of audio, counted from the answer."""


def _json_value(value: object) -> object:
    """Bring a value into the form it will have when it is read back: tuples become lists, dates and enums text, NaN null."""
    return to_jsonable_python(value, inf_nan_mode="null")


Json = Annotated[Any, BeforeValidator(_json_value)]
JsonObject = Annotated[dict[str, Any], BeforeValidator(_json_value)]


class Record(BaseModel):
    """Base of every record: immutable, strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

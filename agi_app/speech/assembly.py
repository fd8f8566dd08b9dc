"""How a model's files are made from what its packages carry. Every step gives the same bytes every time, so that the result
can be checked against a hash.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from agi_app.errors import ModelError
from agi_app.speech.models import Step

T = TypeVar("T")

_LOWEST_FLOAT32 = -3.4028235e38


def assemble(step: Step, sources: Sequence[Path], target: Path) -> None:
    """Make `target` from `sources`. Raises ModelError when a source is not what the step expects."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _STEPS[step](sources, target)


def _copy(sources: Sequence[Path], target: Path) -> None:
    shutil.copyfile(sources[0], target)


def _concatenate(sources: Sequence[Path], target: Path) -> None:
    with target.open("wb") as joined:
        for source in sources:
            with source.open("rb") as part:
                shutil.copyfileobj(part, joined, 1 << 20)


def _remove_dropout(sources: Sequence[Path], target: Path) -> None:
    target.write_bytes(without_dropout(sources[0].read_bytes()))


_STEPS: dict[Step, Callable[[Sequence[Path], Path], None]] = {
    "copy": _copy,
    "concatenate": _concatenate,
    "remove_dropout": _remove_dropout,
}


def without_dropout(model: bytes) -> bytes:
    """A TFLite model whose dropout layers pass everything through.

    FastSpeech2 as exported by TensorFlowTTS keeps two dropout layers at inference: `x * scale * cast(random >= rate)`. Their
    `FlexRandomUniform` needs TensorFlow's own kernels, which the LiteRT runtime lacks, and they make the voice differ each time.
    They are neutralised in place, field by field of the TFLite schema, so that nothing is packed anew and the bytes do not
    depend on a library's version:

    - the comparison reads `x` itself instead of the random numbers, against the lowest float: always true;
    - the scale becomes 1;
    - the random operator, now read by nobody, becomes a cast of its shape input, which every runtime has.

    Raises ModelError when the graph has another form.
    """
    from ai_edge_litert import schema_py_generated as schema  # 0.3 s, needed once at set-up

    buffer = bytearray(model)
    graph = schema.Model.GetRootAs(buffer, 0)
    subgraph = graph.Subgraphs(0)
    operators = [subgraph.Operators(index) for index in range(subgraph.OperatorsLength())]
    codes = [graph.OperatorCodes(index) for index in range(graph.OperatorCodesLength())]
    kinds = [max(int(code.BuiltinCode()), int(code.DeprecatedBuiltinCode())) for code in codes]
    casts = [index for index, kind in enumerate(kinds) if kind == schema.BuiltinOperator.CAST]
    randoms = [op for op in operators if codes[op.OpcodeIndex()].CustomCode() == b"FlexRandomUniform"]
    if not randoms or not casts:
        raise ModelError("the TFLite model holds no dropout of the known form", remedy="use the step 'copy' for it")

    def constant(tensor: int) -> int:
        """Offset of a scalar float constant in the file."""
        data = graph.Buffers(subgraph.Tensors(tensor).Buffer())
        if data.DataLength() != 4:
            raise ModelError("a dropout constant of the TFLite model is no single float")
        return int(data._tab.Vector(data._tab.Offset(4)))  # noqa: SLF001 - flatbuffers has no public way to a field's place

    for random in randoms:
        compare = _only([op for op in operators if random.Outputs(0) in op.InputsAsNumpy()], "reader of the random numbers")
        mask = _only([op for op in operators if compare.Outputs(0) in op.InputsAsNumpy()], "reader of the comparison")
        product = _only([op for op in operators if mask.Outputs(0) in op.InputsAsNumpy()], "reader of the mask")
        scaled = next(tensor for tensor in product.InputsAsNumpy() if tensor != mask.Outputs(0))
        scale = _only([op for op in operators if scaled in op.OutputsAsNumpy()], "scaling operator")
        found = [kinds[op.OpcodeIndex()] for op in (compare, mask, product, scale)]
        known = schema.BuiltinOperator
        if found != [known.GREATER_EQUAL, known.CAST, known.MUL, known.MUL]:
            raise ModelError(f"a dropout of the TFLite model has another form (operators {found})")
        struct.pack_into("<f", buffer, constant(compare.Inputs(1)), _LOWEST_FLOAT32)
        struct.pack_into("<f", buffer, constant(scale.Inputs(1)), 1.0)
        inputs = compare._tab  # noqa: SLF001
        struct.pack_into("<i", buffer, inputs.Vector(inputs.Offset(6)), scale.Inputs(0))
        table = random._tab  # noqa: SLF001
        struct.pack_into("<I", buffer, table.Pos + table.Offset(4), casts[0])
    return bytes(buffer)


def _only(found: list[T], what: str) -> T:
    if len(found) != 1:
        raise ModelError(f"the TFLite model has {len(found)} operators as {what}, expected one")
    return found[0]

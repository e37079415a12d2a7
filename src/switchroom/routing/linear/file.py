"""A learned router as a file: a line that says what it is, a header of JSON, and packed numbers. Nothing in it is ever run."""

from __future__ import annotations

import os
import zlib
from hashlib import blake2b
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec.structs import replace

from switchroom.errors import UserError
from switchroom.routing.linear.calibration import Calibration
from switchroom.routing.linear.model import Linear
from switchroom.routing.linear.table import FAMILIES, Table
from switchroom.routing.thresholds import BINS, Curve

MAGIC = b"switchroom router\n"
VERSION = 1
LARGEST_HEADER = 8 << 20
LARGEST_BODY = 1 << 30
LONGEST_NAME = 1000
LARGEST = 1e6
"""What no weight, no shift and nothing of the calibration comes near."""


Count = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
Counts = Annotated[tuple[Count, ...], msgspec.Meta(min_length=BINS, max_length=BINS)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says of itself.

    Args:
        version: of its form.
        name: the router's.
        routes: their names.
        threshold: the confidence below which it abstains.
        examples: how many of each route it learned from.
        texts: in how many texts grams were counted.
        grams: how many are known.
        dense: numbers that an encoder makes of a text; 0 without one.
        calibration: temperature, slope, shift, scope.
        right, wrong, strange: what came of decisions about examples that were not seen.
        body: the length of the numbers, unpacked.
        digest: of all of this, with an empty digest, and of the packed numbers.
    """

    version: int
    name: Name
    routes: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1, max_length=100_000)]
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)]
    examples: tuple[Count, ...]
    texts: Count
    grams: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
    dense: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    calibration: tuple[float, float, float, float]
    right: Counts
    wrong: Counts
    strange: Counts
    body: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_BODY)]
    digest: str


class Saved(msgspec.Struct, frozen=True):
    """A router as it is kept: what it is called, its routes and how many examples each had, and what it learned."""

    name: str
    routes: tuple[str, ...]
    examples: tuple[int, ...]
    threshold: float
    curve: Curve
    model: Linear


def write(path: str | os.PathLike[str], saved: Saved) -> None:
    """Write a router, whole or not at all.

    Raises:
        UserError: the file cannot be written.
    """
    model, curve = saved.model, saved.curve
    grams = "\n".join(model.table.columns).encode()
    numbers = [
        np.array([len(grams)], dtype="<i8").tobytes(),
        grams,
        np.array(model.table.counts, dtype="<i4").tobytes(),
        model.weights.tobytes(),
        *(part.astype("<f4").tobytes() for part in (model.scales, model.shift, model.dense)),
    ]
    body = b"".join(numbers)
    packed = zlib.compress(body, 6)
    header = Header(
        version=VERSION,
        name=saved.name,
        routes=saved.routes,
        threshold=saved.threshold,
        examples=saved.examples,
        texts=model.table.texts,
        grams=len(model.table.columns),
        dense=len(model.dense),
        calibration=model.calibration[:4],
        right=curve.right,
        wrong=curve.wrong,
        strange=curve.strange,
        body=len(body),
        digest="",
    )
    said = msgspec.json.encode(replace(header, digest=_digest(header, packed)))
    place = Path(path)
    aside = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        try:
            aside.write_bytes(MAGIC + len(said).to_bytes(4, "little") + said + packed)
            os.replace(aside, place)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"The router cannot be written to {place}: {error.strerror or error}.") from error


def read(path: str | os.PathLike[str]) -> Saved:
    """Read a router.

    Raises:
        UserError: there is no such file; or it is no router, damaged, or of a newer version.
    """
    place = Path(path)
    try:
        content = place.read_bytes()
    except OSError as error:
        raise UserError(f"The router {place} cannot be read: {error.strerror or error}.") from error
    if not content.startswith(MAGIC):
        raise UserError(f"{place} is no router of Switchroom. Name a file that LearnedRouter.save wrote.")
    try:
        return _read(content)
    except _Newer as error:
        raise UserError(
            f"The router {place} was written by a newer Switchroom (form {error}; this one reads up to {VERSION}). "
            "Install a newer version, or train the router again."
        ) from error
    except (ValueError, RecursionError, zlib.error, MemoryError) as error:
        raise UserError(f"The router {place} is damaged ({error}). Train it again, or restore it from a backup.") from error


def _digest(header: Header, packed: bytes) -> str:
    digest = blake2b(msgspec.json.encode(replace(header, digest="")), digest_size=16)
    digest.update(packed)
    return digest.hexdigest()


class _Newer(ValueError):
    """A newer version wrote it."""


class _Version(msgspec.Struct):
    version: int


def _read(content: bytes) -> Saved:
    at = len(MAGIC) + 4
    length = int.from_bytes(content[len(MAGIC) : at], "little")
    if length > LARGEST_HEADER or at + length > len(content):
        raise ValueError("its header is cut off")
    said, packed = content[at : at + length], content[at + length :]
    if (version := msgspec.json.decode(said, type=_Version).version) > VERSION:
        raise _Newer(version)
    header = msgspec.json.decode(said, type=Header)
    if _digest(header, packed) != header.digest:
        raise ValueError("it is not what was written")
    unpacking = zlib.decompressobj()
    body = unpacking.decompress(packed, header.body + 1)  # not more, whatever it claims to hold
    if len(body) != header.body or not unpacking.eof:
        raise ValueError("it does not unpack to the length that it says")
    if len(set(header.routes)) != len(header.routes) or len(header.examples) != len(header.routes):
        raise ValueError("its routes contradict one another")
    curve = Curve(header.right, header.wrong, header.strange)
    return Saved(header.name, header.routes, header.examples, header.threshold, curve, _model(header, body))


def _model(header: Header, body: bytes) -> Linear:
    routes, grams = len(header.routes), header.grams
    texts = int.from_bytes(body[:8], "little")
    sizes = [texts, 4 * grams, grams * routes, 4 * grams, 4 * routes, 4 * header.dense * routes]
    if len(body) != 8 + sum(sizes):
        raise ValueError("its numbers are not as many as it says")
    parts: list[bytes] = []
    at = 8
    for size in sizes:
        parts.append(body[at : at + size])
        at += size
    columns = parts[0].decode().split("\n") if grams else []
    if len(columns) != grams or len(set(columns)) != grams or any(gram[:1] not in FAMILIES or not gram for gram in columns):
        raise ValueError("its grams are not as many as it says")
    counts = np.frombuffer(parts[1], dtype="<i4")
    scales, shift, dense = (np.frombuffer(part, dtype="<f4").astype(np.float32) for part in parts[3:])
    calibration = Calibration(*header.calibration)
    sane = all(bool((np.abs(part) <= LARGEST).all()) for part in (scales, shift, dense, np.array(calibration)))  # nor is nan
    sane = sane and calibration.temperature > 0 and calibration.slope > 0 and 0 <= calibration.scope <= 1
    if not sane or counts.min(initial=1) < 1 or counts.max(initial=1) > header.texts:
        raise ValueError("its numbers cannot be")
    weights = np.frombuffer(parts[2], dtype=np.int8).reshape(grams, routes)
    table = Table(columns, counts.tolist(), header.texts)
    return Linear(table, weights, scales, shift, dense.reshape(header.dense, routes), calibration)

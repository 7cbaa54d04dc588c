"""Landmarks as columns, and back: 33 points of image x, y, z, visibility, presence and of world x, y, z."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from motus_sessions.projection.records import PersonSeen
from motus_sessions.projection.table import NOT_PROVIDED, Table

POINTS = 33
IMAGE = ("x", "y", "z", "visibility", "presence")
WORLD = ("x", "y", "z")
COLUMNS = tuple(f"image.{point}.{axis}" for point in range(POINTS) for axis in IMAGE) + tuple(
    f"world.{point}.{axis}" for point in range(POINTS) for axis in WORLD
)
IMAGE_COLUMNS = POINTS * len(IMAGE)
WORLD_COLUMNS = POINTS * len(WORLD)
IMAGE_BYTES, WORLD_BYTES = 4 * IMAGE_COLUMNS, 4 * WORLD_COLUMNS

_BITS = np.arange(POINTS, dtype=np.uint64)


def table_of(seen: Sequence[tuple[int, PersonSeen | None]]) -> Table:
    """Landmarks of one participant as a table.

    Args:
        seen: time in microseconds and the person, None where not seen; in any order.
    """
    blank = PersonSeen("", 0, bytes(IMAGE_BYTES), b"")
    ordered = [(t_us, person or blank) for t_us, person in sorted(seen, key=lambda one: one[0])]
    rows = b"".join(person.image + (person.world or bytes(WORLD_BYTES)) for _, person in ordered)
    values = np.frombuffer(rows, "<f4").reshape(len(ordered), len(COLUMNS))
    mask = np.array([person.presence_mask for _, person in ordered], np.uint64)
    world = np.array([bool(person.world) for _, person in ordered])
    there = ((mask[:, None] >> _BITS) & np.uint64(1)).astype(bool)
    present = np.hstack((np.repeat(there, len(IMAGE), axis=1), np.repeat(there & world[:, None], len(WORLD), axis=1)))
    return Table(
        np.array([t_us for t_us, _ in ordered], np.int64),
        COLUMNS,
        np.where(present, values, 0).astype(np.float32),
        np.where(present, 0, NOT_PROVIDED).astype(np.uint8),
        (0,) * len(COLUMNS),
    )


def persons_of(table: Table) -> list[PersonSeen | None]:
    """The person of each row of such a table, without the participant's id; None where nobody was seen."""
    image = table.values[:, :IMAGE_COLUMNS].astype("<f4")
    world = table.values[:, IMAGE_COLUMNS:].astype("<f4")
    there = table.absences[:, : IMAGE_COLUMNS : len(IMAGE)] == 0
    with_world: NDArray[np.bool_] = (table.absences[:, IMAGE_COLUMNS:] == 0).any(axis=1)
    masks = (there.astype(np.uint64) << _BITS).sum(axis=1)
    return [
        PersonSeen("", int(mask), image[row].tobytes(), world[row].tobytes() if with_world[row] else b"")
        if mask
        else None
        for row, mask in enumerate(masks)
    ]

"""The athlete's surface: one mesh per bone, built of lofts and ellipsoids in the bone's own axes.

Axes of a bone: x front, y left, z up, origin at its near joint; limbs hang along -z. Sizes are metres.
"""

from collections.abc import Sequence

import numpy as np
import pyvista as pv

from motus_samples.athlete import Colour, Look
from motus_samples.body import SIDES, Array, Build, Side

RING = 16
"""Points around a loft."""

Station = tuple[float, float, float, float]
"""A loft's ellipse: height, half depth (x), half width (y), and how far it is set to the front."""


def figure(build: Build, look: Look, *, weights: bool) -> dict[str, pv.PolyData]:
    """Return the coloured mesh of each bone by its name; `weights` puts a dumbbell into each hand."""
    stature = build.stature
    meshes = {"trunk": _trunk(build, look), "head": _head(stature, look)}
    for side in SIDES:
        meshes[f"{side}_upper_arm"] = _upper_arm(build, look)
        meshes[f"{side}_forearm"] = _paint(_limb(build.forearm, _scaled(build, FOREARM)), look.skin)
        meshes[f"{side}_hand"] = _hand(build, look, side, weights=weights)
        meshes[f"{side}_thigh"] = _thigh(build, look)
        meshes[f"{side}_shank"] = _shank(build, look)
        meshes[f"{side}_foot"] = _foot(build, look)
    return meshes


UPPER_ARM = ((0.0, 0.029), (0.25, 0.029), (0.55, 0.026), (1.0, 0.022))
FOREARM = ((0.0, 0.022), (0.22, 0.0245), (0.6, 0.019), (1.0, 0.0145))
THIGH = ((0.0, 0.050), (0.2, 0.051), (0.6, 0.041), (1.0, 0.031))
SHANK = ((0.0, 0.031), (0.1, 0.029), (0.3, 0.034), (0.65, 0.024), (1.0, 0.019))


def _scaled(build: Build, profile: Sequence[tuple[float, float]], wider: float = 1.0) -> list[tuple[float, float]]:
    return [(share, radius * build.stature * build.girth * wider) for share, radius in profile]


def _limb(length: float, profile: Sequence[tuple[float, float]], start: float = 0.0, end: float = 1.0) -> pv.PolyData:
    """Return a tapered capsule along -z from share `start` to `end` of a length; the profile is (share, radius)."""
    shares, radii = (np.array(column) for column in zip(*profile, strict=True))
    grid = np.linspace(start, end, 9)
    radius = np.interp(grid, shares, radii)
    stations = [(-share * length, size, size, 0.0) for share, size in zip(grid, radius, strict=True)]
    return loft([*_cap(stations[0], 1.0), *stations, *_cap(stations[-1], -1.0)])


def _cap(station: Station, direction: float) -> list[Station]:
    """Return the stations of a half ellipsoid on a station's end."""
    height, depth, width, front = station
    rounds = np.radians([80, 60, 40, 20] if direction > 0 else [20, 40, 60, 80])
    size = min(depth, width)
    return [
        (height + direction * size * float(np.sin(a)), depth * float(np.cos(a)), width * float(np.cos(a)), front)
        for a in rounds
    ]


def loft(stations: Sequence[Station]) -> pv.PolyData:
    """Return the closed surface through ellipses, from the first to the last."""
    turn = np.linspace(0, 2 * np.pi, RING, endpoint=False)
    rings = [
        np.stack([front + depth * np.cos(turn), width * np.sin(turn), np.full(RING, height)], axis=-1)
        for height, depth, width, front in stations
    ]
    ends = [[stations[0][3], 0.0, stations[0][0]], [stations[-1][3], 0.0, stations[-1][0]]]
    points = np.concatenate([*rings, np.array(ends)])
    faces: list[list[int]] = []
    count = len(rings)
    for here in range(RING):
        there = (here + 1) % RING
        for ring in range(count - 1):
            low, high = ring * RING, (ring + 1) * RING
            faces.append([4, low + here, low + there, high + there, high + here])
        last = (count - 1) * RING
        faces.append([3, count * RING, there, here])
        faces.append([3, count * RING + 1, last + here, last + there])
    return pv.PolyData(points, np.concatenate([np.array(face) for face in faces]))


def _ball(centre: Sequence[float], radii: Sequence[float]) -> pv.PolyData:
    ball = pv.Sphere(radius=1.0, theta_resolution=14, phi_resolution=10)
    ball.points = np.asarray(ball.points) * np.array(radii) + np.array(centre)
    return ball


def _paint(mesh: pv.PolyData, colour: Colour) -> pv.PolyData:
    """Return the mesh with its colour and smooth normals."""
    plain = pv.PolyData(np.asarray(mesh.points, dtype=np.float32), mesh.faces)
    painted: pv.PolyData = plain.compute_normals(
        cell_normals=False, point_normals=True, consistent_normals=True, auto_orient_normals=True, split_vertices=False
    )
    painted.point_data["rgb"] = np.tile(np.array(colour, dtype=np.uint8), (painted.n_points, 1))
    return painted


def _join(parts: Sequence[pv.PolyData]) -> pv.PolyData:
    joined: pv.PolyData = pv.merge(list(parts), merge_points=False).extract_surface(algorithm="dataset_surface")
    return joined


def _trunk(build: Build, look: Look) -> pv.PolyData:
    s, girth, length = build.stature, build.girth, build.trunk
    shirt = [
        (0.13 * length, 0.058, 0.088, 0.004),
        (0.38 * length, 0.054, 0.080, 0.004),
        (0.62 * length, 0.063, 0.094, 0.006),
        (0.85 * length, 0.063, 0.104, 0.004),
        (0.96 * length, 0.052, 0.104, 0.0),
        (1.03 * length, 0.042, 0.080, 0.0),
        (1.09 * length, 0.032, 0.045, 0.0),
    ]
    hips = [
        (-0.19 * length, 0.036, 0.060, 0.0),
        (-0.12 * length, 0.055, 0.088, -0.004),
        (0.0, 0.062, 0.097, -0.005),
        (0.14 * length, 0.057, 0.090, 0.0),
        (0.18 * length, 0.050, 0.080, 0.0),
    ]
    neck = [(1.0 * length, 0.033, 0.034, 0.0), (1.12 * length, 0.030, 0.031, 0.004), (1.3 * length, 0.029, 0.03, 0.012)]
    return _join(
        [
            _paint(loft(_sized(shirt, s, girth)), look.shirt),
            _paint(loft(_sized(hips, s, girth)), look.shorts),
            _paint(loft(_sized(neck, s, girth)), look.skin),
        ]
    )


def _sized(stations: Sequence[Station], stature: float, girth: float) -> list[Station]:
    return [
        (height, depth * stature * girth, width * stature * girth, front * stature)
        for height, depth, width, front in stations
    ]


def _head(stature: float, look: Look) -> pv.PolyData:
    def ball(x: float, y: float, z: float, rx: float, ry: float, rz: float, colour: Colour) -> pv.PolyData:
        centre, radii = (x * stature, y * stature, z * stature), (rx * stature, ry * stature, rz * stature)
        return _paint(_ball(centre, radii), colour)

    lip: Colour = (168, 84, 80)
    brow: Colour = (look.hair[0] // 2, look.hair[1] // 2, look.hair[2] // 2)
    parts = [
        ball(0.0, 0.0, 0.008, 0.056, 0.044, 0.056, look.skin),
        ball(0.012, 0.0, -0.026, 0.042, 0.036, 0.040, look.skin),
        ball(0.056, 0.0, -0.006, 0.010, 0.0065, 0.012, look.skin),
        ball(0.060, 0.0, -0.010, 0.009, 0.008, 0.006, look.skin),
        ball(0.050, 0.0, -0.036, 0.006, 0.015, 0.0045, lip),
        ball(-0.008, 0.0, 0.022, 0.056, 0.047, 0.050, look.hair),
        ball(-0.022, 0.0, 0.002, 0.042, 0.045, 0.040, look.hair),
    ]
    for side in (-1.0, 1.0):
        parts += [
            ball(0.000, side * 0.044, -0.006, 0.010, 0.005, 0.016, look.skin),
            ball(0.0465, side * 0.018, 0.008, 0.006, 0.0095, 0.0055, (245, 245, 245)),
            ball(0.0515, side * 0.018, 0.008, 0.0025, 0.0045, 0.0048, (40, 30, 26)),
            ball(0.049, side * 0.019, 0.0185, 0.006, 0.012, 0.0028, brow),
        ]
    if look.long_hair:
        parts += [ball(-0.062, 0.0, 0.012, 0.020, 0.018, 0.020, look.hair)]
        parts += [ball(-0.072, 0.0, -0.030, 0.014, 0.014, 0.044, look.hair)]
    return _join(parts)


def _upper_arm(build: Build, look: Look) -> pv.PolyData:
    skin = _paint(_limb(build.upper_arm, _scaled(build, UPPER_ARM)), look.skin)
    sleeve = _paint(_limb(build.upper_arm, _scaled(build, UPPER_ARM, 1.16), 0.0, 0.42), look.shirt)
    return _join([skin, sleeve])


def _thigh(build: Build, look: Look) -> pv.PolyData:
    if look.long_trousers:
        return _paint(_limb(build.thigh, _scaled(build, THIGH, 1.08)), look.shorts)
    skin = _paint(_limb(build.thigh, _scaled(build, THIGH)), look.skin)
    return _join([skin, _paint(_limb(build.thigh, _scaled(build, THIGH, 1.12), 0.0, 0.55), look.shorts)])


def _shank(build: Build, look: Look) -> pv.PolyData:
    if look.long_trousers:
        return _paint(_limb(build.shank, _scaled(build, SHANK, 1.12), 0.0, 0.97), look.shorts)
    skin = _paint(_limb(build.shank, _scaled(build, SHANK)), look.skin)
    return _join([skin, _paint(_limb(build.shank, _scaled(build, SHANK, 1.1), 0.82, 1.0), (238, 238, 238))])


def _foot(build: Build, look: Look) -> pv.PolyData:
    """Return a shoe around the foot's frame, whose origin is the ankle."""
    heel, length, height, stature = build.heel_length, build.foot, build.ankle_height, build.stature
    toe = length - heel
    upper = _ball((0.32 * toe, 0, -0.55 * height), (0.56 * length, 0.027 * stature, 0.46 * height))
    collar = _ball((-0.1 * heel, 0, -0.3 * height), (0.95 * heel, 0.025 * stature, 0.62 * height))
    sole = _ball((0.5 * (toe - heel), 0, -0.86 * height), (0.52 * length, 0.030 * stature, 0.15 * height))
    return _join([_paint(upper, look.shoes), _paint(collar, look.shoes), _paint(sole, (210, 210, 206))])


def _hand(build: Build, look: Look, side: Side, *, weights: bool) -> pv.PolyData:
    size, medial = build.hand, -1.0 if side == "left" else 1.0
    palm = _ball((0, 0, -0.42 * size), (0.22 * size, 0.11 * size, 0.45 * size))
    fingers = _ball((0, 0.03 * medial * size, -0.8 * size), (0.19 * size, 0.085 * size, 0.3 * size))
    thumb = _ball((0.2 * size, 0.06 * medial * size, -0.42 * size), (0.08 * size, 0.08 * size, 0.22 * size))
    parts = [_paint(part, look.skin) for part in (palm, fingers, thumb)]
    return _join([*parts, _dumbbell(size)]) if weights else _join(parts)


def _dumbbell(size: float) -> pv.PolyData:
    """Return a dumbbell held across the palm, along the hand's front."""
    at = np.array([0.0, 0.0, -0.55 * size])

    def bar(start: float, end: float, radius: float) -> pv.PolyData:
        along = np.array([1.0, 0.0, 0.0])
        middle = at + along * (start + end) / 2 * size
        cylinder = pv.Cylinder(center=middle, direction=along, radius=radius * size, height=(end - start) * size)
        triangles: pv.PolyData = cylinder.triangulate()
        return triangles

    steel: Colour = (56, 58, 64)
    return _join(
        [_paint(bar(*plate), steel) for plate in ((-0.6, 0.6, 0.07), (-0.62, -0.32, 0.25), (0.32, 0.62, 0.25))]
    )


def bone_origins(points: dict[str, Array]) -> dict[str, Array]:
    """Return where each bone's mesh has its origin, (frames, 3) by bone name."""
    origins = {"trunk": points["pelvis"], "head": points["head"]}
    joints = {"upper_arm": "shoulder", "forearm": "elbow", "hand": "wrist"}
    joints |= {"thigh": "hip", "shank": "knee", "foot": "ankle"}
    for side in SIDES:
        origins |= {f"{side}_{bone}": points[f"{side}_{joint}"] for bone, joint in joints.items()}
    return origins

"""Simulated mammograms with known calcium, for learning what it looks like and for testing what is found."""

from calcimetry.phantom.breast.decoys import Decoy
from calcimetry.phantom.breast.groups import DISTRIBUTIONS
from calcimetry.phantom.breast.insert import Inserted, insert_calcium, outline_of
from calcimetry.phantom.breast.mammogram import (
    Contents,
    SimulatedGroup,
    SimulatedMammogram,
    SimulatedParticle,
    local_noise,
    mammogram,
    put,
)
from calcimetry.phantom.breast.particles import MORPHOLOGIES, Particle, Placed2D, Solid, draw, thickness
from calcimetry.phantom.breast.protocols import PROTOCOLS, MammogramProtocol
from calcimetry.phantom.breast.slices import SimulatedSlices, simulated_slices

__all__ = [
    "DISTRIBUTIONS",
    "MORPHOLOGIES",
    "PROTOCOLS",
    "Contents",
    "Decoy",
    "Inserted",
    "MammogramProtocol",
    "Particle",
    "Placed2D",
    "SimulatedGroup",
    "SimulatedMammogram",
    "SimulatedParticle",
    "SimulatedSlices",
    "Solid",
    "draw",
    "insert_calcium",
    "local_noise",
    "mammogram",
    "outline_of",
    "put",
    "simulated_slices",
    "thickness",
]

"""The application, where the SDK has it."""

from switchroom.compat.atoms.server import AtomsApp as AtomsApp

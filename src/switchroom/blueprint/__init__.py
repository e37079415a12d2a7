"""Blueprints: what an application is made of, known without running it."""

from switchroom.blueprint.parts import Blueprint as Blueprint
from switchroom.blueprint.parts import Deeds as Deeds
from switchroom.blueprint.parts import Habits as Habits
from switchroom.blueprint.parts import Line as Line
from switchroom.blueprint.parts import Part as Part
from switchroom.blueprint.parts import Stranger as Stranger
from switchroom.blueprint.parts import ToolPart as ToolPart
from switchroom.blueprint.parts import Unused as Unused
from switchroom.blueprint.reading import blueprint_of as blueprint_of
from switchroom.blueprint.reading import steps_in as steps_in
from switchroom.blueprint.reading import unread as unread
from switchroom.blueprint.steps import is_step as is_step
from switchroom.blueprint.steps import is_translatable as is_translatable
from switchroom.blueprint.steps import translates as translates
from switchroom.blueprint.unused import unused_beside as unused_beside

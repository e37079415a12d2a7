"""Applications drawn: as text, as a Mermaid flowchart, as SVG, as JSON."""

from switchroom.draw.mermaid import mermaid_of as mermaid_of
from switchroom.draw.plain import json_of as json_of
from switchroom.draw.svg import svg_of as svg_of
from switchroom.draw.text import text_of as text_of

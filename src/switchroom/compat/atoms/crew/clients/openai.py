"""The chat client, where the SDK has it."""

from switchroom.compat.atoms.client import OpenAIClient as OpenAIClient

"""What may be missing before an application answers: findings, each with its remedy."""

from switchroom.cli.diagnosis.finding import Finding as Finding
from switchroom.cli.diagnosis.finding import Level as Level

"""SupportGenie: a shop's support desk, answered by a team of specialised agents."""

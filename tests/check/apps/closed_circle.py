"""Nodes in a circle that no message can enter and nobody leaves."""

from switchroom import Node, Session

app = Session()
for name in ("one", "two"):
    app.add_node(Node(name))
app.add_edge("one", "two")
app.add_edge("two", "one")

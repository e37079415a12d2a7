"""A sentence encoder from a file, beside words: what was never written is known by what it means."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from switchroom import UserError
from switchroom.routing import LearnedRouter
from switchroom.routing.onnx import OnnxEncoder

# Words of one meaning stand in one line.
MEANINGS = ("parcel package box shipment", "invoice bill receipt", "late slow delayed", "where", "my", "is", "the", "send")
EXAMPLES = [
    ("where is my parcel", "orders"),
    ("the parcel is late", "orders"),
    ("my parcel", "orders"),
    ("send my invoice", "billing"),
    ("where is the invoice", "billing"),
    ("my invoice", "billing"),
]


def written(folder: Path, *, width: int = len(MEANINGS), pooled: bool = False) -> Path:
    """A model and its tokenizer: a real one, which knows of a word only its meaning."""
    onnx: Any = import_module("onnx")
    tokenizers: Any = import_module("tokenizers")
    vocabulary = {"[PAD]": 0, "[UNK]": 1}
    rows: list[NDArray[np.float32]] = [np.zeros(width, dtype=np.float32)] * 2
    for place, line in enumerate(MEANINGS):
        for word in line.split():
            vocabulary[word] = len(vocabulary)
            rows.append(np.eye(width, dtype=np.float32)[place])
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))
    helper, kinds = onnx.helper, onnx.TensorProto
    table = onnx.numpy_helper.from_array(np.array(rows), "table")
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens"])]
    if pooled:
        nodes.append(helper.make_node("ReduceMax", ["tokens"], ["sentence"], axes=[1], keepdims=0))
    shape = ["batch", width] if pooled else ["batch", "length", width]
    graph = helper.make_graph(
        nodes,
        "meanings",
        [helper.make_tensor_value_info("input_ids", kinds.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info("sentence" if pooled else "tokens", kinds.FLOAT, shape)],
        [table],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "model.onnx"))
    return folder


def test_texts_of_different_length_are_each_the_mean_of_their_words(tmp_path: Path):
    rows = OnnxEncoder(written(tmp_path))(["parcel", "my parcel is late"])
    assert rows.tolist() == [[1, 0, 0, 0, 0, 0, 0, 0], [0.25, 0, 0.25, 0, 0.25, 0.25, 0, 0]]


def test_a_model_that_says_one_row_is_taken_at_its_word(tmp_path: Path):
    rows = OnnxEncoder(written(tmp_path, pooled=True) / "model.onnx")(["my parcel"])
    assert rows.tolist() == [[1, 0, 0, 0, 1, 0, 0, 0]]


def test_a_router_with_an_encoder_knows_what_words_mean_that_it_never_read(tmp_path: Path):
    encoder = OnnxEncoder(written(tmp_path))
    plain, fused = LearnedRouter.fit(EXAMPLES), LearnedRouter.fit(EXAMPLES, encoder=encoder)
    unread = [("package", "orders"), ("box", "orders"), ("bill", "billing"), ("receipt", "billing")]
    assert [fused.decide(text).candidates[0][0] for text, _ in unread] == [route for _, route in unread]
    gained = [
        dict(fused.decide(text).candidates)[route] - dict(plain.decide(text).candidates).get(route, 0.5)
        for text, route in unread
    ]
    assert min(gained) > 0
    fused.save(tmp_path / "fused.router")
    again = LearnedRouter.load(tmp_path / "fused.router", encoder=encoder)
    assert again.decide("the box").candidates == fused.decide("the box").candidates


def test_another_encoder_than_it_learned_with_is_refused(tmp_path: Path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    router = LearnedRouter.fit(EXAMPLES, encoder=OnnxEncoder(written(tmp_path / "one")))
    router.save(tmp_path / "saved.router")
    wider = OnnxEncoder(written(tmp_path / "other", width=12))
    with pytest.raises(UserError, match="gives 12 numbers for a text, and the router learned with 8"):
        LearnedRouter.load(tmp_path / "saved.router", encoder=wider).decide("parcel")


def test_files_that_are_missing_or_no_models_are_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"There is no ONNX model at .*nowhere"):
        OnnxEncoder(tmp_path / "nowhere")
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"There is no tokenizer\.json beside"):
        OnnxEncoder(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match="cannot be read as an ONNX model"):
        OnnxEncoder(tmp_path)
    written(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match="cannot be read as a tokenizer"):
        OnnxEncoder(tmp_path)

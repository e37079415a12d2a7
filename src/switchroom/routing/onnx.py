"""A sentence encoder from a file: meaning as numbers, for a learned router, without the network (`switchroom[semantic]`)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from switchroom.errors import UserError


class OnnxEncoder:
    """Makes rows of numbers of texts by a model in the ONNX format, as sentence encoders are published in.

    What the model says of each piece of a text is averaged over the text, as these models were trained to be read; a model that
    says one row for a text is taken at its word. Nothing is fetched: the files have to be there.

    Args:
        model: the model's file, or a folder with `model.onnx`, also as `onnx/model.onnx`.
        tokenizer: the file `tokenizer.json` that belongs to it; by default the one in the model's folder or the one above.
        longest: pieces of a text that are read; most of these models take 256 or 512.
        threads: how many the model may use; one is best where other work is going on.

    Raises:
        UserError: a file is missing or is none of its kind, or the libraries are not installed.
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        tokenizer: str | os.PathLike[str] | None = None,
        *,
        longest: int = 256,
        threads: int = 1,
    ) -> None:
        place = _file(Path(model), "model.onnx", "onnx/model.onnx")
        words = Path(tokenizer) if tokenizer is not None else _beside(place)
        runtime, tokenizers = _library("onnxruntime"), _library("tokenizers")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            self._session: Any = runtime.InferenceSession(str(place), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise UserError(f"{place} cannot be read as an ONNX model: {error}") from error
        try:
            self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(words))
        except Exception as error:
            raise UserError(f"{words} cannot be read as a tokenizer: {error}") from error
        self._tokenizer.enable_truncation(longest)
        self._tokenizer.enable_padding()
        self._inputs = [given.name for given in self._session.get_inputs()]
        for name in self._inputs:
            if name not in _GIVEN:
                raise UserError(f"{place} wants '{name}', and an encoder of sentences takes {list(_GIVEN)}.")

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """A row for each text.

        Args:
            texts: the texts, at least one.
        """
        return np.concatenate([self._rows(texts[at : at + _AT_ONCE]) for at in range(0, len(texts), _AT_ONCE)])

    def _rows(self, texts: Sequence[str]) -> NDArray[np.float32]:
        read = self._tokenizer.encode_batch(list(texts))
        mask = np.array([one.attention_mask for one in read], dtype=np.int64)
        given = {
            "input_ids": np.array([one.ids for one in read], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        told = np.asarray(self._session.run(None, {name: given[name] for name in self._inputs})[0], dtype=np.float32)
        if told.ndim == 2:
            return told
        shares = mask[:, :, None].astype(np.float32)
        return (told * shares).sum(axis=1) / np.maximum(shares.sum(axis=1), 1)


_GIVEN = ("input_ids", "attention_mask", "token_type_ids")
_AT_ONCE = 64


def _file(given: Path, *names: str) -> Path:
    places = [given, *(given / name for name in names)]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise UserError(f"There is no ONNX model at {given}. Give the file, or a folder that holds {' or '.join(names)}.")
    return found


def _beside(model: Path) -> Path:
    found = next((place / "tokenizer.json" for place in model.parents[:2] if (place / "tokenizer.json").is_file()), None)
    if found is None:
        raise UserError(f"There is no tokenizer.json beside {model}. Pass tokenizer=, the file that belongs to the model.")
    return found


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise UserError(f"An encoder needs the library {name}. Install it with: pip install 'switchroom[semantic]'") from error

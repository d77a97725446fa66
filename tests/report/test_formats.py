"""What is rendered in pieces reads as it does in one."""

import json

import pytest

from reconciler.printable import harmless_json
from reconciler.report import formats
from reconciler.report.formats import Collected, render_json

VALUE = {
    "lines": ["##[error]a\nb", "::stop::", "\x1b[1m"],
    "many": [{"n": n, "empty": [], "none": {}} for n in range(40)],
}


@pytest.mark.parametrize("size", [0, 1, 7, 10_000])
def test_json_is_one_value_in_pieces_of_whole_lines(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(formats, "PIECES", size)
    pieces = list(render_json(Collected(documents=[VALUE])))
    whole = json.dumps(VALUE, indent=2, ensure_ascii=False) + "\n"
    assert "".join(pieces) == whole
    assert all(piece.endswith("\n") for piece in pieces)
    assert "".join(map(harmless_json, pieces)) == harmless_json(whole)

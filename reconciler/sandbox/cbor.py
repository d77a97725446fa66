"""CBOR (RFC 8949), as far as the rpc-v2-cbor protocol of AWS uses it for text, numbers, lists and maps."""

from collections.abc import Iterator
from itertools import chain

from botocore.parsers import BaseCBORParser, ResponseParserError

from reconciler.model import Json

UNSIGNED, NEGATIVE, TEXT, LIST, MAP = 0, 1, 3, 4, 5
SIMPLE = {False: b"\xf4", True: b"\xf5", None: b"\xf6"}
SIZES = ((24, 1), (25, 2), (26, 4), (27, 8))  # what the first byte says, and how many bytes follow
IN_FIRST_BYTE = 24  # arguments below fit into it


def encoded(value: Json) -> bytes:
    return b"".join(_parts(value))


def decoded(data: bytes) -> Json:
    """Return the value; nothing is an empty map. Raises `ValueError`."""
    parser = BaseCBORParser()
    try:
        return parser.parse_data_item(parser.get_peekable_stream_from_bytes(data)) if data else {}
    except ResponseParserError as wrong:
        raise ValueError(f"the body is not CBOR: {wrong}") from wrong


def _parts(value: Json) -> Iterator[bytes]:
    match value:
        case None | bool():
            yield SIMPLE[value]
        case int():
            yield _head(UNSIGNED, value) if value >= 0 else _head(NEGATIVE, -1 - value)
        case str():
            data = value.encode()
            yield _head(TEXT, len(data)) + data
        case list() | tuple():
            yield _head(LIST, len(value))
            yield from chain.from_iterable(map(_parts, value))
        case dict():
            yield _head(MAP, len(value))
            for pair in value.items():
                yield from chain.from_iterable(map(_parts, pair))
        case _:
            raise TypeError(f"{type(value).__name__} has no form here")


def _head(major: int, argument: int) -> bytes:
    """Return the first byte, whose upper three bits are the type, and the argument where that does not fit into it."""
    if argument < IN_FIRST_BYTE:
        return bytes([major << 5 | argument])
    says, size = next((says, size) for says, size in SIZES if argument < 1 << 8 * size)
    return bytes([major << 5 | says]) + argument.to_bytes(size, "big")

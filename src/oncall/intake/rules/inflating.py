"""Compressed bodies: undone within bounds, and why one that is still compressed cannot be read."""

import re
import zlib
from contextlib import suppress

MAX_INFLATED = 4 * 1024 * 1024
GZIP = b"\x1f\x8b"
WBITS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}  # senders of "deflate" disagree on whether it has zlib's frame
MAX_LAYERS, MAX_MEMBERS_OF_GZIP = 3, 100

NAME = re.compile(r"[a-z0-9-]{1,20}")
AS_IT_IS = {"identity", "aws-chunked"}
OTHERS = {"br", "bz2", "bzip2", "compress", "lz4", "lzma", "snappy", "x-compress", "xz", "zstd"}
"""Ways to compress that are not undone here."""


def inflate(raw: bytes, encoding: str, limit: int = MAX_INFLATED) -> bytes:
    """Undo gzip and deflate, whether or not they are announced, to at most `limit` bytes a layer; what cannot be inflated, or grows beyond,
    stays as it is (and becomes unreadable).
    """
    for name in reversed(encoding.split(",")[-MAX_LAYERS:]):
        raw = _inflated(raw, WBITS.get(name.strip(), ()), limit)
    for _ in range(MAX_LAYERS):
        if not raw.startswith(GZIP) or raw == (inflated := _inflated(raw, WBITS["gzip"], limit)):
            break
        raw = inflated
    return raw


def _inflated(raw: bytes, frames: tuple[int, ...], limit: int) -> bytes:
    for wbits in frames:
        with suppress(zlib.error):  # perhaps it is in the other frame; else the bytes stay as they came
            inflated, rest = b"", raw
            for _ in range(MAX_MEMBERS_OF_GZIP):
                inflater = zlib.decompressobj(wbits)
                inflated += inflater.decompress(rest, limit + 1 - len(inflated))
                rest = inflater.unused_data
                if not inflater.eof or len(inflated) > limit:
                    break
                if not rest:
                    return inflated
    return raw


def still_compressed(raw: bytes, encoding: str) -> str | None:
    """Why a body that is no text is not undone, by its first bytes or else by what its sender calls it; None if it is not compressed.

    What was undone is still called what it was when it came, so for gzip and deflate the name alone says nothing.
    """
    if raw.startswith(GZIP):
        return _why(raw, "gzip")
    for name in reversed([said.strip().lower() for said in encoding.split(",")]):
        if name == "deflate" and (_is_zlib(raw) or _grows_beyond(raw, name)):
            return _why(raw, name)
        if name not in WBITS and name not in AS_IT_IS and NAME.fullmatch(name):
            return f"it is compressed as {name}, which is not undone here: send gzip, deflate, or no Content-Encoding"
    return None


def names_other(encoding: str) -> bool:
    """Whether its sender calls it compressed, in a way that is not undone here."""
    return any(name.strip().lower() in OTHERS for name in encoding.split(","))


def called(encoding: str) -> str:
    """What its sender calls it, of the ways to compress that there are; empty if it calls it none of them."""
    names = [name.strip().lower() for name in encoding.split(",")]
    return ", ".join(name for name in names if name in WBITS or name in OTHERS)


def _why(raw: bytes, name: str) -> str:
    return f"it is {name} of more than {MAX_INFLATED // 1024} KiB" if _grows_beyond(raw, name) else f"it is {name}, cut off or damaged"


def _is_zlib(raw: bytes) -> bool:
    """By its first two bytes: https://www.rfc-editor.org/rfc/rfc1950 §2.2"""
    return len(raw) > 1 and raw[0] & 0x0F == 8 and int.from_bytes(raw[:2]) % 31 == 0


def _grows_beyond(raw: bytes, name: str) -> bool:
    for wbits in WBITS[name]:
        with suppress(zlib.error):
            held, rest = 0, raw
            for _ in range(MAX_MEMBERS_OF_GZIP):
                inflater = zlib.decompressobj(wbits)
                held += len(inflater.decompress(rest, MAX_INFLATED + 1 - held))
                rest = inflater.unused_data
                if held > MAX_INFLATED:
                    return True
                if not inflater.eof or not rest:
                    break
    return False

"""Verdicts that many machines share: a directory or a store such as S3, by fsspec.

Law: what the cache of one machine promises: the key is a digest of everything that a verdict depends on, and what is
read back is believed only with the digest that was written with it, so that a torn or changed entry is judged again.
Who can write to the store can write verdicts: name one whose writers you trust, or give all of them a secret,
GRADPROOF_STORE_KEY, without which no digest can be made. A store that cannot be used costs time, never the run.

What it cannot see: how old entries are; a store is emptied by whoever keeps it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import Any

from derivations.batch.cache import Remembered

KEY = "GRADPROOF_STORE_KEY"


class NoStore(ValueError):
    """An address of which there is no store here."""

    exit_status = 2


class Store(Remembered):
    """Verdicts below an address: `/shared/verdicts`, `s3://bucket/verdicts`, `memory://verdicts`."""

    def __init__(self, address: str, variant: str = "", key: str | None = None) -> None:
        """`key` is the secret; by default that of the environment. Raises NoStore where fsspec, or its part for this
        kind of address, is not installed."""
        super().__init__(variant)
        try:
            import fsspec

            files, root = fsspec.core.url_to_fs(address)
        except ModuleNotFoundError:
            raise NoStore("fsspec is not installed. To get it: pip install 'gradproof[cluster]'") from None
        except (ImportError, ValueError) as error:
            raise NoStore(f"--store {address}: {error}") from None
        self._files: Any = files
        self._root, self._address = root.rstrip("/"), address
        self._key = (os.environ.get(KEY, "") if key is None else key).encode()

    def _digest(self, entry: str, record: str) -> str:
        plain = super()._digest(entry, record)
        return hmac.new(self._key, plain.encode(), hashlib.sha256).hexdigest() if self._key else plain

    def _place(self, entry: str) -> str:
        return f"{self._root}/{entry[:2]}/{entry}"

    def _get(self, entry: str) -> tuple[str, str] | None:
        if self.trouble:
            return None
        try:
            digest, _, text = self._files.cat_file(self._place(entry)).decode("utf-8").partition("\n")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError:
            return None
        except Exception as error:  # each kind of store has errors of its own
            self._give_up(error)
            return None
        return digest, text

    def _put(self, entry: str, digest: str, text: str) -> None:
        if self.trouble:
            return
        place = self._place(entry)
        try:
            self._files.makedirs(place.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(place, f"{digest}\n{text}".encode())
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self.trouble = f"the store of verdicts is not used: {self._address}: {type(error).__name__}: {error}"

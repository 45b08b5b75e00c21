"""One file for each compilation of a kernel, whose name says which compilation it is.

numba numbers the files of a kernel's compilations as it finds them in an index, which it reads and
writes without a lock.  Two processes that compile a kernel for different arguments at once may take
the same number, and the index then leads one of them to machine code for the other's arguments.
Named by a digest of what was compiled, a file holds nothing else, and a lost line of the index
costs another compilation and no more.
"""

import hashlib
from typing import Any

from numba.core.caching import IndexDataCacheFile


class NamedCacheFiles(IndexDataCacheFile):  # type: ignore[misc]
    """numba's index of a kernel's compilations, with names in the place of numbers."""

    def save(self, key: Any, data: Any) -> None:
        """Keep a compilation; ``key`` holds the types, the processor and the digest of the code."""
        digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        name = f"{self._index_name.removesuffix('.nbi')}.{digest}.nbc"
        overloads = self._load_index()
        if overloads.get(key) != name:
            self._save_index({**overloads, key: name})
        self._save_data(name, data)


def name_cache_files(compiled: Any) -> None:
    """Let a compiled function that has a cache keep its machine code in named files."""
    cache, files = compiled._cache, compiled._cache._cache_file
    kernel = files._index_name.removesuffix(".nbi")
    cache._cache_file = NamedCacheFiles(files._cache_path, kernel, files._source_stamp)

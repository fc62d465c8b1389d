"""The child process that decodes images: what a hostile file breaks here, the engine does not notice.

A program of its own, run by its path: it imports nothing of this package. Reads a path a line from standard
input, answers with one line of JSON: `ok`, `pixels`, `why`, `unable`. Ends with its input.
"""

from __future__ import annotations

import json
import resource
import sys
import warnings

MOST_PIXELS = 120_000_000
_MEMORY = 1536 * 1024 * 1024
_CPU_S = 20


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # pipes are no files: answers still go out


def _limit_time() -> None:
    """So many seconds more of the processor, from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + _CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def decode(path: str) -> dict[str, object]:
    """Decode the first frame of an image, whole."""
    from PIL import Image, UnidentifiedImageError  # only the child loads it

    try:
        with Image.open(path) as image:
            pixels = image.width * image.height
            image.load()
        return {"ok": True, "pixels": pixels}
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        return {"ok": False, "bomb": True, "why": str(error)}
    except MemoryError:
        return {"ok": False, "bomb": True, "why": "it takes more memory than a figure may"}
    except UnidentifiedImageError:
        return {"ok": False, "unable": True, "why": "no decoder for it"}
    except Exception as error:
        unable = "not available" in str(error) or "unsupported" in str(error).lower()
        return {"ok": False, "unable": unable, "why": f"{type(error).__name__}: {error}"[:200]}


def main() -> None:
    """Answer until the input ends."""
    _limit_memory()
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    for line in sys.stdin:
        _limit_time()
        print(json.dumps(decode(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

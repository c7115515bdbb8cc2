"""Serve the built book on this machine: `python -m tools.serve [PORT]`."""

import functools
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from tools.notebooks import ROOT


def main(port: int) -> None:
    """Serve `_build/html` on 127.0.0.1 until interrupted."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=ROOT / "_build" / "html")
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    except (OSError, OverflowError) as error:
        sys.exit(f"serve: port {port} cannot be used ({error}); try another: make serve PORT=8001")
    print(f"The book is at http://127.0.0.1:{port}/ (Ctrl-C ends)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000)

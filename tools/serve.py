"""Serve the built book on this machine: `python -m tools.serve PORT`."""

import functools
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from tools.notebooks import ROOT


def main(port: str) -> None:
    """Serve `_build/html` on 127.0.0.1 until interrupted."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=ROOT / "_build" / "html")
    try:
        server = ThreadingHTTPServer(("127.0.0.1", int(port)), handler)
    except (ValueError, OSError, OverflowError) as error:
        sys.exit(f"serve: port {port} cannot be used ({error}); try another: make serve PORT=8001")
    print(f"The book is at http://127.0.0.1:{port}/ (Ctrl-C ends)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main(sys.argv[1])

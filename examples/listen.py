#!/usr/bin/env python3
"""Prints every callback that is posted to it: examples/listen.py [PORT], default 3000."""

import http.server
import sys


class Listener(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        print(self.path, body.decode(), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format, *args):
        pass


port = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
try:
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Listener).serve_forever()
except KeyboardInterrupt:
    pass

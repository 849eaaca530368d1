#!/usr/bin/python3
"""web_server.py BODY: an HTTP/1.1 server on port 80 whose answers are the same bytes on every machine.

One page for every path, sent in one piece; connections stay open until the client closes them.
"""
import socketserver
import sys


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        while self.rfile.readline().strip():
            while self.rfile.readline().strip():
                pass
            self.wfile.write(self.server.answer)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


with Server(("0.0.0.0", 80), Handler) as server:
    body = sys.argv[1].encode() + b"\n"
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    server.serve_forever()

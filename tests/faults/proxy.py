"""A network that fails on demand, between the service and PostgreSQL."""

import socket
import threading
import time


class Proxy:
    """Passes bytes on. `mode`: `pass`, `slow` (300 ms a packet), `swallow` (nothing arrives), `refuse` (nobody is there)."""

    def __init__(self, port):
        self.to = ("127.0.0.1", port)
        self.mode = "pass"
        self.pairs, self.lock = [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Breaks every connection off."""
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                try:
                    # Not a polite goodbye.
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                if self.mode == "refuse":
                    raise OSError
                server = socket.create_connection(self.to, 5)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.pairs.append((client, server))
            for source, to in ((client, server), (server, client)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._pass, args=(source, to), daemon=True).start()

    def _pass(self, source, to):
        try:
            while data := source.recv(65536):
                if self.mode == "slow":
                    time.sleep(0.3)
                while self.mode == "swallow":
                    time.sleep(0.05)
                to.sendall(data)
        except OSError:
            pass
        for end in (source, to):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

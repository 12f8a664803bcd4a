#!/usr/bin/env python3
"""tcp-proxy.py - a TCP proxy on 127.0.0.1 whose network a test can cut, stall, slow down and mend.

Usage:  tests/support/tcp-proxy.py --listen PORT --to [HOST:]PORT [--control PORT] [--dir DIR]
        tests/support/tcp-proxy.py --send COMMAND --control PORT     sends one command, prints the answer

A PORT of 0 means a free one. With --dir, DIR/proxy.env gets PROXY_PORT, PROXY_CONTROL_PORT and PROXY_PID once it
listens (the file appears whole). It ends on SIGTERM.

Commands, one a line on the control port; the answer is `ok ...` or `error ...`:
    pass          forward everything (the state at start)
    stall         keep the connections and accept new ones, forward nothing (a black hole: no reset, no answer)
    cut           reset the connections there are and every new one at once (a host that is down)
    reset         reset the connections there are, then go on as before (a short blip)
    cut-after N   cut once N more bytes have gone to the client (a connection lost in mid-message)
    delay MS      hold every piece for MS milliseconds (0: none)
    rate BYTES    at most so many bytes a second in each direction of a connection (0: no bound)
    stats         connections=N accepted=N to_server=BYTES to_client=BYTES state=...
    quit

Signals do the usual three without a control port: USR1 cut, USR2 pass, HUP stall.
"""

import argparse
import asyncio
import os
import signal
import socket
import struct
import sys


class Proxy:
    """One listening port, its connections, and the state of the network between the two sides."""

    def __init__(self, host, port):
        self.target = (host, port)
        self.state = "pass"
        self.moving = asyncio.Event()
        self.moving.set()
        self.delay = 0.0
        self.rate = 0
        self.cut_after = None
        self.links = set()
        self.accepted = 0
        self.sent = {"to_server": 0, "to_client": 0}
        self.done = asyncio.Event()

    def set_state(self, state):
        self.state = state
        if state == "stall":
            self.moving.clear()
        else:
            self.moving.set()
        if state == "cut":
            self.reset_all()

    def reset_all(self):
        for writer in list(self.links):
            reset(writer)
        return len(self.links)

    async def serve(self, reader, writer):
        self.accepted += 1
        if self.state == "cut":
            reset(writer)
            return
        self.links.add(writer)
        remote = None
        try:
            await self.moving.wait()
            remote_reader, remote = await asyncio.open_connection(*self.target)
            self.links.add(remote)
            if self.state == "cut":
                self.reset_all()
            await asyncio.gather(
                self.pump(reader, remote, "to_server"),
                self.pump(remote_reader, writer, "to_client"),
            )
        except (OSError, asyncio.IncompleteReadError):
            reset(writer)
            if remote:
                reset(remote)
        finally:
            for end in (writer, remote):
                if end:
                    self.links.discard(end)
                    end.close()

    async def pump(self, reader, writer, direction):
        while True:
            data = await reader.read(65536)
            await self.moving.wait()
            if not data:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            if self.delay:
                await asyncio.sleep(self.delay)
            if self.rate:
                await asyncio.sleep(len(data) / self.rate)
            data = self.take_allowed(data, direction)
            self.sent[direction] += len(data)
            writer.write(data)
            await writer.drain()
            if self.cut_after == 0:
                self.cut_after = None
                self.set_state("cut")

    def take_allowed(self, data, direction):
        """What of DATA may still pass before an armed `cut-after` takes effect."""
        if direction != "to_client" or self.cut_after is None:
            return data
        data = data[: self.cut_after]
        self.cut_after -= len(data)
        return data

    def command(self, line):
        words = line.split()
        name = words[0] if words else ""
        if name in ("pass", "stall", "cut") and len(words) == 1:
            self.set_state(name)
            return "ok " + name
        if name == "reset" and len(words) == 1:
            return f"ok reset {self.reset_all()}"
        if name == "stats" and len(words) == 1:
            sent = " ".join(f"{key}={value}" for key, value in self.sent.items())
            return f"ok connections={len(self.links) // 2} accepted={self.accepted} {sent} state={self.state}"
        if name == "quit" and len(words) == 1:
            self.done.set()
            return "ok quit"
        if name in ("delay", "rate", "cut-after") and len(words) == 2 and words[1].isdigit():
            self.set_number(name, int(words[1]))
            return f"ok {name} {words[1]}"
        return f"error unknown command '{line.strip()}'; see the head of tcp-proxy.py"

    def set_number(self, name, number):
        if name == "delay":
            self.delay = number / 1000
        elif name == "rate":
            self.rate = number
        else:
            self.cut_after = number or None
            if number == 0:
                self.set_state("cut")

    async def serve_control(self, reader, writer):
        while line := await reader.readline():
            writer.write((self.command(line.decode(errors="replace")) + "\n").encode())
            await writer.drain()
        writer.close()


def reset(writer):
    """Ends a connection with RST rather than FIN: what a peer sees when a host vanishes."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
    writer.transport.abort()


def write_env(folder, port, control):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "proxy.env")
    with open(path + ".part", "w", encoding="ascii") as out:
        out.write(f"PROXY_PORT={port}\nPROXY_CONTROL_PORT={control}\nPROXY_PID={os.getpid()}\n")
    os.replace(path + ".part", path)


async def run(args):
    host, _, port = args.to.rpartition(":")
    proxy = Proxy(host or "127.0.0.1", int(port))
    loop = asyncio.get_running_loop()
    for number, state in ((signal.SIGUSR1, "cut"), (signal.SIGUSR2, "pass"), (signal.SIGHUP, "stall")):
        loop.add_signal_handler(number, proxy.set_state, state)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, proxy.done.set)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", args.listen)
    control = await asyncio.start_server(proxy.serve_control, "127.0.0.1", args.control)
    ports = [each.sockets[0].getsockname()[1] for each in (server, control)]
    if args.dir:
        write_env(args.dir, *ports)
    print(f"proxy 127.0.0.1:{ports[0]} -> {args.to}, control {ports[1]}", flush=True)
    await proxy.done.wait()
    proxy.reset_all()


def send(port, command):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as conn:
        conn.sendall((command + "\n").encode())
        answer = conn.makefile().readline().strip()
    print(answer)
    return 0 if answer.startswith("ok") else 1


def main():
    parser = argparse.ArgumentParser(description="a TCP proxy that a test can cut", epilog=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", type=int, default=0)
    parser.add_argument("--to")
    parser.add_argument("--control", type=int, default=0)
    parser.add_argument("--dir")
    parser.add_argument("--send")
    args = parser.parse_args()
    if args.send:
        if not args.control:
            parser.error("--send needs --control PORT")
        return send(args.control, args.send)
    if not args.to:
        parser.error("--to is missing")
    asyncio.run(run(args))
    return 0


if __name__ == "__main__":
    sys.exit(main())

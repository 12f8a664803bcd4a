"""Requests that a careless or hostile client makes. Usage: abuse.py PORT"""
import http.client
import json
import socket
import sys
import threading
import time

PORT = int(sys.argv[1])


def get(path, method="GET", body=None, headers=None):
    c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=20)
    c.request(method, path, body, headers or {})
    r = c.getresponse()
    data = r.read()
    c.close()
    return r.status, data


def raw(data, wait=5.0):
    """Sends bytes as they are; gives what came until the server closed, or time was over."""
    s = socket.create_connection(("127.0.0.1", PORT), timeout=wait)
    got = b""
    try:
        s.sendall(data)
        while True:
            more = s.recv(65536)
            if not more:
                break
            got += more
    except OSError:
        pass
    s.close()
    return got


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None


def check(ok, what):
    if not ok:
        sys.exit("failed: " + what)


def many():
    """200 connections, each with 30 requests, half of them open all the while."""
    wrong = []

    def one(n):
        try:
            c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
            for i in range(30):
                path = ["/connectors", "/connectors/source/status", "/metrics", "/connectors/nobody", "/"][(n + i) % 5]
                c.request("GET", path)
                r = c.getresponse()
                body = r.read()
                if r.status != (404 if path.endswith("nobody") else 200):
                    wrong.append((path, r.status))
                if path != "/metrics":
                    json.loads(body)
            c.close()
        except Exception as e:  # whatever it is, it is a failure of the server
            wrong.append(repr(e))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(200)]
    began = time.time()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check(not wrong, "200 connections: %s" % wrong[:3])
    print("6000 requests on 200 connections in %.2f s" % (time.time() - began))


def slow():
    """50 connections that never finish a request do not keep others out."""
    held = []
    for i in range(50):
        s = socket.create_connection(("127.0.0.1", PORT))
        s.sendall(b"GET /connectors HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        held.append(s)
    began = time.time()
    check(get("/health")[0] == 200, "a request beside 50 slow ones")
    check(time.time() - began < 10, "a request beside 50 slow ones took %.1f s" % (time.time() - began))
    for s in held:
        s.close()


def large():
    status, _ = get("/connector-plugins/FileStreamSource/config/validate", "PUT", b"x" * (5 << 20))
    check(status == 413, "5 MB of body: %s" % status)
    answer = raw(b"PUT /connector-plugins/FileStreamSource/config/validate HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                 + (b"10000\r\n" + b"y" * 65536 + b"\r\n") * 80 + b"0\r\n\r\n")
    check(status_of(answer) == 413, "5 MB in chunks: %r" % answer[:80])
    status, body = get("/connector-plugins/FileStreamSource/config/validate", "PUT",
                       json.dumps({"name": "x", "file": "f" * 100000, "topic": "t"}).encode())
    check(status == 200, "a value of 100 kB: %s" % status)
    answer = raw(b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    check(status_of(answer) in (400, 413, 414, 431), "a path of 200 kB: %r" % answer[:80])
    answer = raw(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-H%d: %s\r\n" % (i, b"v" * 200) for i in range(2000)) + b"\r\n")
    check(status_of(answer) in (400, 413, 431), "400 kB of headers: %r" % answer[:80])


def broken():
    for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"\r\n\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                 b"PUT /connectors/source/pause HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                 b"PUT /admin/loggers/x HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                 b"GET /connectors/%C0%AF HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                 b"GET /connectors/\xff\xfe HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):
        answer = raw(data, 2.0)
        check(answer == b"" or (status_of(answer) or 500) < 500 or status_of(answer) == 505,
              "broken request %r: %r" % (data[:30], answer[:60]))
    for body in (b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"a":{"b":1}}', b'{"level":["x"]}', b"[" * 100000,
                 b'{"\\u0000":"x"}'):
        status, answer = get("/admin/loggers/some.name", "PUT", body)
        check(status in (400, 404), "body %r: %s" % (body[:20], status))
        check(json.loads(answer)["error_code"] == status, "error body: %r" % answer)
    for path, method in (("/connectors", "POST"), ("/connectors/source/config", "PUT"), ("/connectors/source/offsets", "PATCH"),
                         ("/connector-plugins/FileStreamSource/config/validate", "PUT")):
        status, answer = get(path, method, b'{"name":"x","config":{"b":true\0},"c":1}')
        check(status in (400, 409), "a zero byte for %s: %s %r" % (path, status, answer[:80]))


def gone():
    """Clients that leave before the answer."""
    for _ in range(100):
        s = socket.create_connection(("127.0.0.1", PORT))
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        s.close()


for test in (many, slow, large, broken, gone, many):
    test()
    print(test.__name__, "ok")

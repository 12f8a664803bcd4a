#!/usr/bin/env python3
"""Cases for Kafka Connect's converters and ours, and the comparison of their answers.

cases.py make            prints the cases, one a line, fields separated by tabs:
                           TAG W CONVERTER SETTINGS SCHEMA VALUE   write: the answer is the bytes in hex, or null
                           TAG R CONVERTER SETTINGS BYTES          read: the answer is the schema, a space, the value
                         SCHEMA is JSON or "-", SETTINGS key=value;key=value, VALUE as notation.h says. An answer that
                         begins with ! is an error.
cases.py compare CASES JAVA OURS
                         every pair of answers must be equal, or differ in a way that is listed in ALLOWED, where
                         ours must be what the list says. Prints a summary; exits 1 at a difference that is not.
"""
import json
import random
import re
import struct
import sys
from fractions import Fraction

DATA = "org.apache.kafka.connect.data."
SCHEMAS_ON = "schemas.enable=true"
SCHEMAS_OFF = "schemas.enable=false"
JSON_SETTINGS = [SCHEMAS_ON, SCHEMAS_OFF, SCHEMAS_ON + ";decimal.format=NUMERIC", SCHEMAS_OFF + ";decimal.format=NUMERIC",
                 SCHEMAS_OFF + ";replace.null.with.default=false", SCHEMAS_ON + ";replace.null.with.default=false"]


def schema(kind, **rest):
    """A schema's JSON as a dictionary, required unless told otherwise."""
    return {"type": kind, "optional": False, **rest}


def optional(kind, **rest):
    return {"type": kind, "optional": True, **rest}


def decimal(scale, **rest):
    return schema("bytes", name=DATA + "Decimal", version=1, parameters={"scale": str(scale)}, **rest)


def named(kind, name, **rest):
    return schema(kind, name=DATA + name, version=1, **rest)


def struct_of(*fields, **rest):
    return schema("struct", fields=[{**s, "field": name} for name, s in fields], **rest)


def hexed(text):
    return (text if isinstance(text, bytes) else text.encode()).hex()


def s(text):
    return "s:" + hexed(text)


def f64(value):
    return "f64:" + struct.pack(">d", value).hex()


def f32(value):
    return "f32:" + struct.pack(">f", value).hex()


def unscaled(value):
    size = max(1, (value + (value < 0)).bit_length() // 8 + 1)
    return "x:" + value.to_bytes(size, "big", signed=True).hex()


class Cases:
    """Collects cases; random ones are the same in every run."""

    def __init__(self):
        self.lines = []
        self.random = random.Random(4711)

    def write(self, tag, converter, settings, of, value):
        text = "-" if of is None else json.dumps(of)
        self.lines.append("\t".join([tag, "W", converter, settings, text, value]))

    def read(self, tag, converter, settings, data):
        self.lines.append("\t".join([tag, "R", converter, settings, "null" if data is None else hexed(data)]))

    def everywhere(self, tag, of, value):
        """A value written by every converter that takes anything."""
        for settings in JSON_SETTINGS:
            self.write(tag, "json", settings, of, value)
        self.write(tag, "string", "", of, value)
        self.write(tag, "simple", "", of, value)


# ---- writing ----

SCALARS = [
    (schema("int8"), ["i8:0", "i8:-128", "i8:127"]),
    (schema("int16"), ["i16:-32768", "i16:32767"]),
    (schema("int32"), ["i32:-2147483648", "i32:2147483647", "i32:7"]),
    (schema("int64"), ["i64:-9223372036854775808", "i64:9223372036854775807", "i64:99", "i64:100"]),
    (schema("boolean"), ["b:0", "b:1"]),
    (optional("string"), ["n", s(""), s("text"), s('q"b\\/'), s("\b\f\n\r\t\x00\x01\x1f\x7f\x80\xa0"), s("äöü€"),
                          s("\u2028\u2029\uffff\ufeff"), s("\U0001f600x\U0010ffff"), s("abcdefg\"hijklmnop\\qrstuvwxyz")]),
    (optional("bytes"), ["n", "x:", "x:00", "x:ff00", "x:ffeedd", "x:00112233445566778899aabbccddeeff"]),
]


def write_scalars(c):
    for of, values in SCALARS:
        for value in values:
            tag = "bytes" if value.startswith("x:") else "same"
            c.everywhere(tag, of, value)
            if value != "n":
                c.everywhere(tag, None, value)
    for special in [0.0, -0.0, float("nan"), float("inf"), float("-inf"), 1.0, -1.5, 1e7, 9999999.0, 1e-3, 9.999e-4, 123456.789,
                    5e-324, 1.7976931348623157e308, 2e23, 2.2250738585072014e-308, 100.0, 1e21, 0.1, 1e22, 1e23, 9007199254740993.0]:
        c.everywhere("float", schema("double"), f64(special))
    for special in [0.0, -0.0, float("nan"), float("inf"), 1.0, 3.4028234663852886e38, 1e-45, 1.17549435e-38, 0.1, 16777216.0, 33554432.0,
                    1e7, 8388608.0, 1e10, 2.0, 1e-3]:
        c.everywhere("float", schema("float"), f32(special))


def write_random_numbers(c):
    for _ in range(4000):
        c.write("float", "json", SCHEMAS_OFF, schema("double"), "f64:%016x" % c.random.getrandbits(64))
        c.write("float", "json", SCHEMAS_OFF, schema("float"), "f32:%08x" % c.random.getrandbits(32))
    for _ in range(2000):
        short = round(c.random.uniform(-1e6, 1e6), c.random.randrange(6))
        c.write("float", "json", SCHEMAS_OFF, schema("double"), f64(short))
        c.write("float", "string", "", schema("float"), f32(short))
        c.write("float", "json", SCHEMAS_OFF, schema("double"), f64(2.0 ** c.random.randrange(-1074, 1024)))
        c.write("float", "json", SCHEMAS_OFF, schema("float"), f32(2.0 ** c.random.randrange(-149, 128)))
    for _ in range(1500):
        value = c.random.getrandbits(c.random.choice([1, 8, 31, 63, 64, 127, 128, 200, 1000])) * c.random.choice([1, -1])
        of = decimal(c.random.choice([0, 1, 2, 5, 6, 7, 10, 38, 300, -1, -3, -40]))
        for settings in (SCHEMAS_OFF, SCHEMAS_OFF + ";decimal.format=NUMERIC"):
            c.write("same", "json", settings, of, unscaled(value))
        c.write("same", "string", "", of, unscaled(value))
        c.write("same", "simple", "", of, unscaled(value))


ALPHABETS = ["abc \"\\/", "".join(map(chr, range(0x00, 0x30))), "äöüß€漢字\u2028", "\U0001f600\U00012345\U0010ffff", "xyz\x7f\x80\x9f\u07ff\u0800\uffff"]


def random_text(c, most):
    alphabet = c.random.choice(ALPHABETS) + c.random.choice(ALPHABETS)
    return "".join(c.random.choice(alphabet) for _ in range(c.random.randrange(most)))


def write_random_strings(c):
    for _ in range(1500):
        text = s(random_text(c, 40))
        c.write("same", "json", SCHEMAS_OFF, schema("string"), text)
        c.write("same", "json", SCHEMAS_ON, None, "[ " + text + " { " + text + " i8:1 } ]")
        c.write("same", "string", "", None, text)
        c.write("same", "simple", "", None, "[ " + text + " ]")


def write_dates(c):
    for days in [1, 2, 365, 18262, 19723, 2932896, 100000]:
        c.everywhere("same", named("int32", "Date"), "i32:%d" % days)
    for days in [0, -1, -719162, -141427, -141428, -200000, -500000]:
        c.everywhere("early", named("int32", "Date"), "i32:%d" % days)
    for ms in [0, 1, 86399999, 45296789]:
        c.everywhere("same", named("int32", "Time"), "i32:%d" % ms)
    for ms in [86400000, 86400001, 1700000000123, 1700006400000, 253402300799999]:
        c.everywhere("same", named("int64", "Timestamp"), "i64:%d" % ms)
    for ms in [0, 1, -1, -86400000, 86399999, -62135596800000, -12219292800001, -13000000000000]:
        c.everywhere("early", named("int64", "Timestamp"), "i64:%d" % ms)
    c.everywhere("same", schema("array", items=named("int64", "Timestamp")), "[ i64:1700000000123 ]")


def write_containers(c):
    inner = struct_of(("a", optional("int32")), ("b", optional("string", default="dflt")), ("c", schema("double")), name="ns.Inner", version=3,
                      doc="an \"inner\" struct")
    outer = struct_of(("id", schema("int64")), ("in", {**inner, "optional": True}), ("list", optional("array", items=optional("string"))),
                      ("map", optional("map", keys=schema("string"), values=optional("int32"))),
                      ("odd", optional("map", keys=schema("int32"), values=schema("string"))),
                      ("dec", {**decimal(2), "optional": True}), ("day", {**named("int32", "Date"), "optional": True}), ("ü\n\U0001f600", schema("boolean")), name="Outer")
    values = [
        "( i64:1 ( i32:5 s:78 f64:3ff8000000000000 ) [ s:61 n s:22 ] { s:6b i32:1 s:6c n } { i32:1 s:6f i32:2 s:70 } x:04d2 i32:19000 b:1 )",
        "( i64:1 n n n n n n b:0 )",
        "( i64:1 ( n n f64:4059000000000000 ) [ ] { } { } x:00 i32:20000 b:0 )",
    ]
    for value in values:
        c.everywhere("same", outer, value)
    with_defaults = struct_of(("i", optional("int32", default=7)), ("s", schema("string", default="x\"y")), ("d", {**decimal(2), "default": "BNI="}),
                              ("a", schema("array", items=schema("int8"), default=[1, 2])), ("m", schema("map", keys=schema("string"), values=schema("int8"), default={"k": 1})))
    for value in ["( n n n n n )", "( i32:1 s:61 x:01 [ ] { } )", "( n s:61 n [ i8:3 ] n )"]:
        c.everywhere("same", with_defaults, value)
    c.everywhere("same", struct_of(), "( )")
    c.everywhere("same", optional("int32", default=5), "n")
    c.everywhere("same", schema("int32", default=5), "n")
    c.everywhere("same", schema("int32"), "n")
    c.everywhere("same", optional("int32"), "n")
    c.everywhere("same", optional("int32", name="n", version=2, doc="d\u00e9", parameters={"p": "1", "q": ""}), "i32:4")
    c.everywhere("same", schema("map", keys=optional("string"), values=schema("int8")), "{ n i8:1 s:61 i8:2 }")
    c.everywhere("same", schema("map", keys=optional("string", default="kk"), values=schema("int8")), "{ n i8:1 s:61 i8:2 }")
    c.everywhere("same", schema("map", keys=schema("string"), values=schema("int8")), "{ n i8:1 }")
    c.everywhere("same", schema("map", keys=optional("int8"), values=optional("int8")), "{ n i8:1 i8:4 n }")
    for value in ["n", "{ s:61 i32:1 n n }", "{ s:61 [ i8:1 n { i32:1 b:1 } ] }", "[ n n ]", "{ }", "[ ]", "[ [ [ ] ] ]", "{ i8:1 s:61 s:61 i8:1 }", "[ x:00ff s:61 ]"]:
        c.everywhere("bytes" if "x:" in value else "same", None, value)


def write_primitives(c):
    for name, kind, value in [("short", "int16", "i16:-2"), ("integer", "int32", "i32:258"), ("long", "int64", "i64:-3"), ("float", "float", "f32:3fc00000"),
                              ("float", "float", "f32:7fc00000"), ("double", "double", "f64:c002000000000000"), ("boolean", "boolean", "b:1"), ("boolean", "boolean", "b:0"),
                              ("byte-array", "bytes", "x:00ff"), ("byte-array", "bytes", "x:")]:
        c.write("same", name, "", optional(kind), value)
        c.write("same", name, "", None, value)
        c.write("same", name, "", optional(kind), "n")
        c.write("same", name, "", None, "s:61")
        c.write("same", name, "", schema("string"), "s:61")
    for name, data in [("short", b"\xff\xfe"), ("integer", b"\0\0\1\2"), ("long", b"\xff" * 8), ("float", b"\x3f\xc0\0\0"), ("double", b"\xc0\2" + b"\0" * 6),
                       ("boolean", b"\1"), ("boolean", b"\0"), ("boolean", b"\2"), ("byte-array", b""), ("byte-array", b"\0\1")]:
        c.read("same", name, "", data)
        c.read("same", name, "", None)
        if name != "byte-array":
            c.read("same", name, "", data + b"\0")
            c.read("same", name, "", b"")


# ---- reading ----

PLAIN = [b"", b"   ", b"null", b"true", b"false", b"0", b"-0", b"7", b"-128", b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808",
         b"-9223372036854775809", b"123456789012345678901234567890", b"1.0", b"1e3", b"1E-3", b"1.5e+300", b"1e400", b"-1e400", b"0.1", b"00", b"007", b"-007", b"00.5",
         b"0e0", b'""', b'"text"', b'"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u20AC"', b'"\\ud83d\\ude00"', '"ä€\U0001f600"'.encode(), b"[]", b"{}", b"[1,2.5,\"x\",null,true]",
         b'{"a":1,"b":{"c":[{}]}}', b'{"a":1,"a":2,"b":3,"a":4}', b"\xef\xbb\xbf{\"a\":1}", b' { "a" : [ 1 , 2 ] } ', b"\t[\r\n1]\n",
         b'{"":1}',
         b"{" + b",".join(b'"k%d":%d' % (i % 150, i) for i in range(200)) + b"}", b"[" * 1000 + b"]" * 1000]
BROKEN = [b"[" * 1001 + b"]" * 1001, b"[1", b"{", b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,', b'{"a":1,}', b"[1,]", b"[,1]", b"{1:2}", b"nul", b"tru", b"+1", b"1.", b".5", b"1e", b"-", b"0x1",
          b'"abc', b'"a\nb"', b'"a\x01b"', b'"\\x"', b'"\\u12g4"', b"'a'", b"NaN", b"Infinity", b"/* c */1", b"\xff\xfe", b'"\xff"', b'"\xc3"', b'"\xed\xa0\x80"', b"1" * 1001]


def read_plain(c):
    for data in PLAIN:
        c.read("same", "json", SCHEMAS_OFF, data)
        c.read("same", "json", SCHEMAS_ON, b'{"schema":null,"payload":' + data + b"}" if data.strip() and not data.startswith((b"\xef", b"[[[")) else data)
    for data in BROKEN:
        c.read("same", "json", SCHEMAS_OFF, data)
    for data in [b"1 2", b"{} {}", b'{"a":1}x', b"true false", b"[] ,"]:
        c.read("behind", "json", SCHEMAS_OFF, data)
    c.read("minus-zero", "json", SCHEMAS_OFF, b"-0.0")
    c.read("minus-zero", "json", SCHEMAS_ON, b'{"schema":{"type":"float"},"payload":-0.0}')
    c.read("blanks", "json", SCHEMAS_ON, b'{"schema":{"type":"bytes"},"payload":"AA ECAw=="}')
    c.read("same", "json", SCHEMAS_OFF, None)
    c.read("same", "json", SCHEMAS_ON, None)
    for data in [b"1", b"{}", b'{"schema":null}', b'{"payload":1}', b'{"schema":null,"payload":1,"x":2}', b'{"schema":{"type":"int32"},"payload":1,"payload":2}',
                 b'{"payload":7,"schema":{"type":"int8","optional":true}}', b'{"schema":{"type":"int8"},"schema":null,"payload":5}', b"[]", b'"x"', b"null"]:
        c.read("same", "json", SCHEMAS_ON, data)


TYPED = [
    (schema("int8"), ["1", "-128"], ["128", "1.5", '"1"', "true"]), (schema("int16"), ["32767"], ["32768"]), (schema("int32"), ["2147483647", "1.0", "1e3"], ["2147483648", "1e-3"]),
    (schema("int64"), ["9223372036854775807"], ["9223372036854775808", "{}"]),
    (schema("float"), ["1", "0.1", "16777217", "3.4028235e38", "1e39", "1.00000017881393432617187499", "9007199254740993"], ['"NaN"', '"1.5"']),
    (schema("double"), ["1", "0.1", "1e308", "1e309", "-1e-320", "123456789012345678901234567890", "2.2250738585072012e-308"], ['"-Infinity"', "[]"]),
    (schema("boolean"), ["true", "false"], ["1", '"true"']), (optional("string"), ['"x"', '""', "null"], ["1", "{}"]),
    (optional("bytes"), ['"AAE="', '""', "null", '"//+/"'], ['"?"', "1", '"A"']),
    (decimal(2), ['"BNI="', '"AA=="', '"/w=="'], []), (decimal(2), ["12.34", "-0.01"], []), (decimal(0), ["5", "123456789012345678901234567890"], []),
    (named("int32", "Date"), ["19000", "-1"], ['"2020-01-01"', "1.5"]), (named("int32", "Time"), ["1"], []), (named("int64", "Timestamp"), ["1700000000000", "5"], ["1.5"]),
    (schema("array", items=optional("int8")), ["[]", "[1,null]"], ["{}", "[300]", '["x"]']),
    (schema("map", keys=schema("string"), values=optional("int8")), ["{}", '{"a":1,"b":null}'], ["[]", '{"a":"x"}']),
    (schema("map", keys=schema("int8"), values=schema("string")), ["[]", '[[1,"a"],[2,"b"]]'], ["{}", "[1]", '[[1,"a",2]]', "[[null,1]]"]),
    (struct_of(("a", schema("int8")), ("b", optional("string", default="d"))), ['{"a":1}', '{"b":"x","a":2}', '{"a":1,"c":3,"b":null}'], ["{}", "[]", '{"a":null}']),
    (optional("struct", fields=[{**optional("struct", fields=[{**schema("int8"), "field": "x"}]), "field": "in"}]), ["null", '{"in":null}', '{"in":{"x":1}}'], ['{"in":{}}']),
]
SCHEMA_TEXTS = ['{"type":"int32"}', '{"type":"int32","optional":true}', '{"type":"int32","optional":"yes"}', '{"type":"int32","version":7,"name":"n","doc":"d"}',
                '{"type":"int32","parameters":{}}', '{"type":"int32","parameters":{"a":"b","c":""}}', '{"type":"int32","default":4}', '{"type":"int32","optional":true,"default":null}',
                '{"optional":false,"type":"int32","x":1}', '{"type":"int32","name":5}', '{"type":"string","default":"x","optional":true}']
BAD_SCHEMAS = ['{}', '{"type":"int33"}', '{"type":5}', '[]', '"int32"', '5', '{"type":"array"}', '{"type":"map","keys":{"type":"string"}}', '{"type":"struct"}', '{"type":"struct","fields":{}}',
               '{"type":"struct","fields":[{"type":"int8"}]}', '{"type":"struct","fields":[{"type":"int8","field":""}]}',
               '{"type":"struct","fields":[{"type":"int8","field":"a"},{"type":"int8","field":"a"}]}', '{"type":"int32","parameters":{"a":1}}', '{"type":"array","items":null}']


def read_typed(c):
    for of, good, odd in TYPED:
        for tag, values in (("same", good), ("mismatch", odd)):
            for value in values:
                for settings in (SCHEMAS_ON, SCHEMAS_ON + ";replace.null.with.default=false"):
                    c.read(tag, "json", settings, '{"schema":%s,"payload":%s}' % (json.dumps(of), value))
    for text in SCHEMA_TEXTS:
        c.read("same", "json", SCHEMAS_ON, '{"schema":%s,"payload":%s}' % (text, '"y"' if "string" in text else "5"))
        c.read("same", "json", SCHEMAS_ON, '{"schema":%s,"payload":null}' % text)
    for text in BAD_SCHEMAS:
        c.read("same", "json", SCHEMAS_ON, '{"schema":%s,"payload":null}' % text)
    for _ in range(1500):
        bits = c.random.getrandbits(64)
        value = struct.unpack(">d", struct.pack(">Q", bits))[0]
        if value == value and abs(value) != float("inf"):
            text = repr(value) if c.random.random() < 0.5 else "%.25e" % value
            for kind in ("double", "float"):
                c.read("same", "json", SCHEMAS_ON, '{"schema":{"type":"%s"},"payload":%s}' % (kind, text))
            c.read("same", "json", SCHEMAS_OFF, text)
        c.read("same", "json", SCHEMAS_ON, '{"schema":{"type":"float"},"payload":%.6g}' % c.random.uniform(-1e4, 1e4))


CONTENTS = ['{"type":"int32"}', '{"type":"struct","fields":[{"type":"int8","field":"a"},{"type":"string","optional":true,"field":"b"}]}', "null", ""]


def read_content(c):
    """Records read with the schema of the setting schema.content."""
    for text in CONTENTS:
        for on in (SCHEMAS_ON, SCHEMAS_OFF):
            settings = on + ";schema.content=" + text
            for data in [b"", b"5", b"null", b'{"a":1,"b":"x"}', b'{"a":2}', b'{"b":"x"}', b'"x"', b"[1", b'{"schema":{"type":"int8"},"payload":3}', None]:
                odd = text == CONTENTS[0] and on == SCHEMAS_ON and data is not None and data[:1] in (b"", b"{", b'"')
                c.read("mismatch" if odd else "same", "json", settings, data)
            c.write("same", "json", settings, schema("int16"), "i16:4")


HEADERS = ["", " ", "null", " null ", "true", "TRUE", "false ", "1", "-1", "+5", "127", "128", "-129", "32768", "2147483648", "9223372036854775807", "9223372036854775808",
           "1.5", "3.14", "1.0", "1e3", "1e2147483648", "0.1", "-.5", ".5", "5.", "1e", "-", "+", "1.2.3", "1e400", "1e30", "12a", "0x10", "1_000", "NaN", "Infinity",
           "2020-01-01", "2020-12-31", "1582-10-15", "1582-10-04", "0001-01-01", "12:34:56.789Z", "00:00:00.000Z", "2020-01-01T12:34:56.789Z", "2020-01-01T12:34:56Z",
           "12\\:34\\:56.789Z", "2020-01-01 ", "text", "some text, with: things", '"quoted"', "\"open", "a\"b", "[]", "[1]", "[1,2,3]", "[ 1 , 200 ]", "[1,70000,3]", "[1,1.5]", "[1,\"a\"]",
           '["a","b"]', '["a, b"]', '[""]', "[true,false]", "[null]", "[null,null]", "[1,null]", "[,1]", "[1,]", "[1 2]", "[1", "[[1],[2]]", "[[]]", "[2020-01-01]",
           '["2020-01-01"]', "[12:34:56.789Z, 01:00:00.000Z]", "[2020-01-01T12:34:56.789Z]", "[a]", "[1.5,2.25,1e300]", "{}", '{"a":1}', '{"a":1,"b":2}', '{"a":1,"b":"x"}', '{"a":null}', '{"a":1,"b":null}',
           "{1:2}", "{1:2,300:4}", '{"a":1,"a":2}', "{null:1}", '{"a" 1}', '{"a":1', '{"a":}', '{"a":[1,2],"b":[3]}', '{"a":{"b":{"c":1}}}', "{a:1}", '{"a":1,}', '{,"a":1}', "]", "}", ":", ",", "\\",
           "[99999999999999999999]", "äöü", "[\"ä\"]", "\U0001f600", "  [1]  ", "{ \"a\" : 1 }", "[\"2020-01-01T00:00:00.000Z\",2020-01-01T00:00:00.001Z]"]
LOSSY = ["1e-400", "12:34:56.789", "[[1],[300]]", "99999999999999999999.5", "[99999999999999999999,1]", "1,2", "[1] x", "{} x", "12:34:56.789Z]", "2020-01-01]", "1:2", "2020-02-30", "12-25-2024", "2020-13-01", "25:00:00.000Z", "3.14159265358979", "0.123456789012345678901234567890", "1e-50",
         "123456.789123", "16777217.5", "[2020-01-01,1]", "[2020-01-01,2020-01-01T12:34:56.789Z]", '["a\\"b"]', '["a\\\\b"]', '[" "]', '["x: "]', "[[1],[\"a\"]]", "1]"]


def read_headers(c):
    for text in HEADERS:
        c.read("same", "simple", "", text)
    for text in LOSSY:
        c.read("lossy", "simple", "", text)
    for _ in range(500):
        c.read("same", "simple", "", str(c.random.randrange(-2 ** c.random.randrange(1, 70), 2 ** 66)))
        c.read("same", "simple", "", "%d.%02d" % (c.random.randrange(-900, 900), c.random.randrange(100)))
        c.read("same", "string", "", random_text(c, 30))
    c.read("binary", "simple", "", b"\xff\x00")
    for _ in range(1500):
        c.read("same", "string", "", bytes(c.random.choice([0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xa0, 0x9f, 0xed, 0xee, 0xf0, 0x90, 0x8f, 0xf4, 0xf5, 0xff, 0xc0]) for _ in range(c.random.randrange(1, 9))))
    c.read("same", "string", "", None)
    c.read("same", "string", "", b"")
    c.read("same", "simple", "", None)


# ---- comparing ----

def read_words(words):
    """A value as nested tuples, the entries of maps sorted: Java's maps have an order of their own."""
    word = words.pop(0)
    if word not in "[{(":
        return word
    items = []
    while words[0] not in "]})":
        items.append(read_words(words))
    words.pop(0)
    if word == "{":
        items = sorted(zip(items[::2], items[1::2]), key=repr)
    return (word, tuple(items))


def settle(answer):
    """An answer in the form that is compared."""
    if answer.startswith("!"):
        return "!"
    if " " not in answer:
        return answer
    head, _, tail = answer.partition(" ")
    while tail and head.startswith("{") and head.count('"') % 2 == 1:  # a space within the schema
        more, _, tail = tail.partition(" ")
        head += " " + more
    if head.startswith("{"):
        decoder = json.JSONDecoder()
        _, end = decoder.raw_decode(answer)
        head, tail = answer[:end], answer[end + 1:]
    return head, read_words(tail.split(" "))


def number_in(answer):
    """The last number in written bytes."""
    text = bytes.fromhex(answer).decode()
    return re.sub(r'^\{"schema":.*"payload":(.*)\}$', r"\1", text)


def is_shortest(text, value, single):
    """Is text the nearest of the shortest decimals of value, of two digits at least, as Java 19 says it?"""
    digits = text.lstrip("-").lower().split("e")[0].replace(".", "").strip("0")
    pack = (lambda v: struct.pack(">f", v)) if single else (lambda v: struct.pack(">d", v))

    def same(t):
        try:
            return pack(float(Fraction(t)) if not single else nearest_float(Fraction(t))) == pack(value)
        except OverflowError:
            return False
    if not same(text):
        return False
    most = max(len(digits), 2)
    for n in range(2, most):
        for candidate in ("%.*e" % (n - 1, value), ) + neighbours("%.*e" % (n - 1, value), n):
            if same(candidate):
                return False
    error = abs(Fraction(text) - Fraction(value))
    return all(abs(Fraction(t) - Fraction(value)) >= error for t in neighbours("%.*e" % (most - 1, value), most) if same(t))


def neighbours(text, n):
    step = Fraction(10) ** (int(text.lower().split("e")[1]) - n + 1)
    at = Fraction(text)
    return tuple(str(v) for v in (at - step, at, at + step))


def nearest_float(exact):
    """A fraction rounded once to 24 bits."""
    if exact == 0:
        return 0.0
    sign = -1 if exact < 0 else 1
    exact = abs(exact)
    exponent = -149
    while exact / Fraction(2) ** exponent >= 2 ** 24:
        exponent += 1
    scaled = exact / Fraction(2) ** exponent
    low = scaled.numerator // scaled.denominator
    rest = scaled - low
    low += rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2)
    return sign * float(Fraction(low) * Fraction(2) ** exponent)


def allow_float(case, java, ours):
    """Java 17 often writes more digits than needed; newer ones, and we, the shortest."""
    single = case[5].startswith("f32")
    value = struct.unpack(">f" if single else ">d", bytes.fromhex(case[5][4:]))[0]
    text = number_in(ours)
    exact = Fraction(number_in(java))
    same = (nearest_float(exact) if single else float(exact)) == value
    return same and is_shortest(text, value, single) and len(text) <= len(number_in(java))


def allow_early(case, java, ours):
    """Java's header text of a Date or Timestamp before 1970-01-02 is a time of day; ours has the day."""
    text = bytes.fromhex(ours).decode()
    return case[2] == "simple" and re.fullmatch(r"[\d:.]+Z", bytes.fromhex(java).decode()) and re.fullmatch(r"\d{4}-\d\d-\d\d(T[\d:.]+Z)?", text)


def allow_bytes(case, java, ours):
    """Java prints an object's address for bytes in text; ours is Base64."""
    return case[2] == "string" and "[B@" in bytes.fromhex(java).decode() and "[B@" not in bytes.fromhex(ours).decode()


def allow_mismatch(case, java, ours):
    """A value of another type than its schema says: Java makes 0, false, null or cut bits of it, or reads NaN as 0."""
    text = bytes.fromhex(case[4]).decode()
    return ours.startswith("!") or '"NaN"' in text or '"-Infinity"' in text


def allow_behind(case, java, ours):
    """Java drops what stands behind the first value."""
    return ours.startswith("!") and not java.startswith("!")


def allow_minus_zero(case, java, ours):
    """Java reads -0.0 as 0.0."""
    return ours == java.replace("f64:0", "f64:8").replace("f32:0", "f32:8")


def allow_blanks(case, java, ours):
    """Base64 may have blanks anywhere; in Java between groups of four only."""
    return java.startswith("!") and ours.endswith(" x:00010203")


LOSSY_ANSWERS = {
    "3.14159265358979": '{"type":"double","optional":false} ' + f64(3.14159265358979),
    "0.123456789012345678901234567890": '{"type":"bytes","optional":false,"name":"%sDecimal","version":1,"parameters":{"scale":"30"}} %s'
                                        % (DATA, unscaled(123456789012345678901234567890)),
    "1e-50": '{"type":"double","optional":false} ' + f64(1e-50),
    "123456.789123": '{"type":"double","optional":false} ' + f64(123456.789123),
    "16777217.5": '{"type":"double","optional":false} ' + f64(16777217.5),
    '["a\\"b"]': '{"type":"array","items":{"type":"string","optional":false},"optional":false} [ %s ]' % s('a"b'),
    '["a\\\\b"]': '{"type":"array","items":{"type":"string","optional":false},"optional":false} [ %s ]' % s("a\\b"),
    '[" "]': '{"type":"array","items":{"type":"string","optional":false},"optional":false} [ %s ]' % s(" "),
    '["x: "]': '{"type":"array","items":{"type":"string","optional":false},"optional":false} [ %s ]' % s("x: "),
    "1e-400": '{"type":"bytes","optional":false,"name":"%sDecimal","version":1,"parameters":{"scale":"400"}} x:01' % DATA,
    "99999999999999999999.5": '{"type":"bytes","optional":false,"name":"%sDecimal","version":1,"parameters":{"scale":"1"}} %s' % (DATA, unscaled(999999999999999999995)),
    "[[1],[300]]": "- [ [ i8:1 ] [ i16:300 ] ]",
    '[[1],["a"]]': "- [ [ i8:1 ] [ %s ] ]" % s("a"),
}


def allow_lossy(case, java, ours):
    """Java reads a header as something that has lost a part of it; ours is without loss, mostly the text itself."""
    text = bytes.fromhex(case[4]).decode()
    return ours == LOSSY_ANSWERS.get(text, '{"type":"string","optional":false} ' + s(text))


def allow_binary(case, java, ours):
    """A header that is no UTF-8 stays bytes."""
    return ours == '{"type":"bytes","optional":false} x:' + case[4]


ALLOWED = {"minus-zero": allow_minus_zero, "blanks": allow_blanks, "float": allow_float, "early": allow_early, "bytes": allow_bytes, "mismatch": allow_mismatch, "behind": allow_behind,
           "lossy": allow_lossy, "binary": allow_binary}


def shown(text):
    try:
        return "%s  %r" % (text[:300], bytes.fromhex(text)[:300])
    except ValueError:
        return text[:400]


def compare(cases, java, ours):
    counts, bad = {}, 0
    if not len(cases) == len(java) == len(ours):
        sys.exit("compare: %d cases, %d answers of Java's, %d of ours" % (len(cases), len(java), len(ours)))
    for line, j, o in zip(cases, java, ours):
        case = line.split("\t")
        tag = case[0]
        if settle(j) == settle(o):
            counts["equal"] = counts.get("equal", 0) + 1
        elif tag in ALLOWED and ALLOWED[tag](case, j, o):
            counts[tag] = counts.get(tag, 0) + 1
        else:
            bad += 1
            if bad <= 40:
                print("differs: %s\n   case: %s\n   java: %s\n   ours: %s" % (line[:600], shown(case[4]), shown(j), shown(o)))
    print("%d cases: %s, %d not allowed" % (len(cases), ", ".join("%d %s" % (n, t) for t, n in sorted(counts.items())), bad))
    return bad


def main(arguments):
    sys.setrecursionlimit(5000)
    if arguments[:1] == ["make"]:
        c = Cases()
        for part in (write_scalars, write_random_numbers, write_random_strings, write_dates, write_containers, write_primitives, read_plain, read_typed, read_content, read_headers):
            part(c)
        sys.stdout.write("\n".join(c.lines) + "\n")
    elif arguments[:1] == ["compare"] and len(arguments) == 4:
        files = [open(name, encoding="utf-8").read().split("\n")[:-1] for name in arguments[1:]]
        sys.exit(1 if compare(*files) else 0)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

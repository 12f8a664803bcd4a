"""The requests that both workers get, in order.

A step is a dict: what is sent, and how much of the two answers must be the same.
  method, path, body (sent as JSON; bytes are sent as they are), headers
  same     "all": status and body. "status": the status and, of an error, its error_code. "keys": also the members of the
           body, at every level. "validate": definitions, and which settings have errors.
  mistake  a caller's mistake that Kafka Connect answers with 500: here it gets this 4xx
  again    asked again while this is the status
  until    not compared: asked again until this Python expression over the body (named j) is true
"""

CLASS = "FileStreamSource"
SINK = "FileStreamSink"
JSON = {"Content-Type": "application/json"}


def get(path, **more):
    return dict(method="GET", path=path, **more)


def post(path, body=None, **more):
    return dict(method="POST", path=path, body=body, **more)


def put(path, body=None, **more):
    return dict(method="PUT", path=path, body=body, **more)


def patch(path, body=None, **more):
    return dict(method="PATCH", path=path, body=body, **more)


def delete(path, **more):
    return dict(method="DELETE", path=path, **more)


def source(**more):
    return {"connector.class": CLASS, "topic": "conformance", "file": "@DIR@/in.txt", **more}


def sink(**more):
    return {"connector.class": SINK, "topics": "conformance", "file": "@DIR@/out.txt", **more}


def running(name, tasks=1):
    wanted = f"j['connector']['state'] == 'RUNNING' and [t['state'] for t in j['tasks']] == ['RUNNING'] * {tasks}"
    return get(f"/connectors/{name}/status", until=wanted)


def state(name, wanted):
    return get(f"/connectors/{name}/status", until=f"j['connector']['state'] == '{wanted}' and "
               f"all(t['state'] == '{wanted}' for t in j['tasks'])")


def about_the_worker():
    yield get("/", same="keys")
    yield get("/health")
    yield get("/nope")
    yield get("/connectors/a/nope")
    yield get("/connectors/a/tasks/0")
    yield put("/", {})
    yield delete("/connectors")
    yield patch("/connectors", {})
    yield post("/connectors/none/config", {})
    yield delete("/connectors/none/status")
    yield put("/connectors/none/restart")
    yield get("/connectors/", same="all")
    yield get("/connectors?expand=junk")
    yield get("/connectors", headers={"Accept": "text/html"}, same="status")
    yield get("/connectors", headers={"Accept": "text/html, */*;q=0.1"})
    yield get("/connectors", headers={"Accept": "application/*"})
    yield dict(method="HEAD", path="/connectors", same="status")
    yield dict(method="OPTIONS", path="/connectors", same="status")


def nobody_there():
    yield get("/connectors/none")
    yield get("/connectors/none/config")
    yield get("/connectors/none/status")
    yield get("/connectors/none/tasks")
    yield get("/connectors/none/tasks/0/status")
    yield get("/connectors/none/tasks/x/status")
    yield get("/connectors/none/offsets")
    yield get("/connectors/none/topics")
    yield put("/connectors/none/topics/reset")
    yield put("/connectors/none/pause")
    yield put("/connectors/none/resume")
    yield put("/connectors/none/stop", mistake=404)
    yield post("/connectors/none/restart", mistake=404)
    yield post("/connectors/none/restart?includeTasks=true")
    yield post("/connectors/none/restart?onlyFailed=true")
    yield post("/connectors/none/restart?includeTasks=true&onlyFailed=true")
    yield post("/connectors/none/tasks/0/restart", mistake=404)
    yield delete("/connectors/none")
    yield delete("/connectors/none/offsets")
    yield patch("/connectors/none/offsets", {"offsets": [{"partition": {"filename": "x"}, "offset": {"position": 1}}]})
    yield patch("/connectors/none/config", {"a": "b"})


def bad_bodies():
    yield post("/connectors", b"{bad", mistake=400)
    yield post("/connectors", b"", mistake=400)
    yield post("/connectors", b"[]", mistake=400)
    yield post("/connectors", b"null", mistake=400)
    yield post("/connectors", b'"text"', mistake=400)
    yield post("/connectors", b"{}", mistake=400)
    yield post("/connectors", b'{"name":"\xff","config":{}}', mistake=400)
    yield post("/connectors", {"name": "x"}, mistake=400)
    yield post("/connectors", {"name": "x", "config": None}, mistake=400)
    yield post("/connectors", {"name": "x", "config": []}, mistake=400)
    yield post("/connectors", {"name": "x", "config": {}}, same="status")
    yield post("/connectors", {"name": "x", "config": source(), "more": 1}, mistake=400)
    yield post("/connectors", {"name": "x", "config": source(), "initial_state": "ASLEEP"}, mistake=400)
    yield post("/connectors", {"name": {"a": 1}, "config": source()}, mistake=400)
    yield post("/connectors", {"name": "x", "config": source(name="y")})
    yield post("/connectors", {"name": "x", "config": {"a": {"b": "c"}}}, mistake=400)
    yield post("/connectors", {"name": "x", "config": {"a": ["b"]}}, mistake=400)
    yield post("/connectors", b"{}", headers={"Content-Type": "text/plain"})
    yield post("/connectors", b"a=b", headers={"Content-Type": "application/x-www-form-urlencoded"})
    yield post("/connectors", b"{bad", headers={"Content-Type": "application/json; charset=utf-8"}, mistake=400)
    yield put("/connectors/x/config", b"null", mistake=400)
    yield put("/connectors/x/config", b"[1]", mistake=400)
    yield put("/connectors/x/config", b"{", mistake=400)
    yield put("/connectors/x/config", {"a": {}}, mistake=400)
    yield put("/connectors/x/config", source(name="y"))
    yield put("/connectors/x/config", {}, same="status")
    yield get("/connectors")


def bad_configurations():
    yield post("/connectors", {"name": "x", "config": {"connector.class": "Nope", "topic": "t"}}, same="status")
    yield post("/connectors", {"name": "x", "config": {"connector.class": CLASS}}, same="invalid")
    yield post("/connectors", {"name": "", "config": source()}, same="invalid")
    yield post("/connectors", {"config": source()}, same="invalid")
    yield post("/connectors", {"name": "x", "config": source(**{"tasks.max": "none"})}, same="status")
    yield post("/connectors", {"name": "x", "config": source(**{"tasks.max": "0"})}, same="invalid")
    yield post("/connectors", {"name": "x", "config": source(**{"errors.tolerance": "some"})}, same="invalid")
    yield post("/connectors", {"name": "x", "config": source(**{"transforms": "t"})}, same="status")
    yield post("/connectors", {"name": "x", "config": source(**{"key.converter": "Nope"})}, same="status")
    yield post("/connectors", {"name": "x", "config": {"connector.class": SINK}}, same="status")
    yield post("/connectors", {"name": "x", "config": sink(**{"topics.regex": "t.*"})}, same="status")
    yield put("/connectors/x/config", {"connector.class": CLASS}, same="invalid")
    yield put("/connectors/x/config", source(**{"batch.size": "many"}), same="status")
    yield get("/connectors/x")
    yield get("/connectors")


def a_source():
    yield post("/connectors", {"name": "cs", "config": source()})
    yield running("cs")
    yield post("/connectors", {"name": "cs", "config": source()})
    yield post("/connectors", {"name": " cs ", "config": source()})
    yield get("/connectors")
    yield get("/connectors/cs")
    yield get("/connectors/cs/config")
    yield get("/connectors/cs/status")
    yield get("/connectors/cs/tasks")
    yield get("/connectors/cs/tasks/0/status")
    yield get("/connectors/cs/tasks/1/status")
    yield get("/connectors/cs/tasks/-1/status", same="status")
    yield get("/connectors/cs/tasks/99999999999/status", same="status")
    yield get("/connectors?expand=info")
    yield get("/connectors?expand=status")
    yield get("/connectors?expand=info&expand=status")
    yield get("/connectors/cs/offsets", until="j['offsets'] and j['offsets'][0]['offset']['position'] == 4")
    yield get("/connectors/cs/offsets")
    yield get("/connectors/cs/topics", until="j['cs']['topics'] == ['conformance']")
    yield get("/connectors/cs/topics")
    yield put("/connectors/cs/topics/reset")
    yield get("/connectors/cs/topics", until="j['cs']['topics'] == []")
    yield get("/connectors/cs/topics")
    yield put("/connectors/cs/config", source(**{"tasks.max": 2}))
    yield running("cs")
    yield get("/connectors/cs/config")
    yield patch("/connectors/cs/config", {"batch.size": "7", "tasks.max": None})
    yield get("/connectors/cs")
    yield patch("/connectors/cs/config", {"batch.size": None})
    yield patch("/connectors/cs/config", {})
    yield patch("/connectors/cs/config", {"tasks.max": "x"}, same="status")
    yield patch("/connectors/cs/config", {"topic": None}, same="invalid")
    yield patch("/connectors/cs/config", b"[]", mistake=400)
    yield running("cs")
    yield get("/connectors/cs/config")


def states():
    yield put("/connectors/cs/pause")
    yield state("cs", "PAUSED")
    yield get("/connectors/cs/status")
    yield put("/connectors/cs/pause")
    yield put("/connectors/cs/resume")
    yield running("cs")
    yield put("/connectors/cs/resume")
    yield post("/connectors/cs/restart")
    yield running("cs")
    yield post("/connectors/cs/restart?includeTasks=false&onlyFailed=true")
    yield post("/connectors/cs/restart?includeTasks=true&onlyFailed=true")
    yield post("/connectors/cs/restart?includeTasks=true")
    yield running("cs")
    yield post("/connectors/cs/restart?includeTasks=maybe")
    yield running("cs")
    yield post("/connectors/cs/tasks/0/restart")
    yield running("cs")
    yield post("/connectors/cs/tasks/x/restart", same="status")
    yield delete("/connectors/cs/offsets")
    yield patch("/connectors/cs/offsets", {"offsets": [{"partition": {"filename": "x"}, "offset": {"position": 1}}]})
    yield put("/connectors/cs/stop")
    yield state("cs", "STOPPED")
    yield get("/connectors/cs/status")
    yield get("/connectors/cs")
    yield get("/connectors/cs/tasks")
    yield put("/connectors/cs/stop")
    yield post("/connectors/cs/restart")
    yield get("/connectors/cs/tasks/0/status")


def offsets_of_a_source():
    there = {"filename": "@DIR@/in.txt"}
    yield patch("/connectors/cs/offsets", {"offsets": [{"partition": there, "offset": {"position": 2}}]})
    yield get("/connectors/cs/offsets")
    yield patch("/connectors/cs/offsets", {"offsets": []})
    yield patch("/connectors/cs/offsets", {})
    yield patch("/connectors/cs/offsets", {"offsets": None})
    yield patch("/connectors/cs/offsets", b"{", mistake=400)
    yield patch("/connectors/cs/offsets", b"[]", mistake=400)
    yield patch("/connectors/cs/offsets", {"offsets": {}}, mistake=400)
    yield patch("/connectors/cs/offsets", {"offsets": [1]}, mistake=400)
    yield patch("/connectors/cs/offsets", {"offsets": [{"partition": there, "offset": 1}]}, mistake=400)
    yield patch("/connectors/cs/offsets", {"offsets": [{"partition": there, "more": 1}]}, mistake=400)
    yield patch("/connectors/cs/offsets", {"offsets": [{"partition": there, "offset": {"position": -1}}]}, mistake=400)
    yield patch("/connectors/cs/offsets", {"offsets": [{"partition": there, "offset": {"position": "1"}}]}, mistake=400)
    yield patch("/connectors/cs/offsets", {"offsets": [{"partition": there, "offset": {"pos": 1}}]}, mistake=400)
    yield patch("/connectors/cs/offsets", {"offsets": [{"partition": {"a": "b"}, "offset": {"position": 1}}]}, mistake=400)
    yield patch("/connectors/cs/offsets", {"offsets": [{"offset": {"position": 1}}]}, mistake=400)
    yield get("/connectors/cs/offsets")
    yield patch("/connectors/cs/offsets", {"offsets": [{"partition": there, "offset": None}]})
    yield get("/connectors/cs/offsets", until="j['offsets'] == []")  # Kafka Connect's first answer may still name the partition
    yield get("/connectors/cs/offsets")
    yield delete("/connectors/cs/offsets")
    yield put("/connectors/cs/resume")
    yield running("cs")
    yield get("/connectors/cs/offsets", until="j['offsets'] and j['offsets'][0]['offset']['position'] == 4")
    yield delete("/connectors/cs")
    yield delete("/connectors/cs")
    yield get("/connectors/cs")
    yield get("/connectors/cs/status", again=200)  # of a cluster, it goes a moment later
    yield get("/connectors")


def initial_states():
    yield post("/connectors", {"name": "cp", "config": source(), "initial_state": "PAUSED"})
    yield state("cp", "PAUSED")
    yield get("/connectors/cp/status")
    yield put("/connectors/cp/resume")
    yield running("cp")
    yield delete("/connectors/cp")
    yield post("/connectors", {"name": "ct", "config": source(), "initial_state": "stopped"})
    yield state("ct", "STOPPED")
    yield get("/connectors/ct/status")
    yield get("/connectors/ct/tasks")
    yield put("/connectors/ct/config", source(**{"batch.size": "9"}))
    yield get("/connectors/ct")
    yield delete("/connectors/ct/offsets")
    yield put("/connectors/ct/resume")
    yield running("ct")
    yield get("/connectors/ct")
    yield delete("/connectors/ct")


def a_sink():
    topic = {"kafka_topic": "conformance", "kafka_partition": 0}
    yield put("/connectors/ck/config", sink())
    yield running("ck")
    yield get("/connectors/ck")
    yield get("/connectors/ck/tasks")
    yield get("/connectors/ck/topics", until="j['ck']['topics'] == ['conformance']")
    yield get("/connectors/ck/offsets", until="j['offsets'] and j['offsets'][0]['offset']['kafka_offset'] > 0")
    yield get("/connectors/ck/offsets", same="keys")
    yield put("/connectors/ck/stop")
    yield state("ck", "STOPPED")
    yield patch("/connectors/ck/offsets", {"offsets": [{"partition": topic, "offset": {"kafka_offset": 1}}]}, again=409)
    yield get("/connectors/ck/offsets")
    yield patch("/connectors/ck/offsets", {"offsets": [{"partition": {"kafka_topic": "conformance", "kafka_partition": "0"},
                                                        "offset": {"kafka_offset": "0"}}]})
    yield get("/connectors/ck/offsets")
    yield patch("/connectors/ck/offsets", {"offsets": [{"partition": {"a": 1}, "offset": {"kafka_offset": 1}}]})
    yield patch("/connectors/ck/offsets", {"offsets": [{"partition": topic, "offset": {"a": 1}}]})
    yield patch("/connectors/ck/offsets", {"offsets": [{"partition": topic, "offset": {"kafka_offset": "x"}}]}, same="status")
    yield patch("/connectors/ck/offsets", {"offsets": [{"partition": {"kafka_topic": "conformance", "kafka_partition": "x"},
                                                        "offset": {"kafka_offset": 1}}]}, same="status")
    yield patch("/connectors/ck/offsets", {"offsets": [{"partition": {"kafka_topic": None, "kafka_partition": 0},
                                                        "offset": {"kafka_offset": 1}}]})
    yield patch("/connectors/ck/offsets", {"offsets": [{"partition": {"kafka_topic": "conformance", "kafka_partition": None},
                                                        "offset": {"kafka_offset": 1}}]})
    yield patch("/connectors/ck/offsets", {"offsets": [{"offset": {"kafka_offset": 1}}]})
    yield patch("/connectors/ck/offsets", {"offsets": [{"partition": topic, "offset": None}]})
    yield get("/connectors/ck/offsets")
    yield delete("/connectors/ck/offsets")
    yield delete("/connectors/ck/offsets")
    yield get("/connectors/ck/offsets")
    yield delete("/connectors/ck")


def names():
    yield put("/connectors/a%20b/config", source())
    yield get("/connectors/a%20b")
    yield get("/connectors")
    yield delete("/connectors/a%20b")
    yield put("/connectors/%CE%A9/config", source())
    yield get("/connectors/%CE%A9/config")
    yield delete("/connectors/%CE%A9")


def plugins():
    yield get("/connector-plugins", same="classes")
    yield get("/connector-plugins?connectorsOnly=true", same="classes")
    yield get("/connector-plugins?connectorsOnly=false", same="classes")
    yield get("/connector-plugins/Nope/config")
    yield get("/connector-plugins/FileStreamSource/config", same="definitions")
    yield get("/connector-plugins/org.apache.kafka.connect.file.FileStreamSinkConnector/config", same="definitions")
    yield get("/connector-plugins/org.apache.kafka.connect.transforms.HoistField$Key/config", same="definitions")
    yield get("/connector-plugins/org.apache.kafka.connect.json.JsonConverter/config", same="definitions")
    yield get("/connector-plugins/io.debezium.connector.postgresql.PostgresConnector/config", same="definitions")
    yield get("/connector-plugins/io.debezium.connector.jdbc.JdbcSinkConnector/config", same="definitions")
    validate = "/connector-plugins/FileStreamSource/config/validate"
    yield put(validate, {"connector.class": CLASS}, same="validate")
    yield put(validate, source(name="v"), same="validate")
    yield put(validate, source(name="v", **{"tasks.max": "0", "errors.tolerance": "some"}), same="validate")
    yield put(validate, source(name="v", transforms="x,y", predicates="p", **{
        "transforms.x.type": "org.apache.kafka.connect.transforms.HoistField$Key", "transforms.y.type": "Nope",
        "predicates.p.type": "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone"}), same="validate")
    yield put(validate, source(name="v", **{"value.converter": "org.apache.kafka.connect.json.JsonConverter",
                                            "value.converter.schemas.enable": "maybe"}), same="validate")
    yield put(validate, source(name="v", **{"producer.override.acks": "all"}), same="validate")
    yield put("/connector-plugins/FileStreamSourceConnector/config/validate", source(name="v"), same="validate")
    yield put("/connector-plugins/org.apache.kafka.connect.file.FileStreamSourceConnector/config/validate",
              source(name="v"))
    yield put("/connector-plugins/FileStreamSink/config/validate", sink(name="v"), same="validate")
    yield put("/connector-plugins/FileStreamSink/config/validate", {"connector.class": SINK, "name": "v"}, same="status")
    yield put("/connector-plugins/io.debezium.connector.postgresql.PostgresConnector/config/validate",
              {"connector.class": "io.debezium.connector.postgresql.PostgresConnector", "name": "v"}, same="validate")
    yield put("/connector-plugins/FileStreamSink/config/validate", source(name="v"))
    yield put("/connector-plugins/Nope/config/validate", {"connector.class": "Nope"}, mistake=404)
    yield put(validate, b"{", mistake=400)
    yield put(validate, b"null", mistake=400)
    yield get(validate)


def loggers():
    yield get("/admin/loggers", same="status")
    yield get("/admin/loggers/root", same="keys")
    yield put("/admin/loggers/conformance", {})
    yield put("/admin/loggers/conformance", b"{", mistake=400)
    yield delete("/admin/loggers/root")
    yield post("/admin/loggers", {})


def script():
    for part in (about_the_worker, nobody_there, bad_bodies, bad_configurations, a_source, states, offsets_of_a_source,
                 initial_states, a_sink, names, plugins, loggers):
        for step in part():
            yield dict({"part": part.__name__, "same": "all"}, **step)

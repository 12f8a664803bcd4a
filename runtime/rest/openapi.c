/*
 * openapi.c - GET /openapi.json: the table of routes as an OpenAPI 3.0 document.
 *
 * The document is made once for each request; docs/ holds a copy of it (docs/generate.sh).
 */
#include "rest/openapi.h"

#include <stdio.h>

#include "rest/request.h"

/* ---- what bodies look like ---- */

static const struct {
    const char *name;
    const char *schema;
} schemas[] = {
    {"Anything", "{\"type\":\"object\"}"},
    {"Error",
     "{\"type\":\"object\",\"required\":[\"error_code\",\"message\"],\"properties\":{\"error_code\":{"
     "\"type\":\"integer\"},\"message\":{\"type\":\"string\",\"nullable\":true}}}"},
    {"ServerInfo",
     "{\"type\":\"object\",\"required\":[\"version\",\"commit\",\"kafka_cluster_id\"],\"properties\":{"
     "\"version\":{"
     "\"type\":\"string\"},\"commit\":{\"type\":\"string\"},\"kafka_cluster_id\":{\"type\":\"string\","
     "\"nullable\":true}}}"},
    {"WorkerStatus", "{\"type\":\"object\",\"required\":[\"status\",\"message\"],\"properties\":{\"status\":{"
                     "\"type\":\"string\",\"enum\":[\"healthy\",\"starting\",\"stopping\",\"unhealthy\"]},"
                     "\"message\":{\"type\":\"string\"}}}"},
    {"Connectors", "{\"oneOf\":[{\"type\":\"array\",\"items\":{\"type\":\"string\"}},{\"type\":\"object\","
                   "\"additionalProperties\":{\"type\":\"object\",\"properties\":{\"info\":{\"$ref\":\"#/"
                   "components/schemas/"
                   "ConnectorInfo\"},\"status\":{\"$ref\":\"#/components/schemas/ConnectorStateInfo\"}}}}]}"},
    {"Settings", "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\",\"nullable\":true}}"},
    {"SettingsPatch",
     "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\",\"nullable\":true}}"},
    {"CreateConnectorRequest",
     "{\"type\":\"object\",\"required\":[\"name\",\"config\"],\"additionalProperties\":false,\"properties\":{"
     "\"name\":{\"type\":\"string\"},\"config\":{\"$ref\":\"#/components/schemas/"
     "Settings\"},\"initial_state\":{"
     "\"type\":\"string\",\"enum\":[\"RUNNING\",\"PAUSED\",\"STOPPED\"]}}}"},
    {"TaskId",
     "{\"type\":\"object\",\"required\":[\"connector\",\"task\"],\"properties\":{\"connector\":{\"type\":"
     "\"string\"},\"task\":{\"type\":\"integer\"}}}"},
    {"ConnectorInfo",
     "{\"type\":\"object\",\"required\":[\"name\",\"config\",\"tasks\",\"type\"],\"properties\":{\"name\":{"
     "\"type\":"
     "\"string\"},\"config\":{\"$ref\":\"#/components/schemas/"
     "Settings\"},\"tasks\":{\"type\":\"array\",\"items\":{"
     "\"$ref\":\"#/components/schemas/TaskId\"}},\"type\":{\"type\":\"string\",\"enum\":[\"source\",\"sink\","
     "\"unknown\"]}}}"},
    {"ConnectorState", "{\"type\":\"object\",\"required\":[\"state\",\"worker_id\"],\"properties\":{"
                       "\"state\":{\"type\":\"string\"},"
                       "\"worker_id\":{\"type\":\"string\"},\"version\":{\"type\":\"string\"},\"trace\":{"
                       "\"type\":\"string\"}}}"},
    {"TaskState",
     "{\"type\":\"object\",\"required\":[\"id\",\"state\",\"worker_id\"],\"properties\":{\"id\":{"
     "\"type\":\"integer\"},\"state\":{\"type\":\"string\"},\"worker_id\":{\"type\":\"string\"},"
     "\"version\":{\"type\":\"string\"},\"trace\":{\"type\":\"string\"}}}"},
    {"ConnectorStateInfo",
     "{\"type\":\"object\",\"required\":[\"name\",\"connector\",\"tasks\",\"type\"],\"properties\":{\"name\":"
     "{"
     "\"type\":\"string\"},\"connector\":{\"$ref\":\"#/components/schemas/"
     "ConnectorState\"},\"tasks\":{\"type\":"
     "\"array\",\"items\":{\"$ref\":\"#/components/schemas/TaskState\"}},\"type\":{\"type\":\"string\"}}}"},
    {"TaskInfos", "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"id\",\"config\"],"
                  "\"properties\":{\"id\":{\"$ref\":\"#/components/schemas/TaskId\"},\"config\":{\"$ref\":"
                  "\"#/components/schemas/Settings\"}}}}"},
    {"ConnectorOffsets",
     "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"offsets\":{\"type\":\"array\","
     "\"items\":"
     "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"partition\":{\"type\":\"object\","
     "\"nullable\":true},\"offset\":{\"type\":\"object\",\"nullable\":true}}}}}}"},
    {"Message",
     "{\"type\":\"object\",\"required\":[\"message\"],\"properties\":{\"message\":{\"type\":\"string\"}}}"},
    {"ActiveTopics",
     "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\",\"required\":[\"topics\"],"
     "\"properties\":{\"topics\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}}"},
    {"PluginInfos",
     "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"class\",\"type\"],"
     "\"properties\":{\"class\":{\"type\":\"string\"},\"type\":{\"type\":\"string\"},\"version\":{"
     "\"type\":\"string\"}}}}"},
    {"ConfigKeyInfo",
     "{\"type\":\"object\",\"required\":[\"name\",\"type\",\"required\",\"importance\",\"documentation\"],"
     "\"properties\":{\"name\":{\"type\":\"string\"},\"type\":{\"type\":\"string\"},\"required\":{\"type\":"
     "\"boolean\"},\"default_value\":{\"type\":\"string\",\"nullable\":true},\"importance\":{\"type\":"
     "\"string\"},"
     "\"documentation\":{\"type\":\"string\"},\"group\":{\"type\":\"string\",\"nullable\":true},\"order_in_"
     "group\":{"
     "\"type\":\"integer\"},\"width\":{\"type\":\"string\"},\"display_name\":{\"type\":\"string\"},"
     "\"dependents\":{"
     "\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}"},
    {"ConfigKeyInfos", "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/ConfigKeyInfo\"}}"},
    {"ConfigInfos",
     "{\"type\":\"object\",\"required\":[\"name\",\"error_count\",\"groups\",\"configs\"],\"properties\":{"
     "\"name\":{"
     "\"type\":\"string\"},\"error_count\":{\"type\":\"integer\"},\"groups\":{\"type\":\"array\",\"items\":{"
     "\"type\":"
     "\"string\"}},\"configs\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
     "\"definition\":{"
     "\"nullable\":true,\"allOf\":[{\"$ref\":\"#/components/schemas/ConfigKeyInfo\"}]},\"value\":{\"type\":"
     "\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"value\":{\"type\":\"string\",\"nullable\":"
     "true},"
     "\"recommended_values\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"errors\":{\"type\":"
     "\"array\","
     "\"items\":{\"type\":\"string\"}},\"visible\":{\"type\":\"boolean\"}}}}}}}}"},
    {"LoggerLevel",
     "{\"type\":\"object\",\"required\":[\"level\",\"last_modified\"],\"properties\":{\"level\":{"
     "\"type\":\"string\"},\"last_modified\":{\"type\":\"integer\",\"nullable\":true}}}"},
    {"LoggerLevels",
     "{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/components/schemas/LoggerLevel\"}}"},
    {"LoggerNames", "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}"},
    {"SetLevel",
     "{\"type\":\"object\",\"required\":[\"level\"],\"properties\":{\"level\":{\"type\":\"string\",\"enum\":"
     "[\"TRACE\",\"DEBUG\",\"INFO\",\"WARN\",\"ERROR\",\"FATAL\",\"OFF\"]}}}"},
};

static const struct {
    const char *name;
    const char *schema;
} params[] = {
    {"expand", "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"enum\":[\"info\",\"status\"]}}"},
    {"includeTasks", "{\"type\":\"boolean\",\"default\":false}"},
    {"onlyFailed", "{\"type\":\"boolean\",\"default\":false}"},
    {"connectorsOnly", "{\"type\":\"boolean\",\"default\":true}"},
    {"scope", "{\"type\":\"string\",\"enum\":[\"worker\",\"cluster\"],\"default\":\"worker\"}"},
};

/* ---- writing ---- */

static void add_ref(sl_buf *b, const char *media, const char *schema) {
    sl_buf_printf(b, "\"content\":{\"%s\":{\"schema\":", media);
    if (schema) {
        sl_buf_printf(b, "{\"$ref\":\"#/components/schemas/%s\"}}}", schema);
    } else {
        sl_buf_add_z(b, "{\"type\":\"string\"}}}");
    }
}

static void add_param(sl_buf *b, sl_str name, const char *in, const char *schema, bool *first) {
    sl_buf_printf(b, "%s{\"name\":\"%.*s\",\"in\":\"%s\",\"required\":%s,\"schema\":%s}", *first ? "" : ",",
                  SL_STR_ARG(name), in, strcmp(in, "path") == 0 ? "true" : "false", schema);
    *first = false;
}

static void add_params(sl_buf *b, const sl__route *r) {
    sl_str rest = sl_str_of(r->pattern), part;
    bool first = true;
    sl_buf_add_z(b, ",\"parameters\":[");
    while (sl_str_next(&rest, '/', &part)) {
        if (part.n > 2 && part.p[0] == '{') {
            part = sl_str_make(part.p + 1, part.n - 2);
            add_param(b, part, "path",
                      sl_str_eqz(part, "task") ? "{\"type\":\"integer\",\"format\":\"int32\",\"minimum\":0}"
                                               : "{\"type\":\"string\",\"minLength\":1}",
                      &first);
        }
    }
    rest = sl_str_of(r->params);
    while (r->params && sl_str_next(&rest, ',', &part)) {
        for (size_t i = 0; i < sizeof params / sizeof params[0]; i++) {
            if (sl_str_eqz(part, params[i].name)) {
                add_param(b, part, "query", params[i].schema, &first);
            }
        }
    }
    sl_buf_add_char(b, ']');
}

static void add_answer(sl_buf *b, int status, const char *what, const char *media, const char *schema) {
    sl_buf_printf(b, "\"%d\":{\"description\":\"%s\"", status, what);
    if (media) {
        sl_buf_add_char(b, ',');
        add_ref(b, media, schema);
    }
    sl_buf_add_char(b, '}');
}

static void add_answers(sl_buf *b, const sl__route *r) {
    const char *media = r->media ? r->media : "application/json";
    int status = r->success ? r->success : 200;
    bool body = (r->answer || r->media) && status != 204;
    sl_buf_add_z(b, ",\"responses\":{");
    add_answer(b, status, "done", body ? media : NULL, r->answer);
    if (r->may_create) {
        sl_buf_add_char(b, ',');
        add_answer(b, 201, "made", media, r->answer);
    }
    if (r->may_accept) {
        sl_buf_add_char(b, ',');
        add_answer(b, 202, "begun", media, r->answer);
    }
    if (r->may_be_empty) {
        sl_buf_add_char(b, ',');
        add_answer(b, 204, "done on all workers", NULL, NULL);
    }
    sl_buf_add_z(b, ",\"default\":{\"description\":\"an error\",");
    add_ref(b, "application/json", "Error");
    sl_buf_add_z(b, "}}");
}

static void add_operation(sl_buf *b, const sl__route *r) {
    char method[16];
    size_t i = 0;
    for (; r->method[i] && i + 1 < sizeof method; i++) {
        method[i] = (char)(r->method[i] | 0x20);
    }
    method[i] = '\0';
    sl_buf_printf(b, "\"%s\":{\"summary\":", method);
    sl__json_text(b, sl_str_of(r->summary));
    add_params(b, r);
    if (r->body) {
        sl_buf_add_z(b, ",\"requestBody\":{\"required\":true,");
        add_ref(b, "application/json", r->body);
        sl_buf_add_char(b, '}');
    }
    add_answers(b, r);
    sl_buf_add_char(b, '}');
}

/* first_of tells whether a row is the first shown one of its path. */
static bool first_of(size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (!sl__routes[i].internal && strcmp(sl__routes[i].pattern, sl__routes[at].pattern) == 0) {
            return false;
        }
    }
    return !sl__routes[at].internal;
}

static void add_path(sl_buf *b, const char *pattern) {
    bool first = true;
    sl__json_text(b, sl_str_of(pattern));
    sl_buf_add_z(b, ":{");
    for (size_t i = 0; i < sl__nroutes; i++) {
        if (!sl__routes[i].internal && strcmp(sl__routes[i].pattern, pattern) == 0) {
            sl_buf_add_z(b, first ? "" : ",");
            first = false;
            add_operation(b, &sl__routes[i]);
        }
    }
    sl_buf_add_char(b, '}');
}

void sl__openapi_write(sl_buf *b) {
    bool first = true;
    sl_buf_printf(b,
                  "{\"openapi\":\"3.0.3\",\"info\":{\"title\":\"Sluice\",\"version\":\"%s\",\"description\":"
                  "\"Kafka Connect's REST interface as Sluice serves it.\"},\"paths\":{",
                  SL_VERSION);
    for (size_t i = 0; i < sl__nroutes; i++) {
        if (first_of(i)) {
            sl_buf_add_z(b, first ? "" : ",");
            first = false;
            add_path(b, sl__routes[i].pattern);
        }
    }
    sl_buf_add_z(b, "},\"components\":{\"schemas\":{");
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        sl_buf_printf(b, "%s\"%s\":%s", i ? "," : "", schemas[i].name, schemas[i].schema);
    }
    sl_buf_add_z(b, "}}}");
}

bool sl__rest_openapi(sl__herder *h, sl__request *r) {
    (void)h;
    sl__openapi_write(&r->out);
    return sl__answer_json(r, 200);
}

/*
 * Notation.java - records written as text, as tests/unit/transforms/notation.h has them: reads and writes Kafka Connect's.
 */
import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.data.Time;
import org.apache.kafka.connect.data.Timestamp;
import org.apache.kafka.connect.header.ConnectHeaders;
import org.apache.kafka.connect.header.Header;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;

final class Notation {
    private static final Map<String, String> LOGICAL = Map.of("Date", Date.LOGICAL_NAME, "Time", Time.LOGICAL_NAME,
            "Timestamp", Timestamp.LOGICAL_NAME, "Decimal", Decimal.LOGICAL_NAME);

    private final String text;
    private int at;

    private Notation(String text) {
        this.text = text;
    }

    static ConnectRecord<?> read(String text) {
        return new Notation(text).record();
    }

    // ---- reading ----

    private boolean take(String word) {
        if (!text.startsWith(word, at)) {
            return false;
        }
        at += word.length();
        return true;
    }

    private void need(String word) {
        if (!take(word)) {
            throw new IllegalStateException("expected '" + word + "' at '" + text.substring(at) + "'");
        }
    }

    private String until(String stops) {
        int start = at;
        while (at < text.length() && stops.indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return text.substring(start, at);
    }

    private SchemaBuilder base() {
        if (take("{")) {
            SchemaBuilder struct = SchemaBuilder.struct();
            while (!take("}")) {
                String name = until(":");
                need(":");
                struct.field(name, schema());
                take(",");
            }
            return struct;
        }
        if (take("[")) {
            Schema items = schema();
            need("]");
            return SchemaBuilder.array(items);
        }
        if (take("<")) {
            Schema keys = schema();
            need(",");
            Schema values = schema();
            need(">");
            return SchemaBuilder.map(keys, values);
        }
        if (take("Decimal(")) {
            SchemaBuilder decimal = Decimal.builder(Integer.parseInt(until(")")));
            need(")");
            return decimal;
        }
        return take("Date") ? Date.builder() : take("Timestamp") ? Timestamp.builder() : take("Time") ? Time.builder() : primitive();
    }

    private SchemaBuilder primitive() {
        for (Schema.Type type : Schema.Type.values()) {
            if (take(type.getName())) {
                return SchemaBuilder.type(type);
            }
        }
        throw new IllegalStateException("expected a schema at '" + text.substring(at) + "'");
    }

    private void attributes(SchemaBuilder schema) {
        while (!take(")")) {
            String key = until("=");
            need("=");
            String value = until(",)");
            take(",");
            switch (key) {
                case "name" -> schema.name(value);
                case "doc" -> schema.doc(value);
                case "version" -> schema.version(Integer.parseInt(value));
                default -> schema.parameter(key, value);
            }
        }
    }

    private Schema schema() {
        SchemaBuilder schema = base();
        if (take("(")) {
            attributes(schema);
        }
        if (take("?")) {
            schema.optional();
        }
        if (take("=")) {
            schema.defaultValue(value(schema));
        }
        return schema.build();
    }

    private String quoted() {
        StringBuilder out = new StringBuilder();
        while (text.charAt(at) != '"') {
            at += text.charAt(at) == '\\' ? 1 : 0;
            out.append(text.charAt(at++));
        }
        need("\"");
        return out.toString();
    }

    private byte[] hex() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        while (at + 1 < text.length() && Character.digit(text.charAt(at), 16) >= 0 && Character.digit(text.charAt(at + 1), 16) >= 0) {
            out.write(Integer.parseInt(text.substring(at, at + 2), 16));
            at += 2;
        }
        return out.toByteArray();
    }

    private Object number(Schema schema) {
        String word = until(",]}:; ");
        if (schema == null) {
            return schemalessNumber(word);
        }
        String name = schema.name() == null ? "" : schema.name();
        switch (name) {
            case Decimal.LOGICAL_NAME:
                return new BigDecimal(word).setScale(Integer.parseInt(schema.parameters().get("scale")));
            case Date.LOGICAL_NAME:
                return Date.toLogical(schema, Integer.parseInt(word));
            case Time.LOGICAL_NAME:
                return Time.toLogical(schema, Integer.parseInt(word));
            case Timestamp.LOGICAL_NAME:
                return Timestamp.toLogical(schema, Long.parseLong(word));
            default:
                break;
        }
        return switch (schema.type()) {
            case INT8 -> Byte.valueOf(word);
            case INT16 -> Short.valueOf(word);
            case INT32 -> Integer.valueOf(word);
            case INT64 -> Long.valueOf(word);
            case FLOAT32 -> Float.valueOf(word);
            case FLOAT64 -> Double.valueOf(word);
            default -> throw new IllegalStateException("'" + word + "' is no " + schema.type());
        };
    }

    private static Object schemalessNumber(String word) {
        char last = word.charAt(word.length() - 1);
        if (word.matches(".*[.eNI].*")) {
            return last == 'f' ? (Object) Float.valueOf(word) : (Object) Double.valueOf(word);
        }
        String digits = Character.isLetter(last) ? word.substring(0, word.length() - 1) : word;
        return switch (last) {
            case 'b' -> (Object) Byte.valueOf(digits);
            case 's' -> (Object) Short.valueOf(digits);
            case 'i' -> (Object) Integer.valueOf(digits);
            default -> (Object) Long.valueOf(digits);
        };
    }

    private Object struct(Schema schema) {
        Struct struct = new Struct(schema);
        while (!take("}")) {
            String name = until(":");
            need(":");
            struct.put(name, value(schema.field(name).schema()));
            take(",");
        }
        return struct;
    }

    private Object map(Schema schema) {
        Map<Object, Object> map = new HashMap<>();
        while (!take("}")) {
            boolean typed = schema != null && schema.keySchema().type() != Schema.Type.STRING;
            Object key = typed ? value(schema.keySchema()) : take("\"") ? quoted() : until(":");
            need(":");
            map.put(key, value(schema == null ? null : schema.valueSchema()));
            take(",");
        }
        return map;
    }

    private Object list(Schema schema) {
        List<Object> list = new ArrayList<>();
        while (!take("]")) {
            list.add(value(schema == null ? null : schema.valueSchema()));
            take(",");
        }
        return list;
    }

    private Object value(Schema schema) {
        if (take("null")) {
            return null;
        }
        if (take("true")) {
            return true;
        }
        if (take("false")) {
            return false;
        }
        if (take("\"")) {
            return quoted();
        }
        if (take("x")) {
            return hex();
        }
        if (take("[")) {
            return list(schema);
        }
        if (take("{")) {
            return schema != null && schema.type() == Schema.Type.STRUCT ? struct(schema) : map(schema);
        }
        return number(schema);
    }

    private SchemaAndValue pair() {
        Schema schema = text.startsWith(":", at) ? null : schema();
        need(":");
        return new SchemaAndValue(schema, value(schema));
    }

    private ConnectRecord<?> record() {
        String topic = "t";
        Integer partition = null;
        Long timestamp = null;
        Long offset = null;
        SchemaAndValue key = SchemaAndValue.NULL;
        SchemaAndValue value = SchemaAndValue.NULL;
        ConnectHeaders headers = new ConnectHeaders();
        while (at < text.length()) {
            if (take("t=")) {
                topic = until(" ");
            } else if (take("p=")) {
                partition = Integer.valueOf(until(" "));
            } else if (take("ts=")) {
                timestamp = Long.valueOf(until(" "));
            } else if (take("sink=")) {
                offset = Long.valueOf(until(" "));
            } else if (take("k=")) {
                key = pair();
            } else if (take("v=")) {
                value = pair();
            } else {
                need("h.");
                String name = until("=");
                need("=");
                headers.add(name, pair());
            }
            if (at < text.length()) {
                need(" ; ");
            }
        }
        if (offset != null) {
            return new SinkRecord(topic, partition == null ? 0 : partition, key.schema(), key.value(), value.schema(), value.value(),
                    offset, timestamp, TimestampType.CREATE_TIME, headers);
        }
        return new SourceRecord(null, null, topic, partition, key.schema(), key.value(), value.schema(), value.value(), timestamp,
                headers);
    }

    // ---- writing ----

    private static void writeBase(StringBuilder out, Schema schema, String logical) {
        switch (schema.type()) {
            case STRUCT -> {
                String separator = "{";
                for (Field field : schema.fields()) {
                    out.append(separator).append(field.name()).append(':');
                    writeSchema(out, field.schema());
                    separator = ",";
                }
                out.append(schema.fields().isEmpty() ? "{}" : "}");
            }
            case ARRAY -> {
                out.append('[');
                writeSchema(out, schema.valueSchema());
                out.append(']');
            }
            case MAP -> {
                out.append('<');
                writeSchema(out, schema.keySchema());
                out.append(',');
                writeSchema(out, schema.valueSchema());
                out.append('>');
            }
            default -> out.append(logical == null ? schema.type().getName() : logical);
        }
    }

    private static String logicalOf(Schema schema) {
        for (Map.Entry<String, String> known : LOGICAL.entrySet()) {
            Schema.Type type = switch (known.getKey()) {
                case "Decimal" -> Schema.Type.BYTES;
                case "Timestamp" -> Schema.Type.INT64;
                default -> Schema.Type.INT32;
            };
            if (known.getValue().equals(schema.name()) && type == schema.type()) {
                return known.getKey();
            }
        }
        return null;
    }

    private static void writeSchema(StringBuilder out, Schema schema) {
        String logical = logicalOf(schema);
        List<String> attributes = new ArrayList<>();
        writeBase(out, schema, logical);
        if (schema.name() != null && logical == null) {
            attributes.add("name=" + schema.name());
        }
        if (schema.version() != null && (logical == null || schema.version() != 1)) {
            attributes.add("version=" + schema.version());
        }
        if (schema.doc() != null) {
            attributes.add("doc=" + schema.doc());
        }
        if (schema.parameters() != null) {
            schema.parameters().forEach((name, value) -> attributes.add(
                    logicalOf(schema) != null && name.equals("scale") ? value : name + "=" + value));
        }
        if (!attributes.isEmpty()) {
            out.append('(').append(String.join(",", attributes)).append(')');
        }
        if (schema.isOptional()) {
            out.append('?');
        }
        if (schema.defaultValue() != null) {
            out.append('=');
            writeValue(out, schema, schema.defaultValue());
        }
    }

    private static void writeMap(StringBuilder out, Schema schema, Map<?, ?> map) {
        List<Object> keys = new ArrayList<>(map.keySet());
        if (schema == null || schema.keySchema().type() == Schema.Type.STRING) {
            keys.sort(Comparator.comparing(Object::toString));
        }
        String separator = "{";
        for (Object key : keys) {
            out.append(separator);
            if (key instanceof String) {
                out.append(key);
            } else {
                writeValue(out, schema == null ? null : schema.keySchema(), key);
            }
            out.append(':');
            writeValue(out, schema == null ? null : schema.valueSchema(), map.get(key));
            separator = ",";
        }
        out.append(keys.isEmpty() ? "{}" : "}");
    }

    private static void writeStruct(StringBuilder out, Struct struct) {
        String separator = "{";
        for (Field field : struct.schema().fields()) {
            out.append(separator).append(field.name()).append(':');
            writeValue(out, field.schema(), struct.getWithoutDefault(field.name()));
            separator = ",";
        }
        out.append(struct.schema().fields().isEmpty() ? "{}" : "}");
    }

    private static void writeList(StringBuilder out, Schema schema, List<?> list) {
        String separator = "[";
        for (Object item : list) {
            out.append(separator);
            writeValue(out, schema == null ? null : schema.valueSchema(), item);
            separator = ",";
        }
        out.append(list.isEmpty() ? "[]" : "]");
    }

    private static Object dateNumber(Schema schema, java.util.Date date) {
        String logical = schema == null ? "" : String.valueOf(logicalOf(schema));
        return switch (logical) {
            case "Date" -> (Object) Date.fromLogical(schema, date);
            case "Time" -> (Object) Time.fromLogical(schema, date);
            default -> (Object) date.getTime();
        };
    }

    private static String suffix(Object number) {
        return number instanceof Byte ? "b" : number instanceof Short ? "s" : number instanceof Integer ? "i"
                : number instanceof Float ? "f" : "";
    }

    private static void writeValue(StringBuilder out, Schema schema, Object value) {
        if (value instanceof String) {
            out.append('"').append(value).append('"');
        } else if (value instanceof byte[] bytes) {
            out.append('x');
            for (byte b : bytes) {
                out.append(String.format("%02x", b));
            }
        } else if (value instanceof java.util.Date date) {
            out.append(dateNumber(schema, date));
        } else if (value instanceof List<?> list) {
            writeList(out, schema, list);
        } else if (value instanceof Map<?, ?> map) {
            writeMap(out, schema, map);
        } else if (value instanceof Struct struct) {
            writeStruct(out, struct);
        } else {
            out.append(value).append(schema == null ? suffix(value) : "");
        }
    }

    private static String pairText(String name, Schema schema, Object value) {
        StringBuilder out = new StringBuilder(name).append('=');
        if (schema != null) {
            writeSchema(out, schema);
        }
        out.append(':');
        writeValue(out, schema, value);
        return out.toString();
    }

    static String write(ConnectRecord<?> record) {
        List<String> parts = new ArrayList<>();
        if (!record.topic().equals("t")) {
            parts.add("t=" + record.topic());
        }
        if (record.kafkaPartition() != null) {
            parts.add("p=" + record.kafkaPartition());
        }
        if (record.timestamp() != null) {
            parts.add("ts=" + record.timestamp());
        }
        if (record.keySchema() != null || record.key() != null) {
            parts.add(pairText("k", record.keySchema(), record.key()));
        }
        parts.add(pairText("v", record.valueSchema(), record.value()));
        for (Header header : record.headers()) {
            parts.add(pairText("h." + header.key(), header.schema(), header.value()));
        }
        return String.join(" ; ", parts);
    }
}

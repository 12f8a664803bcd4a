/*
 * Oracle.java - what Kafka Connect's own converters make of the cases on standard input; one answer a line.
 * The form of cases and answers is in cases.py; of values, in tests/unit/converters/notation.h.
 */
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import org.apache.kafka.connect.converters.*;
import org.apache.kafka.connect.data.*;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.storage.Converter;
import org.apache.kafka.connect.storage.HeaderConverter;
import org.apache.kafka.connect.storage.SimpleHeaderConverter;
import org.apache.kafka.connect.storage.StringConverter;

public class Oracle {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final JsonConverter SCHEMAS = new JsonConverter();
    private static final Map<String, Object> OPEN = new HashMap<>();

    public static void main(String[] args) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        SCHEMAS.configure(Map.of("schemas.enable", "true"), false);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] c = line.split("\t", -1);
            String answer;
            try {
                answer = c[1].equals("W") ? write(c) : read(c);
            } catch (Throwable e) {
                answer = "!" + e.getClass().getSimpleName();
            }
            out.print(answer + "\n");
        }
        out.flush();
    }

    private static Object converter(String name, String conf) {
        return OPEN.computeIfAbsent(name + " " + conf, k -> {
            Map<String, String> settings = new HashMap<>();
            for (String pair : conf.isEmpty() ? new String[0] : conf.split(";")) {
                settings.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
            }
            if (name.equals("simple")) {
                SimpleHeaderConverter h = new SimpleHeaderConverter();
                h.configure(settings);
                return h;
            }
            Converter c = make(name);
            c.configure(settings, false);
            return c;
        });
    }

    private static Converter make(String name) {
        switch (name) {
            case "json": return new JsonConverter();
            case "string": return new StringConverter();
            case "byte-array": return new ByteArrayConverter();
            case "short": return new ShortConverter();
            case "integer": return new IntegerConverter();
            case "long": return new LongConverter();
            case "float": return new FloatConverter();
            case "double": return new DoubleConverter();
            case "boolean": return new BooleanConverter();
            default: throw new IllegalArgumentException(name);
        }
    }

    private static String write(String[] c) throws Exception {
        Schema schema = null;
        if (!c[4].equals("-")) {
            schema = SCHEMAS.asConnectSchema(MAPPER.readTree(c[4]));
        }
        Object value = new Words(c[5]).read(schema);
        Object converter = converter(c[2], c[3]);
        byte[] bytes = converter instanceof Converter
            ? ((Converter) converter).fromConnectData("t", schema, value)
            : ((HeaderConverter) converter).fromConnectHeader("t", "h", schema, value);
        return bytes == null ? "null" : hex(bytes);
    }

    private static String read(String[] c) throws Exception {
        byte[] bytes = c[4].equals("null") ? null : unhex(c[4]);
        Object converter = converter(c[2], c[3]);
        SchemaAndValue v = converter instanceof Converter
            ? ((Converter) converter).toConnectData("t", bytes)
            : ((HeaderConverter) converter).toConnectHeader("t", "h", bytes);
        if (v == null) {
            v = SchemaAndValue.NULL;
        }
        StringBuilder out = new StringBuilder();
        boolean whole = v.schema() != null && whole(v.schema());
        out.append(whole ? new String(MAPPER.writeValueAsBytes(SCHEMAS.asJsonSchema(v.schema())), "UTF-8") : "-");
        out.append(' ');
        dump(out, v.schema(), v.value());
        return out.toString();
    }

    /* An array of nothing but nulls has a schema without one for its items. */
    private static boolean whole(Schema s) {
        switch (s.type()) {
            case ARRAY: return s.valueSchema() != null && whole(s.valueSchema());
            case MAP: return s.keySchema() != null && s.valueSchema() != null && whole(s.keySchema()) && whole(s.valueSchema());
            default: return true;
        }
    }

    private static String hex(byte[] b) {
        StringBuilder s = new StringBuilder();
        for (byte x : b) {
            s.append(String.format("%02x", x));
        }
        return s.toString();
    }

    private static byte[] unhex(String s) {
        byte[] b = new byte[s.length() / 2];
        for (int i = 0; i < b.length; i++) {
            b[i] = (byte) Integer.parseInt(s.substring(2 * i, 2 * i + 2), 16);
        }
        return b;
    }

    private static void dump(StringBuilder out, Schema s, Object v) {
        if (v == null) {
            out.append("n");
        } else if (v instanceof Boolean) {
            out.append((Boolean) v ? "b:1" : "b:0");
        } else if (v instanceof Byte) {
            out.append("i8:").append(v);
        } else if (v instanceof Short) {
            out.append("i16:").append(v);
        } else if (v instanceof Integer) {
            out.append("i32:").append(v);
        } else if (v instanceof Long) {
            out.append("i64:").append(v);
        } else if (v instanceof Float) {
            out.append(String.format("f32:%08x", Float.floatToIntBits((Float) v)));
        } else if (v instanceof Double) {
            out.append(String.format("f64:%016x", Double.doubleToLongBits((Double) v)));
        } else if (v instanceof String) {
            out.append("s:").append(hex(((String) v).getBytes(StandardCharsets.UTF_8)));
        } else if (v instanceof byte[]) {
            out.append("x:").append(hex((byte[]) v));
        } else if (v instanceof BigDecimal) {
            out.append("x:").append(hex(((BigDecimal) v).unscaledValue().toByteArray()));
            if (s == null || ((BigDecimal) v).scale() != Integer.parseInt(s.parameters().get("scale"))) {
                out.append("/").append(((BigDecimal) v).scale());
            }
        } else if (v instanceof java.util.Date) {
            dumpDate(out, s, (java.util.Date) v);
        } else {
            dumpContainer(out, s, v);
        }
    }

    private static void dumpDate(StringBuilder out, Schema s, java.util.Date v) {
        if (s == null) {
            out.append("date:").append(v.getTime());
        } else if (Timestamp.LOGICAL_NAME.equals(s.name())) {
            out.append("i64:").append(v.getTime());
        } else if (Time.LOGICAL_NAME.equals(s.name())) {
            out.append("i32:").append(v.getTime());
        } else {
            out.append("i32:").append(Math.floorDiv(v.getTime(), 86400000L));
        }
    }

    private static void dumpContainer(StringBuilder out, Schema s, Object v) {
        if (v instanceof List) {
            out.append("[");
            for (Object item : (List<?>) v) {
                dump(out.append(" "), s == null ? null : s.valueSchema(), item);
            }
            out.append(" ]");
        } else if (v instanceof Map) {
            out.append("{");
            for (Map.Entry<?, ?> e : ((Map<?, ?>) v).entrySet()) {
                dump(out.append(" "), s == null ? null : s.keySchema(), e.getKey());
                dump(out.append(" "), s == null ? null : s.valueSchema(), e.getValue());
            }
            out.append(" }");
        } else {
            out.append("(");
            for (Field f : ((Struct) v).schema().fields()) {
                dump(out.append(" "), f.schema(), ((Struct) v).getWithoutDefault(f.name()));
            }
            out.append(" )");
        }
    }

    private static class Words {
        private final String[] words;
        private int at = 0;

        Words(String text) {
            words = text.split(" ");
        }

        Object read(Schema s) {
            String w = words[at++];
            switch (w) {
                case "n": return null;
                case "[": {
                    List<Object> list = new ArrayList<>();
                    while (!words[at].equals("]")) {
                        list.add(read(s == null ? null : s.valueSchema()));
                    }
                    at++;
                    return list;
                }
                case "{": {
                    Map<Object, Object> map = new LinkedHashMap<>();
                    while (!words[at].equals("}")) {
                        Object key = read(s == null ? null : s.keySchema());
                        map.put(key, read(s == null ? null : s.valueSchema()));
                    }
                    at++;
                    return map;
                }
                case "(": {
                    Struct struct = new Struct(s);
                    for (Field f : s.fields()) {
                        Object v = read(f.schema());
                        if (v != null) {
                            struct.put(f, v);
                        }
                    }
                    at++;
                    return struct;
                }
                default: return scalar(w.substring(0, w.indexOf(':')), w.substring(w.indexOf(':') + 1), s);
            }
        }

        private static Object scalar(String kind, String rest, Schema s) {
            String name = s == null || s.name() == null ? "" : s.name();
            switch (kind) {
                case "b": return rest.equals("1");
                case "i8": return Byte.valueOf(rest);
                case "i16": return Short.valueOf(rest);
                case "i32": {
                    int i = Integer.parseInt(rest);
                    return name.equals(Date.LOGICAL_NAME) ? Date.toLogical(s, i)
                        : name.equals(Time.LOGICAL_NAME) ? Time.toLogical(s, i) : (Object) i;
                }
                case "i64": {
                    long l = Long.parseLong(rest);
                    return name.equals(Timestamp.LOGICAL_NAME) ? Timestamp.toLogical(s, l) : (Object) l;
                }
                case "f32": return Float.intBitsToFloat((int) Long.parseLong(rest, 16));
                case "f64": return Double.longBitsToDouble(Long.parseUnsignedLong(rest, 16));
                case "s": return new String(unhex(rest), StandardCharsets.UTF_8);
                default:
                    return name.equals(Decimal.LOGICAL_NAME)
                        ? new BigDecimal(new BigInteger(unhex(rest)), Integer.parseInt(s.parameters().get("scale")))
                        : (Object) unhex(rest);
            }
        }
    }
}

/*
 * Oracle.java - runs the cases of tests/unit/transforms on the Java transforms, and says where these do something else.
 *
 * Reads lines "CASE <tab> type <tab> settings <tab> record <tab> wanted"; what is wanted after a "~" is meant to differ. Ends with
 * "N passed, N failed" and exit code 1 when something failed.
 */
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.TimeZone;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.transforms.Transformation;

public final class Oracle {
    private static final String KAFKA = "org.apache.kafka.connect.transforms.";

    private Oracle() {
    }

    /** The Java class for one of our short names. */
    private static String className(String type) {
        if (type.contains(".")) {
            return type;
        }
        if (type.equals("extract-new-record-state")) {
            return "io.debezium.transforms.ExtractNewRecordState";
        }
        String side = type.endsWith("-value") ? "$Value" : type.endsWith("-key") && !type.equals("value-to-key") ? "$Key" : "";
        String stem = type.substring(0, type.length() - (side.isEmpty() ? 0 : side.length()));
        StringBuilder name = new StringBuilder(KAFKA);
        for (String word : stem.split("-")) {
            name.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1));
        }
        return name + side;
    }

    private static Map<String, String> settings(String text) {
        Map<String, String> map = new HashMap<>();
        for (String pair : text.isEmpty() ? new String[0] : text.split(" ; ", -1)) {
            int equals = pair.indexOf('=');
            map.put(pair.substring(0, equals), pair.substring(equals + 1));
        }
        return map;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static String run(String type, String settings, ConnectRecord<?> record) throws ReflectiveOperationException {
        Transformation transform = (Transformation) Class.forName(className(type)).getConstructor().newInstance();
        try {
            transform.configure(settings(settings));
            ConnectRecord<?> out = record == null ? null : transform.apply(record);
            return record == null ? "ok" : out == null ? "dropped" : Notation.write(out);
        } catch (RuntimeException e) {
            return "!" + e.getClass().getSimpleName() + ": " + e.getMessage();
        }
    }

    private static boolean isExpected(String wanted, String found) {
        boolean differs = wanted.startsWith("~");
        String want = differs ? wanted.substring(1) : wanted;
        boolean same = want.startsWith("!") ? found.startsWith("!") : found.equals(want);
        return same != differs;
    }

    public static void main(String[] args) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        int passed = 0;
        int failed = 0;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] part = line.split("\t", -1);
            if (!part[0].equals("CASE")) {
                continue;
            }
            ConnectRecord<?> record = part[3].isEmpty() ? null : Notation.read(part[3]);
            String found = run(part[1], part[2], record);
            if (isExpected(part[4], found)) {
                passed++;
            } else {
                failed++;
                out.printf("case  %s%nwith  %s%nof    %s%nwant  %s%njava  %s%n", part[1], part[2], part[3], part[4], found);
            }
        }
        out.println(passed + " passed, " + failed + " failed");
        System.exit(failed > 0 || passed == 0 ? 1 : 0);
    }
}

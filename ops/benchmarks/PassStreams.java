/* An identity topology of Kafka Streams, in rounds, for `ops/bench pass --streams`.
 *
 * usage: java PassStreams.java BOOTSTRAP RECORDS
 * Each line of stdin, "GUARANTEE APPLICATION" (at_least_once or exactly_once_v2), is a round: the
 * topic feedback is read from its start by a new application, and written to documents, byte for
 * byte. Its answer is a line of stdout: CPU seconds of this process from the start of the topology
 * until all is committed and it has stopped. The process stays, so that its code is warm. */
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

public class PassStreams {
    static final int PATIENCE_S = 240;

    static double cpuSeconds() {
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime() * 1e-9;
    }

    static void delete(Path folder) throws Exception {
        try (var paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) Files.delete(path);
        }
    }

    static Properties properties(String bootstrap, String guarantee, String application, Path state) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, guarantee);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
        properties.put("auto.offset.reset", "earliest");
        return properties;
    }

    static double round(String bootstrap, long records, String guarantee, String application) throws Exception {
        AtomicLong count = new AtomicLong();
        CountDownLatch done = new CountDownLatch(1);
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream("feedback", Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()))
            .peek((key, value) -> {
                if (count.incrementAndGet() == records) done.countDown();
            })
            .to("documents", Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
        Path state = Files.createTempDirectory("pass-streams-");
        double before = cpuSeconds(), after;
        try (KafkaStreams streams = new KafkaStreams(builder.build(), properties(bootstrap, guarantee, application, state))) {
            streams.start();
            if (!done.await(PATIENCE_S, TimeUnit.SECONDS)) throw new IllegalStateException(count + " records of " + records);
        } finally {
            after = cpuSeconds();
            delete(state);
        }
        return after - before;
    }

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ");
            System.out.println(round(arguments[0], Long.parseLong(arguments[1]), words[0], words[1]));
            System.out.flush();
        }
    }
}

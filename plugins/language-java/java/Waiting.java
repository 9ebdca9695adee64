import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs in the virtual machine that waits in a sandbox: compiles some programs of no use, so that the compiler is loaded and
 * quick, waits for sources, and compiles them as `javac` would. The descriptor 3 leads to the sandbox's supervisor: one byte
 * says that all is ready, then the compiler's arguments come.
 */
class Waiting {
  private static final int SUPERVISOR = 3;
  private static final int TIMES = 2;

  private static final String SAMPLE =
      """
      import java.util.*;
      import java.util.function.*;
      import java.util.stream.*;

      public class Sample {
        sealed interface Shape permits Circle, Square {}
        record Circle(double radius) implements Shape {}
        record Square(double side) implements Shape {}
        enum Kind { ROUND, EDGY }

        static <T extends Comparable<T>> T most(List<? extends T> all) {
          T most = null;
          for (T each : all) if (most == null || each.compareTo(most) > 0) most = each;
          return most;
        }

        static double area(Shape shape) {
          if (shape instanceof Circle circle) return Math.PI * circle.radius() * circle.radius();
          return shape instanceof Square square ? square.side() * square.side() : 0;
        }

        public static void main(String[] args) throws Exception {
          Map<String, List<Integer>> map = new HashMap<>();
          map.computeIfAbsent("a", key -> new ArrayList<>()).add(1);
          String text = Stream.of(1, 2, 3).map(String::valueOf).collect(Collectors.joining(","));
          int[] numbers = new int[10];
          for (int i = 0; i < numbers.length; i++) numbers[i] = i * i;
          Kind kind = switch (text.length()) { case 1, 2 -> Kind.ROUND; default -> Kind.EDGY; };
          try (Scanner in = new Scanner(System.in)) {
            while (in.hasNextLine()) System.out.println(in.nextLine() + kind + area(new Circle(1)) + most(List.of(1, 2)));
          } catch (IllegalStateException e) {
            throw new RuntimeException("failed: " + e.getMessage(), e);
          }
          new Thread(new Runnable() {
            @Override public void run() { System.out.printf("%s %d%n", text, numbers[2]); }
          }).start();
        }
      }
      """;
  private static final List<String> SAMPLES = List.of(SAMPLE.replace("return most", "return least;\nreturn"), SAMPLE);

  public static void main(String[] none) throws Exception {
    // It is no file of the program.
    Files.delete(Path.of(".soulbox-waiting.java"));
    for (int i = 0; i < TIMES; i++) exercise();
    System.gc();
    System.exit(com.sun.tools.javac.Main.compile(job()));
  }

  private static void exercise() throws IOException {
    Path folder = Files.createTempDirectory("soulbox");
    Path source = folder.resolve("Sample.java");
    String[] arguments = {"-encoding", "UTF-8", "-proc:none", "-d", folder.toString(), source.toString()};
    for (String sample : SAMPLES) {
      Files.writeString(source, sample);
      com.sun.tools.javac.Main.compile(arguments, new PrintWriter(Writer.nullWriter()));
    }
    try (Stream<Path> left = Files.walk(folder)) {
      for (Path path : left.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
  }

  /** The arguments of `javac`, without those for its virtual machine, which is this one. */
  private static String[] job() throws Exception {
    FileDescriptor supervisor = new FileDescriptor();
    var number = FileDescriptor.class.getDeclaredField("fd");
    number.setAccessible(true);
    number.setInt(supervisor, SUPERVISOR);
    try (var in = new FileInputStream(supervisor); var out = new FileOutputStream(supervisor)) {
      out.write('r');
      ByteBuffer job = read(in, read(in, Integer.BYTES).getInt());
      job.get(); // a compiler reads no standard input
      int count = job.getInt();
      job.getInt();
      String[] texts = StandardCharsets.UTF_8.decode(job).toString().split("\0");
      return Stream.of(texts).limit(count).skip(1).filter(text -> !text.startsWith("-J")).toArray(String[]::new);
    }
  }

  private static ByteBuffer read(FileInputStream in, int length) throws IOException {
    byte[] bytes = new byte[length];
    try {
      new DataInputStream(in).readFully(bytes);
    } catch (EOFException nobodyWillCome) {
      System.exit(0);
    }
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}

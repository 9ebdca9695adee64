import { LanguageRuntime } from '@soulbox/plugin-sdk';
import { bothWays, languageRuntimeSuite } from '@soulbox/plugin-sdk/conformance';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';

bothWays(new URL('../..', import.meta.url), (way) => {
  languageRuntimeSuite({
    name: `java ${way.label}`,
    create: () => way.start({ runtime: LanguageRuntime }),
    run: runPlanUnsandboxed,
    programs: {
      inspect: `
import java.nio.charset.StandardCharsets;

public class Inspect {
  static String quote(String text) {
    StringBuilder out = new StringBuilder("\\"");
    for (char c : text.toCharArray()) out.append(c < 32 || c > 126 || c == '"' || c == '\\\\' ? String.format("\\\\u%04x", (int) c) : c);
    return out.append('"').toString();
  }
  public static void main(String[] args) throws Exception {
    String stdin = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
    String[] quoted = java.util.Arrays.stream(args).map(Inspect::quote).toArray(String[]::new);
    System.out.println("{\\"args\\": [" + String.join(",", quoted) + "], \\"mark\\": "
        + quote(System.getenv("SUITE_MARK")) + ", \\"stdin\\": " + quote(stdin) + "}");
    System.exit(7);
  }
}
`,
      parts: {
        entry: 'app/Start.java',
        files: {
          'app/Start.java':
            'package app;\nimport app.words.Greeting;\npublic class Start {\n  public static void main(String[] args) {\n    System.out.println(Beside.same(Greeting.WORD));\n  }\n}\n',
          'app/Beside.java': 'package app;\nclass Beside { static String same(String x) { return x; } }\n',
          'app/words/Greeting.java':
            'package app.words;\npublic interface Greeting { String WORD = "hello"; static void main(String[] args) {} }\n',
        },
      },
      broken: 'class Broken {\n  public static void main(String[] args) {\n    int = 3;\n  }\n}\n',
    },
  });
});

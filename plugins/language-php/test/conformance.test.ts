import { LanguageRuntime } from '@soulbox/plugin-sdk';
import { bothWays, languageRuntimeSuite } from '@soulbox/plugin-sdk/conformance';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';

bothWays(new URL('../..', import.meta.url), (way) => {
  languageRuntimeSuite({
    name: `php ${way.label}`,
    create: () => way.start({ runtime: LanguageRuntime }),
    run: runPlanUnsandboxed,
    programs: {
      inspect: `<?php
$seen = ['args' => array_slice($argv, 1), 'mark' => getenv('SUITE_MARK'), 'stdin' => stream_get_contents(STDIN)];
echo json_encode($seen), "\\n";
exit(7);
`,
      parts: {
        entry: 'app/start.php',
        files: {
          'app/start.php':
            "<?php\nrequire __DIR__ . '/words/greeting.php';\nrequire 'beside.php';\necho same(Words\\WORD), \"\\n\";\n",
          'app/beside.php': '<?php\nfunction same(string $x): string { return $x; }\n',
          'app/words/greeting.php': "<?php\nnamespace Words;\nconst WORD = 'hello';\n",
        },
      },
      broken: '<?php\necho 1;\nfunction (;\n',
    },
  });
});

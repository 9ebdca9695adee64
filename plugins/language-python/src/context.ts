import { readFileSync } from 'node:fs';
import type { ContextPlan } from '@soulbox/plugin-sdk';

const read = (name: string) => readFileSync(new URL(`../../python/context/${name}.py`, import.meta.url), 'utf8');
const parts = ['rich', 'errors', 'tables', 'backend', 'figures', 'charts'];

/** A text as JSON has it is one in Python too. */
const source = Buffer.from(
  `SOURCES = ${JSON.stringify(Object.fromEntries(parts.map((name) => [name, read(name)])))}\n${read('cells')}`,
);
const preamble = Buffer.concat([Buffer.from(`${source.length}\n`), source]);

/** Takes the rest from the control stream: an argument has a limit, and is shown to who lists processes. */
const starter = `import os, sys
size = int(b"".join(iter(lambda: os.read(3, 1), b"\\n")))
code = b""
while len(code) < size:
    code += os.read(3, size - len(code))
cells = type(sys)("_soulbox_cells")
sys.modules[cells.__name__] = cells
exec(compile(code, "<soulbox>", "exec"), cells.__dict__)`;

/** An interpreter that runs cells, for {@link LanguageRuntime.context}. */
export function pythonContext(executable: string, env: ContextPlan['env']): ContextPlan {
  return { argv: [executable, '-c', starter], env, preamble };
}

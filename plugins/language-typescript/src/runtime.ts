import type { ExecutionPlan, LanguageRuntime, PlanInput, PreparedCell } from '@soulbox/plugin-sdk';
import {
  boxEnvironment,
  chooseEntry,
  diagnoseNode,
  findNodes,
  languageImage,
  nodeContext,
  nodeInImage,
  npmDependencies,
  npmLayerOptions,
  rememberWarm,
  rewriteCellImports,
  toolchainRuntime,
  waitingNode,
} from '@soulbox/plugin-sdk/toolchain';
import type { CompilerPool } from './compile/compiler-pool.ts';
import { emittedName, isSource } from './compile/names.ts';
import { wholeFile, type Problem, type SourceText } from './compile/program.ts';
import type { Config } from './config.ts';
import { detection } from './detection.ts';
import { diagnostics, report } from './report.ts';

const packageFolder = new URL('../../', import.meta.url);

const extensions = ['.ts', '.mts', '.cts'];
const usual = ['main', 'index'].flatMap((name) => extensions.map((ending) => name + ending));
const entryRules = { codeName: 'main.ts', usual, extensions };

const canary = {
  code: 'enum Unit { One = 1, Two }\nconst sum = (a: number, b: number): number => a + b;\nconsole.log(sum(Unit.One, Unit.Two));\n',
  stdout: '3\n',
};

function refuse(problems: readonly Problem[]): ExecutionPlan {
  return { ok: false, message: report(problems), diagnostics: diagnostics(problems) };
}

/** Why a program is not given to the compiler at all. */
function refusal(entry: string, sources: readonly SourceText[], maxSourceBytes: number): Problem | undefined {
  if (!isSource(entry)) return wholeFile(entry, `cannot be run; a program's entry ends in ${extensions.join(', ')}`);
  const bytes = sources.reduce((sum, file) => sum + file.content.byteLength, 0);
  return bytes > maxSourceBytes
    ? wholeFile(entry, `the program has ${bytes} bytes of source; at most ${maxSourceBytes} are compiled`)
    : undefined;
}

const textOf = (files: readonly SourceText[]): string => Buffer.concat(files.map(({ content }) => content)).toString();

/** Runs TypeScript programs. `onUnusable` is told, for the log, why a Node.js cannot be used. */
export function typescriptRuntime(
  config: Config,
  compilers: CompilerPool,
  onUnusable: (detail: string) => void,
): LanguageRuntime {
  async function compile(input: PlanInput): Promise<{ entry: string; files: readonly SourceText[] } | Problem[]> {
    const { entry, files } = chooseEntry(input, entryRules);
    const sources = files.filter((file) => isSource(file.path));
    const others = files.filter((file) => !isSource(file.path));
    const problem = refusal(entry, sources, config.maxSourceBytes);
    if (problem) return [problem];
    const compilation = await compilers.compile({ sources, others: others.map((file) => file.path) });
    if (!compilation.ok) return [...compilation.problems];
    return { entry: emittedName(entry) ?? entry, files: [...compilation.files, ...others] };
  }

  async function prepareCell(code: string): Promise<PreparedCell> {
    const sources = [{ path: 'cell.ts', content: Buffer.from(code) }];
    const refused = refusal('cell.ts', sources, config.maxSourceBytes);
    const compilation = refused
      ? { ok: false as const, problems: [refused] }
      : await compilers.compile({ sources, others: [], isCell: true });
    if (compilation.ok) return { ok: true, code: await rewriteCellImports(textOf(compilation.files)) };
    const frames = compilation.problems.map(({ line, column, sourceLine }) => ({
      ...{ file: '<cell>', line, column },
      ...{ function: '', source: sourceLine },
    }));
    const [{ message } = { message: '' }] = compilation.problems;
    return { ok: false, error: { name: 'SyntaxError', message, frames, text: report(compilation.problems) } };
  }

  const waiting = rememberWarm();
  return toolchainRuntime({
    about: { name: 'typescript', aliases: ['ts'], extensions, detection, canary },
    find: () => findNodes(config),
    image: { image: languageImage(packageFolder, config.image), toolchain: nodeInImage },
    onUnusable,
    async plan(input, { executable, options }) {
      const program = await compile(input);
      if (Array.isArray(program)) return refuse(program);
      const loading = [...options, ...npmLayerOptions(input.layer), '--enable-source-maps'];
      const main = `./${program.entry}`;
      const warm = waiting([executable, ...loading].join(' '), () => waitingNode(executable, loading, boxEnvironment));
      const argv = [executable, ...loading, main, ...input.args];
      return {
        ok: true,
        files: program.files,
        stages: [{ name: 'run', argv, env: boxEnvironment, stdin: true, warm }],
      };
    },
    diagnose: diagnoseNode,
    context: nodeContext,
    contextCell: prepareCell,
    dependencies: (input, node) => npmDependencies({ ...input, node, registry: config.registry }),
  });
}

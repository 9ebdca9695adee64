import type { ExecutionPlan, LanguageRuntime, PlanInput } from '@soulbox/plugin-sdk';
import { languageRuntimeSuite } from '@soulbox/plugin-sdk/conformance';
import { runPlanUnsandboxed } from '@soulbox/plugin-sdk/testing';
import { chooseEntry, findNode, toolchainRuntime, type NodeToolchain } from '@soulbox/plugin-sdk/toolchain';

type Change = (plan: Extract<ExecutionPlan, { ok: true }>, input: PlanInput) => ExecutionPlan;

const argvOf =
  (change: (argv: readonly string[]) => string[]): Change =>
  (plan) => ({ ...plan, stages: plan.stages.map((stage) => ({ ...stage, argv: change(stage.argv) })) });

/** Mistakes that a language plugin could make; the suite has to notice each. */
const mistakes: Readonly<Record<string, Change>> = {
  'drops arguments': argvOf((argv) => argv.slice(0, 2)),
  'takes names for options': argvOf(([node = '', entry = '', ...args]) => [node, entry.replace('./', ''), ...args]),
  'starts a relative program': argvOf(([, ...rest]) => ['node', ...rest]),
  'reads no input': (plan) => ({ ...plan, stages: plan.stages.map((stage) => ({ ...stage, stdin: false })) }),
  'loses files': (plan) => ({ ...plan, files: plan.files.slice(0, 1) }),
  'refuses without a place': (plan, { files }) =>
    Buffer.from(files[0]!.content).includes('function (;') ? { ok: false, message: 'no', diagnostics: [] } : plan,
};
const change = mistakes[process.env['SUITE_MISTAKE'] ?? ''] ?? ((plan) => plan);

const extensions = ['.js'];
const rules = { codeName: 'main.js', usual: ['main.js'], extensions };

function runtime(): LanguageRuntime {
  return toolchainRuntime<NodeToolchain>({
    about: { name: 'node', aliases: [], extensions, canary: { code: 'console.log(6 * 7)', stdout: '42\n' } },
    find: () => findNode(),
    onUnusable: () => undefined,
    plan(input, { executable }) {
      const { entry, files } = chooseEntry(input, rules);
      const argv = [executable, `./${entry}`, ...input.args];
      const env = { PATH: '/usr/bin:/bin', HOME: '/home/sandbox' };
      return change({ ok: true, files, stages: [{ name: 'run', argv, env, stdin: true }] }, input);
    },
  });
}

const create = async () => ({ runtime: runtime(), dispose: async () => {} });

if (process.env['SUITE_MISTAKE'] === undefined)
  languageRuntimeSuite({ name: 'a plain runtime, without programs', create, run: runPlanUnsandboxed });
languageRuntimeSuite({
  name: 'a plain runtime',
  create,
  run: runPlanUnsandboxed,
  programs: {
    inspect: `
const stdin = require('fs').readFileSync(0, 'utf8');
console.log(JSON.stringify({ args: process.argv.slice(2), mark: process.env.SUITE_MARK, stdin }));
process.exitCode = 7;`,
    parts: {
      entry: 'a.js',
      files: { 'a.js': "console.log(require('./b.js'))", 'b.js': "module.exports = 'hello'" },
    },
    broken: '\n\nfunction (;\n',
  },
});

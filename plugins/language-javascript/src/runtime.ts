import type { LanguageRuntime } from '@soulbox/plugin-sdk';
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
import type { Config } from './config.ts';
import { detection } from './detection.ts';

const packageFolder = new URL('../../', import.meta.url);

const extensions = ['.js', '.mjs', '.cjs'];
const usual = ['main', 'index'].flatMap((name) => extensions.map((ending) => name + ending));
const entryRules = { codeName: 'main.js', usual, extensions };

/** Runs JavaScript programs. `onUnusable` is told, for the log, why a Node.js cannot be used. */
export function javascriptRuntime(config: Config, onUnusable: (detail: string) => void): LanguageRuntime {
  const waiting = rememberWarm();
  return toolchainRuntime({
    about: {
      name: 'javascript',
      aliases: ['js', 'node', 'nodejs'],
      extensions,
      detection,
      canary: { code: 'console.log([1, 2, 3].map((n) => n * n).join());\n', stdout: '1,4,9\n' },
    },
    find: () => findNodes(config),
    image: { image: languageImage(packageFolder, config.image), toolchain: nodeInImage },
    onUnusable,
    plan(input, { executable, options }) {
      const { entry, files } = chooseEntry(input, entryRules);
      // With the folder a name is never an option or a command of Node's own, as `inspect` would be.
      const start = [...options, ...npmLayerOptions(input.layer)];
      const main = `./${entry}`;
      const warm = waiting([executable, ...start].join(' '), () => waitingNode(executable, start, boxEnvironment));
      const argv = [executable, ...start, main, ...input.args];
      return { ok: true, files, stages: [{ name: 'run', argv, env: boxEnvironment, stdin: true, warm }] };
    },
    diagnose: diagnoseNode,
    context: nodeContext,
    contextCell: async (code) => ({ ok: true, code: await rewriteCellImports(code) }),
    dependencies: (input, node) => npmDependencies({ ...input, node, registry: config.registry }),
  });
}

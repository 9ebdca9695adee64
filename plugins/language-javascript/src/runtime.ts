import type { LanguageRuntime } from '@soulbox/plugin-sdk';
import {
  boxEnvironment,
  chooseEntry,
  diagnoseNode,
  findNodes,
  languageImage,
  nodeInImage,
  npmDependencies,
  npmLayerOptions,
  toolchainRuntime,
} from '@soulbox/plugin-sdk/toolchain';
import type { Config } from './config.ts';
import { detection } from './detection.ts';

const packageFolder = new URL('../../', import.meta.url);

const extensions = ['.js', '.mjs', '.cjs'];
const usual = ['main', 'index'].flatMap((name) => extensions.map((ending) => name + ending));
const entryRules = { codeName: 'main.js', usual, extensions };

/** Runs JavaScript programs. `onUnusable` is told, for the log, why a Node.js cannot be used. */
export function javascriptRuntime(config: Config, onUnusable: (detail: string) => void): LanguageRuntime {
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
      const argv = [executable, ...options, ...npmLayerOptions(input.layer), `./${entry}`, ...input.args];
      return { ok: true, files, stages: [{ name: 'run', argv, env: boxEnvironment, stdin: true }] };
    },
    diagnose: diagnoseNode,
    dependencies: (input, node) => npmDependencies({ ...input, node, registry: config.registry }),
  });
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { definePlugin, LanguageRuntime, z } from '@soulbox/plugin-sdk';
import { asOperand, chooseEntry, toolchainRuntime } from '@soulbox/plugin-sdk/toolchain';

const Language = z.strictObject({
  ending: z.string(),
  executable: z.string(),
  /** On the host. */
  paths: z.array(z.string()),
  canary: z.string(),
});
type Language = z.infer<typeof Language>;

/** Brings languages whose programs lie at the same place on this machine and in an image of it. */
export default definePlugin({
  id: 'machine-languages',
  config: z.strictObject({ image: z.string(), languages: z.record(z.string(), Language) }),
  provides: [LanguageRuntime],
  setup({ config, provide }) {
    for (const [name, { ending, executable, paths, canary }] of Object.entries(config.languages)) {
      const toolchain = { version: '1', paths };
      const runtime = toolchainRuntime({
        about: { name, aliases: [], extensions: [ending], canary: { code: canary, stdout: '42\n' } },
        find: () => Promise.resolve(toolchain),
        image: { image: { reference: config.image, folder: '/' }, toolchain },
        onUnusable: () => undefined,
        plan(input) {
          const main = `main${ending}`;
          const { entry, files } = chooseEntry(input, { codeName: main, usual: [main], extensions: [ending] });
          const argv = [executable, asOperand(entry), ...input.args];
          return { ok: true, files, stages: [{ name: 'run', argv, env: {}, stdin: true }] };
        },
      });
      provide(LanguageRuntime, runtime, name);
    }
  },
});

/** Makes the package of this plugin in a folder; resolves with its entry in a configuration file. */
export async function machineLanguages(
  folder: string,
  image: string,
  languages: Readonly<Record<string, Language>>,
): Promise<string> {
  await mkdir(folder);
  const soulbox = { id: 'machine-languages', isolation: ['inline'], provides: ['language-runtime@1.0.0'] };
  const manifest = { name: 'machine-languages', version: '1.0.0', type: 'module', exports: './index.js', soulbox };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...manifest, engines: { soulbox: '^1.0.0' } }));
  await writeFile(join(folder, 'index.js'), `export { default } from '${fileURLToPath(import.meta.url)}';\n`);
  return `machine-languages: ${JSON.stringify({ package: folder, config: { image, languages } })}`;
}

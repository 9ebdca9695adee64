import type { TemporaryFolder } from './temporary-folder.ts';

/** JavaScript that exports a plugin by default, made without the SDK. `definition` is code, e.g. `setup() {}`. */
export function pluginCode(id: string, definition = 'setup() {}'): string {
  return `export default { $soulbox: 1, definition: { id: ${JSON.stringify(id)}, ${definition} } };`;
}

export interface PackageOptions {
  readonly id?: string;
  /** The text of index.js; by default a plugin that does nothing. */
  readonly code?: string;
  /** Laid over a package.json that is good. */
  readonly packageJson?: Readonly<Record<string, unknown>>;
}

/** Writes a plugin's package into a folder, below `at`, and returns where it is. */
export async function writePackage(folder: TemporaryFolder, at: string, options: PackageOptions = {}): Promise<string> {
  const { id = 'p', code = pluginCode(id), packageJson = {} } = options;
  await folder.write(`${at}/index.js`, code);
  const base = { name: id, version: '1.2.3', type: 'module', exports: './index.js', engines: { soulbox: '^1.0.0' } };
  const file = await folder.write(`${at}/package.json`, {
    ...base,
    soulbox: { id, permissions: { hooks: ['*'] } },
    ...packageJson,
  });
  return file.slice(0, -'/package.json'.length);
}

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SoulboxError, type Problem } from '@soulbox/plugin-sdk';
import { parseConfigDocument, type ConfigDocument } from './document.ts';
import { findConfigFile } from './find.ts';
import { mergeConfig } from './merge.ts';
import { invalid, problemsIn } from './problems.ts';
import { ConfigSchema, type Config } from './schema.ts';
import { resolveSecrets } from './secrets.ts';

export interface LoadedConfig {
  readonly config: Config;
  /** The files it came from, the strongest first; empty for a configuration made in code. */
  readonly files: readonly string[];
  /** Where packages of plugins are looked for, in this order. */
  readonly folders: readonly string[];
  /** `file:line` of a setting, for messages; `configuration` where it came from no file. */
  where(path: readonly string[]): string;
  /** Values that must not appear in the log. */
  readonly secrets: readonly string[];
}

export interface LoadOptions {
  /** The file to read; otherwise it is searched for. */
  readonly file?: string | undefined;
  /** The default configuration, which the file extends. */
  readonly defaults?: string | undefined;
  readonly cwd?: string;
}

async function readDocument(file: string): Promise<ConfigDocument> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new SoulboxError('config_not_found', `cannot read the configuration file ${file}`, { cause });
  }
  return parseConfigDocument(file, text);
}

/**
 * Reads the configuration: the file given, or the first found, laid over the default one.
 * @throws config_not_found, config_invalid with all problems at once, each with its line.
 */
export async function loadConfig(options: LoadOptions = {}): Promise<LoadedConfig> {
  const cwd = options.cwd ?? process.cwd();
  const file = options.file === undefined ? await findConfigFile(cwd) : resolve(cwd, options.file);
  const documents: ConfigDocument[] = [];
  if (file !== undefined) documents.push(await readDocument(file));
  if (options.defaults !== undefined && documents[0]?.value['extends'] !== 'none')
    documents.push(await readDocument(options.defaults));
  return assemble(documents);
}

/** A configuration from plain data, for hosts made in code. @throws config_invalid */
export function configFrom(value: Record<string, unknown>): LoadedConfig {
  return assemble([{ file: 'configuration', value, line: () => 0 }], true);
}

function assemble(documents: readonly ConfigDocument[], inCode = false): LoadedConfig {
  const where = (path: readonly string[]): string => {
    const holder = documents.find((d) => valueAt(d.value, path) !== undefined) ?? documents[0];
    return inCode || !holder ? 'configuration' : `${holder.file}:${holder.line(path)}`;
  };
  const secrets: string[] = [];
  const problems: Problem[] = [];
  const values = documents.map((document) => {
    const resolved = resolveSecrets(document.value, dirname(document.file));
    secrets.push(...resolved.secrets);
    for (const { path, message } of resolved.problems) problems.push({ path: path.join('.'), message });
    return withAbsoluteDataDir(resolved.value as Record<string, unknown>, dirname(document.file));
  });
  const merged = values.reduceRight((base, over) => mergeConfig(base, over), {});
  const parsed = ConfigSchema.safeParse(merged);
  problems.push(...problemsIn(parsed.error));
  if (!parsed.success || problems.length > 0) throw invalid(problems, where);
  const files = inCode ? [] : documents.map((d) => d.file);
  return {
    config: parsed.data,
    files,
    folders: files.length > 0 ? files.map((f) => dirname(f)) : [process.cwd()],
    where,
    secrets: secrets.filter((s) => s.length >= 4),
  };
}

/** A relative data folder is meant from the file that names it, not from wherever the host is started. */
function withAbsoluteDataDir(value: Record<string, unknown>, folder: string): Record<string, unknown> {
  const dataDir = valueAt(value, ['host', 'dataDir']);
  return typeof dataDir === 'string' ? mergeConfig(value, { host: { dataDir: resolve(folder, dataDir) } }) : value;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined,
    value,
  );
}

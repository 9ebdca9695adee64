import { open, readFile, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMap, parseDocument } from 'yaml';
import { isSoulboxError, SoulboxError } from '@soulbox/plugin-sdk';
import { parseConfigDocument } from './document.ts';

/** A setting to be changed: its path in the file, and what it is to be; `undefined` takes it out. */
export interface ConfigEdit {
  readonly path: readonly string[];
  readonly value: unknown;
}

const staleMs = 10_000;

type Settings = Record<string, unknown>;

function asJson(text: string): Settings | undefined {
  try {
    return JSON.parse(text) as Settings;
  } catch {
    return undefined;
  }
}

function setJson(settings: unknown, [key = '', ...rest]: readonly string[], value: unknown): Settings {
  const changed: Settings = { ...(settings as Settings | undefined) };
  if (rest.length > 0) changed[key] = setJson(changed[key], rest, value);
  else if (value === undefined) delete changed[key];
  else changed[key] = value;
  return changed;
}

function editedJson(text: string, settings: Settings, edits: readonly ConfigEdit[]): string {
  const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? '  ';
  const edited = edits.reduce((at, { path, value }) => setJson(at, path, value), settings);
  return `${JSON.stringify(edited, undefined, indent)}\n`;
}

/** Comments, order and what is not concerned stay as they are. */
function editedYaml(text: string, edits: readonly ConfigEdit[]): string {
  const document = parseDocument(text);
  const empty = () => document.createNode({}) as unknown as typeof document.contents;
  if (!isMap(document.contents)) document.contents = empty();
  for (const { path, value } of edits) {
    // A key without a value, or with `false`, makes way for a map.
    for (let length = 1; length < path.length; length += 1)
      if (!isMap(document.getIn(path.slice(0, length)))) document.setIn(path.slice(0, length), empty());
    if (value === undefined) document.deleteIn(path);
    // A scalar keeps the comment of the one in whose place it comes.
    else document.setIn(path, typeof value === 'object' ? document.createNode(value) : value);
  }
  return document.toString({ lineWidth: 0 });
}

/** The text of a configuration file with some settings changed. @throws config_invalid when it was not good before. */
export function editedConfig(file: string, text: string, edits: readonly ConfigEdit[]): string {
  parseConfigDocument(file, text);
  const json = asJson(text);
  const edited = json === undefined ? editedYaml(text, edits) : editedJson(text, json, edits);
  // Nothing is written that could not be read again.
  parseConfigDocument(file, edited);
  return edited;
}

function notWritable(file: string, cause: unknown): SoulboxError {
  const { code } = cause as NodeJS.ErrnoException;
  return new SoulboxError('config_not_writable', `cannot write the configuration file ${file}: ${code}`, { cause });
}

/**
 * Opens the file that is to take the place of another. As long as it is there, nobody else changes that one.
 * @throws EEXIST when somebody else has not come to an end within some seconds
 */
async function openDraft(draft: string): Promise<FileHandle> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await open(draft, 'wx', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === 60) throw error;
    }
    const found = await stat(draft).catch(() => undefined);
    // Left by one that was killed.
    if (found && Date.now() - found.mtimeMs > staleMs) await rm(draft, { force: true });
    else await sleep(50);
  }
}

/** Whoever may read the old file may read the new one: a host of another user, for one. */
async function writeAs(handle: FileHandle, file: string, text: string): Promise<void> {
  const present = await stat(file).catch(() => undefined);
  await handle.writeFile(text);
  await handle.chmod(present?.mode ?? 0o644);
  if (present && process.getuid?.() === 0) await handle.chown(present.uid, present.gid);
  await handle.sync();
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}

/**
 * Changes settings in a configuration file, which is made if it is not there, in one step: whoever reads it finds the
 * old text or the new. Several changes at once are made one after another.
 * @throws config_not_writable, config_invalid
 */
export async function editConfig(file: string, edits: readonly ConfigEdit[]): Promise<void> {
  // A link stays one.
  const real = await realpath(file).catch(() => file);
  const draft = `${real}.draft`;
  const handle = await openDraft(draft).catch((cause: unknown) => {
    throw notWritable(file, cause);
  });
  try {
    await writeAs(handle, real, editedConfig(file, await readText(real), edits));
    await rename(draft, real);
  } catch (cause) {
    await rm(draft, { force: true });
    throw isSoulboxError(cause) ? cause : notWritable(file, cause);
  } finally {
    await handle.close();
  }
}

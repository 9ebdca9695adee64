import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** What a program printed. */
export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
}

/** What was asked; `env` is the whole environment of the program. */
export interface Question {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const Kept = z.strictObject({
  question: z.string(),
  /** What the answer hangs on, with what it was like; `''` for what was not there. */
  witnesses: z.record(z.string(), z.string()),
  stdout: z.string(),
  stderr: z.string(),
});

/** Decides which libraries a program gets. */
const loaderCache = '/etc/ld.so.cache';
/** An answer that names more is asked for each time. */
const mostWitnesses = 2_000;

/** Where answers are kept: in the user's own cache, which nobody else can write. */
function answersFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'soulbox', 'toolchains');
}

/** Changes with every change of a file, or of the names in a folder. */
async function identity(path: string): Promise<string> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found ? [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ') : '';
}

async function identities(paths: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await identity(path)])));
}

/** The program, and every path that the question or the answer names. */
function witnessesOf({ file, args }: Question, { stdout, stderr }: Answer): string[] {
  const text = [...args, stdout, stderr].join('\n');
  const named = text.match(/(?<![\w.])\/[^\s"'`:;,=()[\]{}<>|\\]+/g) ?? [];
  return [...new Set([file, loaderCache, ...named])];
}

/**
 * Answers with what the same program answered before, also another process, as long as it and every file and folder that
 * the question or the answer names are what they were; else asks, and keeps the answer. What cannot be read or written is
 * no matter: then the program is asked.
 * @throws what `ask` throws
 */
export async function keptAnswer(
  question: Question,
  ask: () => Promise<Answer>,
  folder: string = answersFolder(),
): Promise<Answer> {
  const text = JSON.stringify([
    question.file,
    question.args,
    Object.entries(question.env).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ]);
  const file = join(folder, `${createHash('sha256').update(text).digest('hex').slice(0, 32)}.json`);
  const kept = await read(file);
  if (kept?.question === text) {
    const now = await identities(Object.keys(kept.witnesses));
    if (Object.entries(now).every(([path, found]) => found === kept.witnesses[path]))
      return { stdout: kept.stdout, stderr: kept.stderr };
  }
  const before = await identity(question.file);
  const answer = await ask();
  const paths = witnessesOf(question, answer);
  if (paths.length > mostWitnesses) return answer;
  const witnesses = { ...(await identities(paths)), [question.file]: before };
  await write(folder, file, JSON.stringify({ question: text, witnesses, ...answer }));
  return answer;
}

async function read(file: string): Promise<z.infer<typeof Kept> | undefined> {
  try {
    return Kept.safeParse(JSON.parse(await readFile(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

async function write(folder: string, file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch {
    // Without a place of its own the host only starts more slowly.
  }
}

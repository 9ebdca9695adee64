import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { SoulboxError } from '@soulbox/plugin-sdk';

export interface ContextFile {
  readonly name: string;
  readonly content: string | Buffer;
  readonly executable?: boolean;
}

/** What a build starts from, as the engine takes it. */
export async function contextOf(files: readonly ContextFile[]): Promise<Readable> {
  const { pack } = await import('tar-stream');
  const tar = pack();
  // Always the same bytes for the same files, or the engine would think that something has changed.
  const mtime = new Date(0);
  for (const { name, content, executable = false } of files)
    tar.entry({ name, mode: executable ? 0o755 : 0o644, mtime }, content);
  tar.finalize();
  return tar as unknown as Readable;
}

/** The files of an image's folder, and the agent beside them. @throws image_unavailable where it has no Dockerfile. */
export async function imageFiles(folder: string, agent: Buffer): Promise<ContextFile[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  const files = await Promise.all(
    names.toSorted().map(async (name) => {
      const path = join(folder, name);
      const found = await stat(path);
      return found.isFile() ? [{ name, content: await readFile(path), executable: (found.mode & 0o100) !== 0 }] : [];
    }),
  );
  if (!names.includes('Dockerfile'))
    throw new SoulboxError('image_unavailable', 'the plugin of the language has no Dockerfile', {
      details: { advice: ['Install the plugin of the language again.'] },
    });
  return [...files.flat(), { name: 'soulbox-agent', content: agent, executable: true }];
}

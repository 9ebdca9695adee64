import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder of the test's own, removed with all that is in it when the test ends. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** Writes a file, with the folders that lead to it, and returns its absolute path. */
  write(file: string, content: string | object): Promise<string>;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'soulbox-core-test-'));
  return {
    path,
    write: async (file, content) => {
      const absolute = join(path, file);
      await mkdir(dirname(absolute), { recursive: true });
      await writeFile(absolute, typeof content === 'string' ? content : JSON.stringify(content));
      return absolute;
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

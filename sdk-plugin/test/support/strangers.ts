import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the repository, of which a stranger's folder sees only what is linked into it. */
export const repository = fileURLToPath(new URL('../../../../', import.meta.url));

const visible = ['@soulbox/plugin-sdk', '@soulbox/core', '@types/node', 'typescript'];

/** A folder far from the repository, whose node_modules hold the SDK, the host, and the compiler with its types. */
export async function strangersFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'soulbox-stranger-'));
  for (const name of visible) {
    const link = join(path, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(await realpath(join(repository, 'node_modules', name)), link);
  }
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

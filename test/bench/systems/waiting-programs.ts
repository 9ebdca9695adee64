import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { familyOf, pidNamespace, pssBytes } from '../../support/processes.ts';
import type { Waiting } from './system.ts';

const interpreters: Readonly<Record<string, RegExp>> = { python: /^python/, javascript: /^node$/ };

/** An outer box within this process's namespace, and an inner box within that: what programs wait in. */
const innerLevel = 2;

/** How many pid namespaces a process is in, one within the other. */
async function levelOf(pid: number | 'self'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  return /^NSpid:(.*)$/m.exec(status)?.[1]?.trim().split(/\s+/).length ?? 0;
}

/**
 * Inner boxes in which an interpreter of this language waits, below processes of a host that does nothing else. A zygote
 * is in the outer box and counts apart.
 */
export async function waitingPrograms(roots: readonly number[], language: string): Promise<Waiting | null> {
  const named = interpreters[language];
  if (!named) return null;
  const inner = (await levelOf('self')) + innerLevel;
  const seen = await Promise.all(
    (await familyOf(roots)).map(async ({ pid }) => {
      const [program, namespace, level, bytes] = await Promise.all([
        readlink(`/proc/${pid}/exe`).catch(() => ''),
        pidNamespace(pid),
        levelOf(pid),
        pssBytes(pid),
      ]);
      return { namespace, bytes, isInner: level === inner, isProgram: named.test(basename(program)) };
    }),
  );
  const isZygote = ({ isInner, isProgram }: (typeof seen)[number]): boolean => isProgram && !isInner;
  const boxes = new Set(
    seen.filter(({ isInner, isProgram }) => isInner && isProgram).map(({ namespace }) => namespace),
  );
  if (boxes.size === 0) return null;
  const sum = (some: typeof seen): number => some.reduce((total, { bytes }) => total + bytes, 0);
  return {
    what: `${language} programs`,
    count: boxes.size,
    bytes: sum(seen.filter(({ namespace }) => boxes.has(namespace))),
    // A Node.js outside is the host.
    besidesBytes: language === 'python' ? sum(seen.filter(isZygote)) : 0,
  };
}

import { SoulboxError } from '@soulbox/plugin-sdk';
import { isWrittenIn } from './find-author.ts';
import { IntrinsicsSnapshot, type Change } from './snapshot.ts';

/** Whose code is about to run in the process of the host. */
export interface Newcomer {
  readonly id: string;
  /** Where its files are; `null` for one in memory. */
  readonly folder: string | null;
}

interface Watch {
  readonly newcomer: Newcomer;
  readonly changed: string[];
}

/** Those whose code is being run for the first time, in whatever host of this process. */
const watches = new Set<Watch>();
/** What they all found when the first of them began. */
let snapshot: IntrinsicsSnapshot | undefined;

/** The only one that can have written what stands in the place of a built-in; `undefined` where that is not certain. */
function authorOf({ name, value }: Change): Watch | undefined {
  if (watches.size < 2) return undefined;
  const word = name.slice(name.lastIndexOf('.') + 1);
  const able = [...watches].filter(({ newcomer: { folder } }) => folder !== null && isWrittenIn(folder, word, value));
  return able.length === 1 ? able[0] : undefined;
}

/** Puts changed built-ins back, and takes down whose doing they were: by default that of `present`. */
function inspect(present: Watch): void {
  const changes = snapshot?.restore() ?? [];
  const authors = changes.map(authorOf);
  // What is no function does not tell where it comes from; it came with what does.
  const likely = authors.find((author) => author !== undefined) ?? present;
  changes.forEach(({ name }, at) => {
    const { changed } = authors[at] ?? likely;
    if (!changed.includes(name)) changed.push(name);
  });
}

function assertUnchanged({ newcomer, changed }: Watch): void {
  if (changed.length === 0) return;
  const shown = changed.slice(0, 5).join(', ');
  const more = changed.length > 5 ? ` and ${changed.length - 5} more` : '';
  throw new SoulboxError(
    'plugin_failed',
    `plugin ${newcomer.id} changed built-in objects of the host's process, which were put back: ${shown}${more}`,
    { details: { plugin: newcomer.id, changed } },
  );
}

function begin(newcomer: Newcomer): Watch {
  const watch: Watch = { newcomer, changed: [] };
  const [other] = watches;
  if (other) inspect(other);
  else snapshot = new IntrinsicsSnapshot();
  watches.add(watch);
  return watch;
}

/**
 * Runs code of a plugin in this process, and sees to it that the built-in objects stay as they are. Looks when the code
 * comes back for the first time, and when it is done unless `until` aborted before.
 * @throws plugin_failed, naming what was changed; what the code throws.
 */
export async function watchIntrinsics<T>(
  newcomer: Newcomer,
  code: () => T | Promise<T>,
  until: AbortSignal,
): Promise<T> {
  const watch = begin(newcomer);
  const end = () => {
    if (watches.delete(watch) && watches.size === 0) snapshot = undefined;
  };
  until.addEventListener('abort', end, { once: true });
  try {
    const done = (async () => code())();
    inspect(watch);
    return await done.finally(() => {
      inspect(watch);
      assertUnchanged(watch);
    });
  } finally {
    until.removeEventListener('abort', end);
    end();
  }
}

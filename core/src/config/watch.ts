import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';

const calmMs = 100;

/**
 * Calls back when one of the files was written, a while after the last of several writes. The folders are watched, since
 * editors put a new file in the place of the old one.
 */
export function watchFiles(files: readonly string[], changed: () => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(changed, calmMs);
  };
  const watchers = files.map((file): FSWatcher => {
    const watcher = watch(dirname(file), { persistent: false }, (_, name) => {
      if (name === basename(file)) soon();
    });
    // A folder that is taken away is watched no more; what was read from it stays in force.
    return watcher.on('error', () => watcher.close());
  });
  return {
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

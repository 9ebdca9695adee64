import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { allFiles, read, root } from './tree.ts';

/** The targets of links in Markdown that lead into the tree, without anchors. */
function localLinks(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => (target ?? '').split('#')[0] ?? '')
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
}

test('every link in a document leads somewhere', (t) => {
  const links = allFiles()
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => localLinks(read(file)).map((target) => ({ file, target })));
  t.diagnostic(`${links.length} links`);
  assert.ok(links.length > 10, 'the walk missed the documents');
  assert.deepEqual(
    links.filter(({ file, target }) => !existsSync(join(root, dirname(file), target))),
    [],
  );
});

test('a link is found, and only where it is local', () => {
  assert.deepEqual(localLinks('[a](x/y.md#part) [b](https://example.com/z) [c](#here)'), ['x/y.md']);
});

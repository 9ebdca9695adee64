import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rewriteCellImports } from '../src/toolchain/index.ts';

describe('imports of a cell', () => {
  for (const [written, run] of [
    ['1 + 1', '1 + 1'],
    ["import 'a'", "await __soulboxImport('a')"],
    ["import a from 'a';", "const { default: a,  } = await __soulboxImport('a');"],
    ['import { a, b as c } from "a"', 'const {  a, b: c  } = await __soulboxImport("a")'],
    ["import a, { b } from 'a'", "const { default: a,  b  } = await __soulboxImport('a')"],
    ["import * as a from 'a'", "const a = await __soulboxImport('a')"],
    ["import a, * as b from 'a'", "const b = await __soulboxImport('a'), { default: a } = b"],
    ["import /* x */ a from 'a'", "const { default: a,  } = await __soulboxImport('a')"],
    [
      "import a from 'a.json' with { type: 'json' }",
      "const { default: a,  } = await __soulboxImport('a.json', { with: { type: 'json' } })",
    ],
    ["await import('a')", "await __soulboxImport('a')"],
    ["const s = 'import a from b'; // import", "const s = 'import a from b'; // import"],
    ['import {', 'import {'],
    ['import.meta.url', 'import.meta.url'],
  ] as const)
    it(written, async () => {
      assert.equal(await rewriteCellImports(written), run);
    });

  it('keep the lines of what follows', async () => {
    const written = "import {\n  a,\n  b,\n} from 'a';\nf();";
    const lines = (await rewriteCellImports(written)).split('\n');
    assert.deepEqual([lines.length, lines.at(-1)], [5, 'f();']);
  });
});

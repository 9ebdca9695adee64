import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { interpreterNames, interpreterOf } from '../../src/detection/shebang.ts';

describe('the interpreter that a first line names', () => {
  for (const [line, interpreter] of [
    ['#!/usr/bin/tool', 'tool'],
    ['#! /usr/local/bin/tool -x', 'tool'],
    ['#!/usr/bin/env tool', 'tool'],
    ['#!/usr/bin/env -S LANG=C tool3 -u', 'tool3'],
    ['#!/usr/bin/env -i A=1 /opt/bin/tool', 'tool'],
    ['#!tool\r', 'tool'],
    ['#!/usr/bin/env', undefined],
    ['#!', undefined],
    [' #!/usr/bin/tool', 'tool'],
    ['# !/usr/bin/tool', undefined],
    ['', undefined],
    ['x\n#!/usr/bin/tool', undefined],
    [`#!${'x/'.repeat(500)}tool`, 'x'],
  ] as const)
    it(`of ${JSON.stringify(line.slice(0, 40))} is ${interpreter}`, () => {
      assert.equal(interpreterOf(`${line}\nrest`), interpreter);
    });

  it('goes by its name with and without the version', () => {
    assert.deepEqual(interpreterNames('tool3.11'), ['tool3.11', 'tool']);
    assert.deepEqual(interpreterNames('tool-8'), ['tool-8', 'tool']);
    assert.deepEqual(interpreterNames('ts-tool'), ['ts-tool', 'ts-tool']);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LanguageDetection, LanguageInfo } from '@soulbox/plugin-sdk';
import { detectLanguage } from '../../src/detection/detect.ts';

function language(name: string, extensions: string[], detection?: LanguageDetection): LanguageInfo {
  const rest = {
    aliases: [],
    version: '1',
    available: true,
    reason: null,
    paths: [],
    canary: { code: '', stdout: '' },
  };
  return { name, extensions, ...rest, ...(detection ? { detection } : {}) };
}

const one = language('one', ['.one', '.both'], {
  fileNames: ['Onefile'],
  interpreters: ['one'],
  patterns: [
    { pattern: '^begin$', weight: 4 },
    { pattern: 'maybe', weight: 2 },
    { pattern: 'never', weight: -3 },
  ],
});
const two = language('two', ['.two', '.both'], {
  interpreters: ['two', 'any'],
  patterns: [
    { pattern: '^start$', weight: 4 },
    { pattern: 'maybe', weight: 2 },
  ],
});
const more = language('more', ['.more'], {
  interpreters: ['any'],
  patterns: [{ pattern: '^typed$', weight: 2 }],
  extends: 'one',
});
const silent = language('silent', ['.silent']);
const all = [one, two, more, silent];

const told = (input: Parameters<typeof detectLanguage>[0]) => {
  const { language: name, by } = detectLanguage(input, all);
  return `${name} by ${by}`;
};

describe('what a program is written in', () => {
  it('is told by the ending of its name, or by the whole of it', () => {
    for (const [fileName, expected] of [
      ['a.one', 'one by name'],
      ['folder.two/a.silent', 'silent by name'],
      ['src/Onefile', 'one by name'],
      ['a.one.two', 'two by name'],
      ['.one', 'null by null'],
      ['onefile', 'null by null'],
      ['a.other', 'null by null'],
    ] as const)
      assert.equal(told({ fileName }), expected, fileName);
    assert.deepEqual(detectLanguage({ fileName: 'a.one', code: 'start' }, all), {
      language: 'one',
      confidence: 1,
      by: 'name',
      candidates: [{ language: 'one', confidence: 1 }],
    });
  });

  it('is told by the interpreter, where no name tells', () => {
    assert.equal(told({ code: '#!/usr/bin/env one2\nstart\n' }), 'one by shebang');
    assert.equal(told({ fileName: 'a.txt', code: '#!/bin/two' }), 'two by shebang');
    assert.equal(told({ fileName: 'a.two', code: '#!/bin/one' }), 'two by name');
    assert.equal(told({ code: '#!/bin/other\nstart' }), 'two by content');
  });

  it('is told by its text, where nothing else tells', () => {
    const { candidates, ...rest } = detectLanguage({ code: '  begin  \nx maybe x\n' }, all);
    assert.deepEqual([rest.language, rest.by], ['one', 'content']);
    assert.deepEqual(
      candidates.map((candidate) => candidate.language),
      ['one', 'two'],
    );
    assert.equal(rest.confidence, candidates[0]?.confidence);
    assert.ok(rest.confidence > 0.8 && rest.confidence < 1);
  });

  it('is not known where languages are about as likely, and which they are is said', () => {
    const { language: name, confidence, by, candidates } = detectLanguage({ code: 'maybe' }, all);
    assert.deepEqual([name, confidence, by], [null, 0, null]);
    assert.deepEqual(
      candidates.map((candidate) => candidate.language),
      ['one', 'two'],
    );
  });

  it('is not known where nothing speaks for a language, or as much against it', () => {
    for (const code of ['', 'x', 'begin x', 'never\nmaybe x never'])
      assert.equal(detectLanguage({ code }, [one]).language, null, code);
    assert.deepEqual(detectLanguage({}, all).candidates, []);
  });

  it('is a language that adds to another only if something of its own is there', () => {
    assert.equal(told({ code: 'begin' }), 'one by content');
    assert.equal(told({ code: 'begin\ntyped' }), 'more by content');
    assert.equal(detectLanguage({ code: 'begin\ntyped' }, [two, more]).language, 'more');
  });

  it('is one of those that the name or the interpreter allows', () => {
    assert.equal(told({ fileName: 'a.both', code: 'start' }), 'two by content');
    assert.equal(told({ fileName: 'a.both', code: '#!/bin/any\nbegin' }), 'two by shebang');
    assert.equal(told({ code: '#!/bin/any\ntyped' }), 'more by content');
    assert.equal(told({ fileName: 'a.both', code: 'typed' }), 'null by null');
  });

  it('counts a pattern once, and looks at the beginning of lines and texts only', () => {
    const confidence = (code: string) => detectLanguage({ code }, [one]).confidence;
    assert.equal(confidence('begin\nbegin\nbegin'), confidence('begin'));
    assert.equal(confidence(`${'x'.repeat(300)} maybe\nbegin`), confidence('begin'));
    assert.equal(confidence(`${'x\n'.repeat(3_000)}begin`), 0);
    assert.equal(confidence(`${'x'.repeat(70_000)}\nbegin`), 0);
  });
});

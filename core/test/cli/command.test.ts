import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PassThrough, Writable } from 'node:stream';
import { duration, parse, size, UsageError } from '../../src/cli/command.ts';
import { styler, table, write } from '../../src/cli/terminal.ts';

describe('quantities on the command line', () => {
  for (const [text, ms] of [
    ['250', 250],
    ['500ms', 500],
    ['5s', 5_000],
    ['1.5S', 1_500],
    ['2m', 120_000],
    ['1h', 3_600_000],
  ] as const)
    it(`reads ${text} as ${ms} ms`, () => assert.equal(duration(text), ms));

  for (const [text, bytes] of [
    ['65536', 65_536],
    ['10b', 10],
    ['1k', 1_024],
    ['1kB', 1_024],
    ['128M', 134_217_728],
    ['128MiB', 134_217_728],
    ['0.5G', 536_870_912],
  ] as const)
    it(`reads ${text} as ${bytes} bytes`, () => assert.equal(size(text), bytes));

  for (const wrong of ['', 's', '-5s', '5 s', '5d', '1e3', '5s5', 'constructor', '5constructor', '٥s'])
    it(`refuses ${JSON.stringify(wrong)}`, () => {
      assert.throws(() => duration(wrong), UsageError);
      assert.throws(() => size(wrong), UsageError);
    });
});

describe('units', () => {
  it('are those of what is measured', () => {
    for (const wrong of ['5b', '5mib', '5k']) assert.throws(() => duration(wrong), UsageError);
    for (const wrong of ['5ms', '5s', '5h']) assert.throws(() => size(wrong), UsageError);
  });
});

describe('options on the command line', () => {
  it('are strict', () => {
    const options = { name: { type: 'string' } } as const;
    assert.deepEqual({ ...parse(['--name', 'x', 'y'], options).values }, { name: 'x' });
    for (const wrong of [['--nam', 'x'], ['--name'], ['-n', 'x']])
      assert.throws(() => parse(wrong, options), UsageError);
  });
});

describe('terminal', () => {
  it('is coloured for people only, and not for those who ask for none', () => {
    const before = process.env['NO_COLOR'];
    delete process.env['NO_COLOR'];
    try {
      assert.equal(styler({ isTTY: true })('red', 'x'), '\u001b[31mx\u001b[39m');
      assert.equal(styler({ isTTY: false })('red', 'x'), 'x');
      assert.equal(styler({})('red', 'x'), 'x');
      process.env['NO_COLOR'] = '1';
      assert.equal(styler({ isTTY: true })('red', 'x'), 'x');
    } finally {
      if (before === undefined) delete process.env['NO_COLOR'];
      else process.env['NO_COLOR'] = before;
    }
  });

  it('aligns columns', () => {
    assert.equal(
      table([
        ['a', 'b'],
        ['long', 'c', 'd'],
      ]),
      'a     b\nlong  c  d\n',
    );
    assert.equal(table([]), '');
  });

  it('waits until what was written is taken, and hears of a failure', async () => {
    const stream = new PassThrough();
    await write(stream, 'x');
    assert.equal(String(stream.read()), 'x');
    const failing = new Writable({ write: (_chunk, _encoding, done) => done(new Error('pipe closed')) });
    failing.on('error', () => undefined);
    await assert.rejects(write(failing, 'x'), /pipe closed/);
  });
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LanguageReport } from '../../src/cli/language-report.ts';
import type { Host } from '../../src/host.ts';

/** A host whose sandbox is gone by the time its languages are tried. */
function broken(): { host: Host; logged: string[] } {
  const logged: string[] = [];
  const log = { error: (_about: unknown, message: string) => logged.push(message) };
  const warm = () => Promise.reject(new Error('gone'));
  return { host: { warm, log } as unknown as Host, logged };
}

it('languages that cannot be tried are told in the log, unless the host is ending', async () => {
  const { host, logged } = broken();
  const lines: string[] = [];
  const say = async (line: string) => void lines.push(line);
  await new LanguageReport(host, say, (_style, text) => text).tell(100);
  assert.deepEqual(logged, ['the languages could not be tried']);
  const ending = new LanguageReport(host, say, (_style, text) => text);
  ending.end();
  await ending.tell(100);
  assert.equal(logged.length, 1);
  assert.deepEqual(lines, []);
});

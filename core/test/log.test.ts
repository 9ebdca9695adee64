import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

/** What a process of its own writes to its log. `body` sees `log`. */
async function logged(level: string, secrets: readonly string[], body: string): Promise<{ out: string; err: string }> {
  const script = `import { makeLog, pluginLog } from ${JSON.stringify(new URL('../src/log.js', import.meta.url).href)};
const log = makeLog(${JSON.stringify(level)}, ${JSON.stringify(secrets)});
${body}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { out, err };
}

test('the log is lines of JSON on standard error, from its level up', async () => {
  const { out, err } = await logged('warn', [], "log.info('quiet'); log.warn({ plugin: 'a' }, 'loud');");
  assert.equal(out, '');
  const { plugin, msg, level } = JSON.parse(err) as Record<string, unknown>;
  assert.deepEqual([plugin, msg, level], ['a', 'loud', 40]);
});

test('secrets are blotted out of messages, fields, errors and the logs of plugins', async () => {
  const secret = 'S3cr3t-value';
  const quoted = 'with "quotes" \\ and\nlines';
  const body = `
const [secret, quoted] = ${JSON.stringify([secret, quoted])};
log.warn('in a message: ' + secret);
log.warn({ field: { deep: [secret, quoted] } }, quoted);
log.warn({ err: new Error('in an error: ' + secret, { cause: new Error(quoted) }) });
log.child({ plugin: secret }).warn('by a child: ' + quoted);
log.warn({ [secret]: 1 });`;
  const { err } = await logged('warn', [secret, quoted], body);
  assert.ok(!err.includes(secret) && !err.includes('quotes'), err);
  const lines = err.trim().split('\n');
  assert.equal(lines.length, 5);
  for (const line of lines) assert.ok(line.includes('[redacted]') && JSON.parse(line));
});

test('a secret that holds another one is blotted out whole', async () => {
  const { err } = await logged('warn', ['password', 'password-of-production'], "log.warn('password-of-production');");
  assert.ok(!err.includes('production'), err);
});

test('a plugin that floods the log is cut short, and the others are heard', async () => {
  const body = `
const flooding = pluginLog(log, 'flooding');
for (let n = 0; n < 5000; n += 1) (n % 2 ? flooding : flooding.child({ deep: true })).warn('drip');
pluginLog(log, 'other').warn('heard');
log.warn('the host as well');
await new Promise((resolve) => setTimeout(resolve, 50));
flooding.warn('again');`;
  const { err } = await logged('warn', [], body);
  const lines = err
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { plugin?: string; msg: string; omitted?: number });
  const drips = lines.filter(({ msg }) => msg === 'drip').length;
  assert.ok(drips >= 1_000 && drips < 4_000, `${drips}`);
  const rest = lines.filter(({ msg }) => msg !== 'drip');
  assert.deepEqual(
    rest.filter(({ omitted }) => omitted === undefined).map(({ plugin, msg }) => [plugin, msg]),
    [
      ['other', 'heard'],
      [undefined, 'the host as well'],
      ['flooding', 'again'],
    ],
  );
  const omitted = rest.reduce((sum, line) => sum + (line.omitted ?? 0), 0);
  assert.equal(omitted + drips, 5_000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSoulboxError, parse, type Problem } from '@soulbox/plugin-sdk';
import { WebSocketConfigSchema } from '../src/index.ts';

/** The paths of all that is wrong with a configuration. */
function problems(config: unknown): string[] {
  try {
    parse(WebSocketConfigSchema, config, 'config_invalid');
    return [];
  } catch (error) {
    assert.ok(isSoulboxError(error));
    return ((error.details?.['problems'] ?? []) as Problem[]).map(({ path }) => path);
  }
}

test('the defaults let in nobody but programs of this machine', () => {
  const config = WebSocketConfigSchema.parse({});
  assert.deepEqual([config.host, config.port, config.path], ['127.0.0.1', 7070, '/rpc']);
  assert.deepEqual([config.public, config.allowedOrigins, config.allowedHosts], [false, [], []]);
});

test('an address that others can reach needs a word that this is wanted', () => {
  for (const host of [
    '0.0.0.0',
    '::',
    '192.168.1.2',
    'box.example',
    '127.0.0.1.evil.example',
    '1270.0.0.1',
    'fe80::1',
  ]) {
    assert.deepEqual(problems({ host }), ['host'], host);
    assert.deepEqual(problems({ host, public: true }), [], host);
  }
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) assert.deepEqual(problems({ host }), [], host);
});

test('every mistake is named, all at once', () => {
  const config = {
    host: '',
    port: 65_536,
    path: 'rpc',
    public: 'yes',
    allowedOrigins: ['https://app.example/', '*', 'null', 'app.example', 'https://app.example'],
    allowedHosts: [''],
    maxPayloadBytes: 1,
    maxBatch: 0,
    maxDepth: 1000,
    maxNodes: 1,
    maxInFlight: 0,
    maxConnections: 0,
    authTimeoutMs: 0,
    recheckMs: -1,
    pingMs: 1.5,
    pongMs: 'x',
    highWaterBytes: 0,
    stalledMs: Infinity,
  };
  const found = problems(config);
  const origins = [0, 1, 2, 3].map((index) => `allowedOrigins.${index}`);
  const others = Object.keys(config).filter((key) => key !== 'allowedOrigins' && key !== 'allowedHosts');
  assert.deepEqual(found.toSorted(), [...others, ...origins, 'allowedHosts.0'].toSorted());
  assert.deepEqual(problems({ prot: 1 }), ['']);
  assert.deepEqual(problems({ path: '/healthz' }), ['path']);
});

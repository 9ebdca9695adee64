import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { hostVersion } from '../src/version.ts';

test('the version of the host is that of its package', () => {
  const packageJson = createRequire(import.meta.url)('@soulbox/core/package.json') as { version: string };
  assert.equal(hostVersion, packageJson.version);
});

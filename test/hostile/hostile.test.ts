import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { runAsOrdinaryUser } from '../support/ordinary-user.ts';
import { hostilePrograms } from './manifest.ts';
import { linuxSubject } from './subject.ts';
import { hostileSuite } from './suite.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const isRoot = process.geteuid?.() === 0;

describe(`as ${isRoot ? 'root' : 'an ordinary user'}`, () => hostileSuite(repository, linuxSubject));

if (isRoot)
  describe('as an ordinary user', () => {
    it('every hostile program ends as it does as root', async () => {
      const script = fileURLToPath(import.meta.url);
      const { exitCode, output } = await runAsOrdinaryUser(repository, script, ['--test-reporter=tap']);
      assert.equal(exitCode, 0, output.slice(-20_000));
      assert.ok(Number(/^# pass (\d+)/m.exec(output)?.[1]) > hostilePrograms.length, output.slice(-2000));
    });
  });

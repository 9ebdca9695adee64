import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { test } from 'node:test';
import { npm } from '../../src/packages/npm.ts';
import { failure } from '../support/expect.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { setVariables } from '../support/variables.ts';

test('without npm on the PATH it is named as what is missing', async () => {
  await using folder = await temporaryFolder();
  using _path = setVariables({ PATH: folder.path });
  await assert.rejects(npm(['--version'], { prefix: folder.path }), failure('npm_missing', /not on the PATH/));
});

test('a registry that does not answer is named with what npm says', async () => {
  await using folder = await temporaryFolder();
  using _registry = setVariables({ npm_config_registry: 'http://127.0.0.1:9', npm_config_fetch_retries: '0' });
  const packing = npm(['pack', 'nothing-here@1'], { prefix: folder.path });
  await assert.rejects(packing, failure('package_unavailable', /^npm: ECONNREFUSED: .*127\.0\.0\.1:9/));
});

test('what npm does not explain is passed on as it is', async () => {
  await using folder = await temporaryFolder();
  await chmod(await folder.write('bin/npm', '#!/bin/sh\necho words >&2; exit 3\n'), 0o755);
  using _path = setVariables({ PATH: `${folder.path}/bin:${process.env['PATH']}` });
  await assert.rejects(
    npm(['x'], { prefix: folder.path }),
    failure('package_unavailable', /npm: Command failed.*words/s),
  );
});

test('it can be stopped', async () => {
  await using folder = await temporaryFolder();
  const stopped = npm(['--version'], { prefix: folder.path, signal: AbortSignal.abort() });
  await assert.rejects(stopped, failure('cancelled'));
});

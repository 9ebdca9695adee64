import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PermissionsSchema, permissionWords } from '@soulbox/plugin-sdk';

const words = (permissions: object) => permissionWords(PermissionsSchema.parse(permissions));

test('every permission is said in plain words', () => {
  const all = {
    hooks: ['execution.veto', 'execution.after'],
    operations: ['words.count'],
    network: ['example.com:443'],
    files: { read: ['/etc/words'], write: ['/var/words'] },
    secrets: ['WORDS_KEY'],
    processes: true,
    workers: true,
    addons: true,
    docker: true,
  };
  assert.deepEqual(words(all), [
    'see and change what passes through the hooks execution.veto, execution.after',
    'add the operations words.count',
    'talk over the network to example.com:443',
    'read files: /etc/words',
    'write files: /var/words',
    'read the environment variables WORDS_KEY',
    'start programs',
    'start threads',
    'load native code',
    'use the Docker engine of this machine, which makes it its administrator',
  ]);
  assert.equal(Object.keys(PermissionsSchema.shape).length, Object.keys(all).length);
});

test('what stands for everything is said to, and so is nothing', () => {
  const everything = words({ hooks: ['*'], operations: ['*'], network: ['*'], files: { read: ['*'], write: ['*'] } });
  assert.deepEqual(everything, [
    'see and change what passes through all hooks that are not privileged',
    'add any operations',
    'talk over the network to any host',
    'read every file that the host may read',
    'write every file that the host may write',
  ]);
  assert.deepEqual(words({}), ['nothing']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DenialSchema,
  ExecutionParamsSchema,
  grants,
  isolationLevels,
  PrincipalSchema,
  reachesIsolation,
} from '../src/index.ts';

test('a scope grants its permission, its group, or all; and nothing by half a name', () => {
  const granted: [scopes: string[], permission: string, expected: boolean][] = [
    [['*'], 'executions:create', true],
    [['a:b', 'executions:*'], 'executions:create', true],
    [['executions:create'], 'executions:create', true],
    [['executions:create'], 'executions:creates', false],
    [['exec:*', 'executions', '*:create', 'executions:'], 'executions:create', false],
    [[], 'executions:create', false],
  ];
  for (const [scopes, permission, expected] of granted)
    assert.equal(grants(scopes, permission), expected, `${scopes.join()} ${permission}`);
});

test('isolation levels are in order', () => {
  for (const [at, level] of isolationLevels.entries())
    for (const [least, minimum] of isolationLevels.entries())
      assert.equal(reachesIsolation(level, minimum), at >= least, `${level} ${minimum}`);
});

test('nobody is nobody: principals and denials are complete', () => {
  const alice = { id: 'a', tenant: 't', roles: [], scopes: [] };
  assert.ok(PrincipalSchema.safeParse(alice).success);
  for (const bad of [{ ...alice, id: '' }, { ...alice, tenant: '' }, { ...alice, scopes: '*' }, { id: 'a' }, null])
    assert.equal(PrincipalSchema.safeParse(bad).success, false);
  for (const bad of [{}, { reason: '' }, { reason: 'x'.repeat(501) }, true])
    assert.equal(DenialSchema.safeParse(bad).success, false);
});

test('an execution is code or files, with names that the system knows', () => {
  const language = 'python';
  const good = [
    { code: '' },
    { files: [{ path: 'a', content: '' }] },
    { code: '', env: { _A1: '' }, args: ['é'], stdin: { data: '', open: true }, limits: { wallMs: 1 } },
  ];
  for (const params of good) assert.ok(ExecutionParamsSchema.safeParse({ language, ...params }).success);
  const bad: object[] = [
    {},
    { code: '', files: [{ path: 'a', content: '' }] },
    { files: [] },
    { code: '', env: { '1A': '' } },
    { code: '', env: { 'A=B': '' } },
    { code: '', env: { A: 'x\0y' } },
    { code: '', args: ['x\0y'] },
    { code: '', limits: { wallMs: 0 } },
    { code: '', limits: { wallMs: Infinity } },
    { code: '', limits: { wall: 1 } },
    { code: '', network: 'host' },
    { code: '', privileged: true },
  ];
  for (const params of bad) assert.equal(ExecutionParamsSchema.safeParse({ language, ...params }).success, false);
});

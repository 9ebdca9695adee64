import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { ExecutionResult, RemoteClient } from '@soulbox/plugin-sdk';
import type { RunningHost } from '../support/running-host.ts';
import { soulbox } from '../support/soulbox.ts';
import { usualLimits, type HostileProgram } from './manifest.ts';

/** Runs a program with the arguments through a host, as a client of that kind would. */
export type Transport = (program: HostileProgram, args: readonly string[]) => Promise<ExecutionResult>;

const languages: Readonly<Record<string, string>> = { '.py': 'python', '.js': 'node', '.sh': 'shell' };
const languageOf = (file: string): string => languages[extname(file)]!;

/** `executions.create` with the program's limits. */
export function overWebSocket(client: RemoteClient, programs: string): Transport {
  return async ({ file, env = {}, limits = {} }, args) => {
    const names = ['hostile.py', file];
    const files = await Promise.all(
      names.map(async (path) => ({ path, content: await readFile(join(programs, path), 'utf8') })),
    );
    const given = { language: languageOf(file), files, entry: file, args, env };
    return (await client.call('executions.create', {
      ...given,
      limits: { ...usualLimits, ...limits },
    })) as ExecutionResult;
  };
}

/** What `soulbox run` exits with, where the program does not say. */
const exitCodes: Readonly<Record<string, number>> = { ok: 0, timeout: 124, lost: 125 };

/** `soulbox run`, which takes limits of time, memory and output; the others are those of the host. */
export function overCommandLine({ home, url }: RunningHost, key: string, programs: string): Transport {
  return async ({ file, env = {}, limits = {} }, args) => {
    const { wallMs, memoryBytes, outputBytes } = { ...usualLimits, ...limits };
    const held = ['--timeout', `${wallMs}ms`, '--memory', String(memoryBytes), '--output', String(outputBytes)];
    const variables = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const files = [file, 'hostile.py'].map((name) => join(programs, name));
    const how = ['--language', languageOf(file), '--url', url, '--key', key, '--json', ...held, ...variables];
    const { code, stdout, stderr } = await soulbox(home, ['run', ...files, ...how, '--args', ...args]);
    assert.ok(stdout.length > 0, `${file}: ${code} ${stderr.toString()}`);
    const result = JSON.parse(stdout.toString()) as ExecutionResult;
    const expected = result.verdict === 'exit' ? result.exitCode : exitCodes[result.verdict!];
    if (expected !== undefined) assert.equal(code, expected, file);
    else assert.ok(code !== 0, file);
    return result;
  };
}

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Engine } from './engine.ts';
import { agentLabel } from './labels.ts';

const repository = 'soulbox/canary';
const user = 10_001;

/** The sha256 of a program, in hexadecimal. */
export function digestOf(program: Uint8Array): string {
  return createHash('sha256').update(program).digest('hex');
}

/** The name of the image that holds nothing but the agent with this digest. */
export function canaryImage(agent: string): string {
  return `${repository}:${agent.slice(0, 16)}`;
}

/** Gives the engine that image. It comes from this host alone: nothing is fetched. */
export async function importCanaryImage(engine: Engine, program: string): Promise<void> {
  const content = await readFile(program);
  const agent = digestOf(content);
  const options = {
    fromSrc: '-',
    repo: repository,
    tag: canaryImage(agent).split(':')[1]!,
    changes: [`USER ${user}:${user}`, `LABEL ${agentLabel}=${agent}`],
  };
  await engine.call('take in the image of the canary', async (docker, abortSignal) => {
    const importing = docker.importImage as unknown as (file: Readable, given: object) => Promise<Readable>;
    let text = '';
    for await (const chunk of await importing.call(docker, await archive(content), { ...options, abortSignal }))
      text += String(chunk);
    const failure = /"error"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
    // Only the beginning of the work is told by the status of the answer.
    if (failure !== undefined) throw Object.assign(new Error(failure), { statusCode: 500 });
  });
}

async function archive(program: Buffer): Promise<Readable> {
  const { pack } = await import('tar-stream');
  const tar = pack();
  for (const name of ['usr', 'usr/local', 'usr/local/bin', 'etc', 'home', 'tmp', 'dev', 'proc', 'sys'])
    tar.entry({ name, type: 'directory', mode: 0o755 });
  tar.entry({ name: 'usr/local/bin/soulbox-agent', mode: 0o755 }, program);
  tar.finalize();
  return tar as unknown as Readable;
}

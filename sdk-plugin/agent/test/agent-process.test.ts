import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AgentProcess } from '../src/agent-process.ts';

const folder = await mkdtemp(join(tmpdir(), 'soulbox-agents-'));
after(() => rm(folder, { recursive: true, force: true }));

const hello = String.raw`\014\000\000\000\201\000\000\000\000\001\002\000\000\000\001\000`;

/** A program that is no agent, but may say that it is one. */
async function program(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

test('an agent that does not say so, or is not there, is no sandbox, and is not left running', async () => {
  const silent = await program('silent', 'exec sleep 1000');
  await assert.rejects(AgentProcess.launch(silent, [], { handshakeMs: 50 }), { code: 'sandbox_unavailable' });
  const failing = await program('failing', 'echo "soulbox-agent: userns: no" >&2; exit 71');
  await assert.rejects(AgentProcess.launch(failing, [], {}), {
    code: 'sandbox_unavailable',
    message: 'the sandbox cannot be built: userns failed',
  });
  await assert.rejects(AgentProcess.launch(join(folder, 'none'), [], {}), { code: 'sandbox_unavailable' });
  await assert.rejects(AgentProcess.launch(silent, [], { signal: AbortSignal.abort() }), { code: 'cancelled' });
});

test('an agent that does not end when it is asked to is killed', async () => {
  const deaf = await program('deaf', `printf '${hello}' >&3; exec sleep 1000`);
  const agent = await AgentProcess.launch(deaf, [], {});
  const { pid } = agent;
  assert.ok(pid !== undefined && process.kill(pid, 0));
  await agent.end();
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

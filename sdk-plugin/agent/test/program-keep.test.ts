import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { u32 } from '../src/fields.ts';
import type { AgentMessage } from '../src/message.ts';
import { frameType, maximumKept } from '../src/protocol.ts';
import { encodeFrame } from '../src/request.ts';
import { Programs, strongestMode } from './support/program.ts';
import { RealAgent, type RunRequest } from './support/real-agent.ts';

const probe = (deed: string, keep?: string) => ({
  argv: ['/home/sandbox/probe', ...deed.split(' ')],
  ...(keep === undefined ? {} : { keep }),
});

describe('the file that is kept of a stage', () => {
  let programs: Programs;
  let agent: RealAgent;
  before(async () => {
    programs = new Programs();
    agent = new RealAgent(programs.agent, strongestMode);
    assert.equal((await agent.hello()).get('keep'), 'agent');
  });
  after(async () => {
    assert.deepEqual(await agent.close(), { code: 0, left: [] });
    programs.remove();
  });

  const start = ({ files = [], ...request }: RunRequest) =>
    agent.start({ ...request, files: [['probe', programs.probe, true], ...files] });

  async function messages(request: RunRequest): Promise<AgentMessage[]> {
    start(request);
    const found: AgentMessage[] = [];
    for (;;) {
      const message = (await agent.next())!;
      if (message.type !== 'stdin-credit') found.push(message);
      if (message.type === 'end' || message.type === 'refused') return found;
    }
  }

  const typesOf = (found: readonly AgentMessage[]) => found.map(({ type }) => type);
  const fileOf = (found: readonly AgentMessage[]) =>
    Buffer.concat(found.flatMap((message) => (message.type === 'file-out' ? [message.data] : [])));

  it('comes whole after its stage has ended, and before the next begins', async () => {
    const content = randomBytes(1_000_000);
    const found = await messages({
      stages: [probe('exit 0', 'data'), probe('exit 0')],
      files: [['data', content]],
    });
    assert.ok(fileOf(found).equals(content));
    const types = typesOf(found);
    assert.deepEqual(
      [types.slice(0, 3), types.slice(-3)],
      [
        ['stage-start', 'stage-end', 'file-out'],
        ['stage-start', 'stage-end', 'end'],
      ],
    );
    const pieces = found.flatMap((message) => (message.type === 'file-out' ? [message.data.length] : []));
    assert.equal(pieces.indexOf(0), pieces.length - 1, 'an empty one ends it');
  });

  it('may be empty, lie in a folder, and be of the last stage', async () => {
    const found = await messages({ stages: [probe('exit 0', 'a/b')], files: [['a/b', Buffer.alloc(0)]] });
    assert.deepEqual(typesOf(found), ['stage-start', 'stage-end', 'file-out', 'end']);
  });

  it('counts against the credit', async () => {
    const run = start({
      stages: [probe('exit 0', 'data')],
      files: [['data', Buffer.alloc(5000, 'x')]],
      limits: { credit: 1000 },
    });
    let received = 0;
    for (;;) {
      const message = (await agent.next())!;
      if (message.type === 'end') break;
      if (message.type !== 'file-out' || message.data.length === 0) continue;
      received += message.data.length;
      assert.equal(received % 1000, 0, 'as much as was granted');
      agent.send(encodeFrame(frameType.credit, run, u32(1000)));
    }
    assert.equal(received, 5000);
  });

  const none: Record<string, [deed: string, keep: string]> = {
    'a stage that fails': ['exit 1', 'data'],
    'a file that was not made': ['exit 0', 'made'],
    'a link': ['make-link made data', 'made'],
    'a link to a folder on the way': ['make-link made /etc', 'made/passwd'],
    'a folder': ['make-folder made', 'made'],
    'a pipe': ['make-pipe made', 'made'],
    'a file that its user may not read': ['make-file made 5 0', 'made'],
    'a file that is too large': [`make-file made ${maximumKept + 1} 0644`, 'made'],
  };
  for (const [what, [deed, keep]] of Object.entries(none))
    it(`is none of ${what}`, async () => {
      const found = await messages({ stages: [probe(deed, keep)], files: [['data', Buffer.from('x')]] });
      assert.deepEqual(typesOf(found), ['stage-start', 'stage-end', 'end']);
      const end = found[1];
      assert.equal(end?.type === 'stage-end' && end.verdict, deed === 'exit 1' ? 'exit' : 'ok');
    });

  it('is given up when the run is ended meanwhile', async () => {
    const run = start({
      stages: [probe('exit 0', 'data'), probe('exit 0')],
      files: [['data', Buffer.alloc(5000)]],
      limits: { credit: 10 },
    });
    const found: AgentMessage[] = [];
    do {
      found.push((await agent.next())!);
      if (found.at(-1)?.type === 'file-out') agent.send(encodeFrame(frameType.kill, run));
    } while (found.at(-1)?.type !== 'end');
    assert.equal(fileOf(found).length, 10);
    assert.equal(typesOf(found).filter((type) => type === 'stage-start').length, 1);
  });
});

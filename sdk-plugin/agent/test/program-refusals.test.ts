import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { modes, ordinaryMode, Programs, strongestMode } from './support/program.ts';
import { open, RealAgent, type Limits, type RunRequest } from './support/real-agent.ts';

const anything: RunRequest['stages'] = [{ argv: ['/nowhere'] }];

describe('runs that the agent refuses', () => {
  let programs: Programs;
  let agent: RealAgent;
  before(async () => {
    programs = new Programs();
    agent = new RealAgent(programs.agent, strongestMode, ['--max-runs', '2']);
    await agent.hello();
  });
  after(async () => {
    assert.deepEqual(await agent.close(), { code: 0, left: [] });
    programs.remove();
  });

  for (const path of ['', '/etc/x', '../x', 'a/../../x', 'a/./b', './a', 'a//b', 'a/', '..', '.', 'x'.repeat(4096)])
    it(`the file path ${JSON.stringify(path.slice(0, 20))}`, async () => {
      const { refused } = await agent.run({ stages: anything, files: [[path, Buffer.from('x')]] });
      assert.equal(refused, 'path');
    });

  it('a name that is too long, a file in place of a folder, and the same file twice', async () => {
    const content = Buffer.from('x');
    const cases: NonNullable<RunRequest['files']>[] = [
      [['n'.repeat(256), content]],
      [
        ['a', content],
        ['a/b', content],
      ],
      [
        ['a/b', content],
        ['a', content],
      ],
      [
        ['a', content],
        ['a', content],
      ],
    ];
    for (const files of cases) assert.equal((await agent.run({ stages: anything, files })).refused, 'path');
  });

  it('files that do not fit the disk limit, whether in one piece or in several', async () => {
    for (const bytes of [400_000, 3_000_000]) {
      const files: RunRequest['files'] = [['big', Buffer.alloc(bytes)]];
      const { refused, message } = await agent.run({ stages: anything, files, limits: { disk: 300_000 } });
      assert.equal(refused, 'disk');
      assert.match(message!, /space/);
    }
  });

  it('limits that no box can have', async () => {
    const impossible: Partial<Limits>[] = [
      { wallMs: 0 },
      { cpuMs: 0 },
      { memory: 1000 },
      { memory: 2 ** 52 },
      { processes: 0 },
      { processes: 2 ** 31 },
      { disk: 0 },
      { wallMs: 2 ** 50 },
    ];
    for (const limits of impossible) assert.equal((await agent.run({ stages: anything, limits })).refused, 'invalid');
  });

  it('stages without a program, with a relative one or with a nameless variable; and no stage at all', async () => {
    const invalid: RunRequest['stages'][] = [
      [],
      [{ argv: [] }],
      [{ argv: ['probe'] }],
      [{ argv: [''] }],
      [{ argv: ['/x'], env: ['=x'] }],
      [{ argv: ['/x'], env: ['x'] }],
      Array.from({ length: 256 }, () => ({ argv: ['/x'] })),
    ];
    for (const stages of invalid) assert.equal((await agent.run({ stages })).refused, 'invalid');
  });

  it('more runs at a time than it was told to take', async () => {
    const open1 = agent.newRun();
    const open2 = agent.newRun();
    agent.send(open(open1), open(open2));
    assert.equal((await agent.run({ stages: anything })).refused, 'busy');
  });
});

describe('an agent without an outer wall', () => {
  let programs: Programs;
  before(() => {
    programs = new Programs();
  });
  after(() => programs.remove());

  it('claims none, and names the inner wall that cannot be built', async () => {
    const agent = new RealAgent(programs.agent, ordinaryMode, [], 'serve');
    const facts = await agent.hello();
    assert.deepEqual([facts.get('filesystem'), facts.get('user')], ['read-only', 'shared-uid']);
    const { refused, message } = await agent.run({ stages: anything });
    assert.equal(refused, 'setup');
    // This host has no such folder to mount a working directory on.
    assert.equal(message, 'mount-home: No such file or directory');
    assert.deepEqual(await agent.close(), { code: 0, left: [] });
  });

  it('is not for root', { skip: strongestMode.name !== 'root' && 'only root can try' }, async () => {
    const { code, diagnosis } = await new RealAgent(programs.agent, strongestMode, [], 'serve').ended();
    assert.equal(code, 64);
    assert.match(diagnosis, /not for root/);
  });
});

const failures: readonly [what: string, options: (folder: string) => string[], code: number, says: RegExp][] = [
  [
    'a path that is not there',
    () => ['--path', '/no/such/folder'],
    71,
    /^soulbox-agent: path \/no\/such\/folder: No such/,
  ],
  ['a path that its own folders hide', () => ['--path', '/tmp'], 71, /^soulbox-agent: path \/tmp: /],
  ['a path below such a folder', (folder) => ['--path', folder], 71, /^soulbox-agent: path \S+: /],
  ['the whole host', () => ['--path', '/'], 71, /^soulbox-agent: path \/: /],
  ['the whole host by another name', () => ['--path', '/usr/..'], 71, /^soulbox-agent: path \/usr\/\.\.: /],
  ['all of /etc', () => ['--path', '/etc'], 71, /^soulbox-agent: path \/etc: /],
  ['devices', () => ['--path', '/dev/mem'], 71, /^soulbox-agent: path \/dev\/mem: /],
  ['a relative path', () => ['--path', 'usr'], 64, /absolute/],
  ['an option that it does not know', () => ['--privileged', '1'], 64, /unknown/],
  ['an option without its value', () => ['--path'], 64, /lacks/],
  ['no runs', () => ['--max-runs', '0'], 64, /--max-runs/],
  ['a number with something after it', () => ['--max-runs', '3x'], 64, /--max-runs/],
  ['a cgroup folder that is not there', () => ['--cgroup', 'memory=/no/such/cgroup'], 71, /^soulbox-agent: cgroup \//],
  ['a cgroup option without a controller', () => ['--cgroup', '/no'], 64, /CONTROLLER/],
];

for (const mode of modes)
  describe(`launches that fail, as ${mode.name}`, () => {
    let programs: Programs;
    before(() => {
      programs = new Programs();
    });
    after(() => programs.remove());

    for (const [what, options, code, says] of failures)
      it(`name ${what}`, async () => {
        const agent = new RealAgent(programs.agent, mode, options(programs.folder));
        assert.equal(await agent.next(), undefined);
        const ended = await agent.ended();
        assert.equal(ended.code, code, ended.diagnosis);
        assert.match(ended.diagnosis, says);
        assert.equal(ended.diagnosis.trim().split('\n').length, 1);
      });

    if (mode.name === 'ordinary user') {
      it('name a path that this user cannot read', async () => {
        const agent = new RealAgent(programs.agent, mode, ['--path', '/etc/shadow']);
        const ended = await agent.ended();
        assert.equal(ended.code, 71);
        assert.match(ended.diagnosis, /^soulbox-agent: path \/etc\/shadow: Permission denied/);
      });
      it('refuse uids that only root could give', async () => {
        const agent = new RealAgent(programs.agent, mode, ['--uid-base', '100000', '--uid-count', '1000']);
        assert.equal((await agent.ended()).code, 64);
      });
    } else {
      it('want uids from root, enough for all runs', async () => {
        const none = new RealAgent(programs.agent, { ...mode, arguments: [] });
        assert.match((await none.ended()).diagnosis, /--uid-base/);
        const few = new RealAgent(programs.agent, { ...mode, arguments: ['--uid-base', '100000', '--uid-count', '3'] });
        assert.match((await few.ended()).diagnosis, /--uid-count/);
      });
    }
  });

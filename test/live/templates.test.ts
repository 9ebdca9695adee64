import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { follow, otherTenant, overDrivers, startLiveHost, type LiveHost } from '../support/live-host.ts';

const uidBase = 1_970_000_000 + (process.pid % 1000) * 20_000;

interface Template {
  readonly id: string;
  readonly name: string;
  readonly env: Record<string, string>;
  readonly cachedSteps: number;
  readonly metadata: Record<string, string>;
}

overDrivers('templates that are built as a recipe says', (driver) => {
  let live: LiveHost;
  before(async () => {
    live = await startLiveHost({ driver, uidBase, snapshots: { snapshots: 10, layerBytes: 200_000 } });
  });
  after(() => live?.[Symbol.asyncDispose]());

  const build = async (params: object) => {
    const { events, result } = await follow(live.stream('templates.build', { languages: [], ...params }));
    return { events, template: result as unknown as Template };
  };
  const steps = (events: Record<string, unknown>[]) =>
    events.filter(({ type }) => type === 'step').map(({ text, cached }) => `${cached ? 'cached ' : ''}${String(text)}`);
  const said = (events: Record<string, unknown>[]) =>
    events.map(({ type, text }) => (type === 'output' ? String(text) : '')).join('');
  const run = async (template: string, command: string) => {
    const sandbox = await live.create({ template, env: { OWN: 'mine' } });
    const { stdout } = await live.call<{ stdout: string }>('processes.run', { sandbox, command });
    await live.call('sandboxes.delete', { id: sandbox });
    return stdout;
  };
  const unended = async () => {
    const { sandboxes } = await live.call<{ sandboxes: { state: string }[] }>('sandboxes.list', { limit: 100 });
    return sandboxes.filter(({ state }) => state === 'running').length;
  };

  const recipe = [
    'ENV STAGE=test OWN=recipe',
    'WORKDIR app',
    'COPY lib/ lib',
    'COPY a.txt b.bin ./',
    'RUN echo "built for $STAGE" > made; echo out; echo err >&2',
    'RUN cat made lib/x/y a.txt',
  ].join('\n');
  const files = {
    'lib/x/y': { content: 'deep\n' },
    'a.txt': { content: 'plain\n' },
    'b.bin': { content: Buffer.from([0, 255]).toString('base64'), encoding: 'base64' },
  };

  it('tell their steps and what these write, and are what sandboxes are made of', async () => {
    const { events, template } = await build({ name: 'app', recipe, files, metadata: { for: 'test' } });
    assert.deepEqual(steps(events), recipe.split('\n'));
    assert.match(said(events), /^(out\nerr|err\nout)\nbuilt for test\ndeep\nplain\n$/);
    const { name, env, cachedSteps, metadata } = template;
    assert.deepEqual([name, env, cachedSteps, metadata], ['app', { STAGE: 'test', OWN: 'recipe' }, 0, { for: 'test' }]);
    assert.equal(
      await run('app', 'cd app; cat made; wc -c < b.bin; echo $STAGE $OWN'),
      'built for test\n2\ntest mine\n',
    );
    assert.equal(await unended(), 0);
  });

  it('do again only what has changed, and are of one tenant', async () => {
    const again = await build({ name: 'app', recipe, files });
    assert.equal(again.template.cachedSteps, 6);
    assert.deepEqual(
      steps(again.events),
      recipe.split('\n').map((text) => `cached ${text}`),
    );
    const changed = await build({ name: 'app2', recipe: recipe.replace('cat made', 'echo more; cat made'), files });
    assert.equal(changed.template.cachedSteps, 5);
    assert.match(said(changed.events), /^more\nbuilt for test/);
    const other = { ...files, 'a.txt': { content: 'other\n' } };
    assert.equal((await build({ name: 'app', recipe, files: other })).template.cachedSteps, 0);
    assert.equal((await build({ name: 'app', recipe, files, cache: false })).template.cachedSteps, 0);
    const { snapshots } = await live.call<{ snapshots: Template[] }>('snapshots.list', {});
    assert.deepEqual(snapshots.map(({ name }) => name).toSorted(), ['app', 'app2']);
    const elsewhere = await live.call<Template>(
      'templates.build',
      { name: 'app', recipe, files, languages: [] },
      otherTenant,
    );
    assert.equal(elsewhere.cachedSteps, 0);
    await live.call('snapshots.delete', { snapshot: elsewhere.id }, otherTenant);
  });

  it('begin with other templates, whose files and variables they have', async () => {
    await build({ name: 'next', recipe: 'FROM app\nENV MORE=1\nRUN cat app/made > copy' });
    assert.equal(await run('next', 'cat copy; echo $STAGE $MORE'), 'built for test\ntest 1\n');
    await assert.rejects(build({ name: 'x', recipe: 'FROM none' }), { code: 'not_found' });
  });

  it('leave the earlier one where a step fails, and nothing else', async () => {
    await assert.rejects(
      build({ name: 'app', recipe: 'RUN echo begun; echo why >&2; exit 3\nRUN echo never' }),
      (error: { code: string; details: { step: number; exitCode: number; output: string } }) => {
        assert.deepEqual([error.code, error.details.step, error.details.exitCode], ['template_failed', 1, 3]);
        assert.match(error.details.output, /why/);
        return true;
      },
    );
    await assert.rejects(build({ name: 'app', recipe: 'WORKDIR /etc/x' }), { code: 'path_denied' });
    await assert.rejects(build({ name: 'x', recipe: 'COPY no y' }), { code: 'invalid_params' });
    assert.equal(await run('app', 'cat app/made'), 'built for test\n');
    assert.equal(await unended(), 0);
  });

  it('keep no more of their steps than there is room for', async () => {
    const large = (name: string) => ({ name, recipe: `RUN head -c 150000 /dev/zero > ${name}` });
    await build(large('one'));
    await build(large('two'));
    assert.equal((await build(large('two'))).template.cachedSteps, 1);
    assert.equal((await build(large('one'))).template.cachedSteps, 0);
    const huge = { name: 'huge', recipe: 'RUN head -c 250000 /dev/zero > huge' };
    await build(huge);
    assert.equal((await build(huge)).template.cachedSteps, 0);
  });

  it('are bounded, and end when whoever wants them leaves', async () => {
    const abort = new AbortController();
    const slow = { name: 'slow', recipe: 'RUN echo begun; sleep 60', languages: [] };
    const first = live.stream('templates.build', slow, abort.signal)[Symbol.asyncIterator]();
    for (let begun = false; !begun;) {
      const { value } = await first.next();
      begun = (value as { event?: { type: string } }).event?.type === 'output';
    }
    const second = live.stream('templates.build', { ...slow, name: 'slow2' }, abort.signal)[Symbol.asyncIterator]();
    await second.next();
    await assert.rejects(build({ name: 'third', recipe: 'RUN true' }), { code: 'overloaded' });
    abort.abort();
    for (const each of [first, second])
      await assert.rejects(
        (async () => {
          while (!(await each.next()).done) continue;
        })(),
        { code: 'cancelled' },
      );
    while ((await unended()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});

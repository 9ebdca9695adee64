import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request as ask, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http';
import { after, before, it } from 'node:test';
import { WebSocket } from 'ws';
import { otherTenant, overDrivers, startLiveHost, type LiveHost } from '../support/live-host.ts';
import { root } from '../support/soulbox.ts';

const uidBase = 1_860_000_000 + (process.pid % 1000) * 20_000;

interface Preview {
  readonly sandbox: string;
  readonly port: number;
  readonly access: string;
  readonly url: string;
  readonly pathUrl: string;
  readonly token: string | null;
  readonly expiresAt: string | null;
}
interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Host names below localhost are asked for at the loopback address. */
async function get(url: string, options: RequestOptions = {}, body: string | Buffer = ''): Promise<Answer> {
  const { port, pathname, search, host } = new URL(url);
  const sent = ask({
    host: '127.0.0.1',
    port,
    path: `${pathname}${search}`,
    ...options,
    headers: { host, ...(options.headers as object) },
  });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces).toString() };
}

const seen = ({ body }: Answer) =>
  JSON.parse(body) as { method: string; url: string; headers: Record<string, string>; bytes: number; sha256: string };

overDrivers('previews of a sandbox that stays', (driver) => {
  let live: LiveHost;
  let sandbox: string;
  const call = <T = Preview>(verb: string, params: object = {}) =>
    live.call<T>(`ports.${verb}`, { sandbox, ...params });
  const serve = async (port: number, id = sandbox) => {
    const command = `node server.cjs ${port}`;
    await live.call('processes.start', { sandbox: id, command });
    const ports = async () => (await call<{ ports: { port: number }[] }>('list', { sandbox: id })).ports;
    while (!(await ports()).some((each) => each.port === port)) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  before(async () => {
    live = await startLiveHost({ driver, uidBase });
    sandbox = await live.create({ languages: ['javascript'] });
    const content = await readFile(`${root}/test/live/served/server.cjs`, 'utf8');
    await live.call('files.write', { sandbox, path: 'server.cjs', content });
    await serve(8000);
  });
  after(() => live?.[Symbol.asyncDispose]());

  it('are shown to who has the token, which the program never sees', async () => {
    const preview = await call('expose', { port: 8000 });
    const { url, token } = preview;
    assert.match(url, new RegExp(`^http://8000-${sandbox}\\.localhost:\\d+/$`));
    const without = await get(url);
    assert.deepEqual([without.status, without.headers['x-soulbox-error']], [401, 'unauthenticated']);
    const wrong = await get(url, { headers: { 'x-soulbox-token': `${token}x` } });
    assert.equal(wrong.status, 401);
    const right = seen(await get(`${url}a/b?c=d`, { headers: { 'x-soulbox-token': token!, cookie: 'own=1' } }));
    assert.deepEqual([right.method, right.url, right.headers['cookie']], ['GET', '/a/b?c=d', 'own=1']);
    assert.ok(!JSON.stringify(right).includes(token!));
    const inUrl = seen(await get(`${url}x?soulbox_token=${token}&c=d`));
    assert.equal(inUrl.url, '/x?c=d');
    const page = await get(`${url}x?c=d&soulbox_token=${token}`, { headers: { accept: 'text/html,*/*' } });
    assert.deepEqual([page.status, page.headers.location], [303, '/x?c=d']);
    const astray = await get(`${url}/evil.example/?soulbox_token=${token}`, { headers: { accept: 'text/html' } });
    assert.equal(astray.headers.location, '/evil.example/');
    const [cookie = ''] = page.headers['set-cookie'] ?? [];
    assert.match(cookie, /; HttpOnly; SameSite=Lax$/);
    const kept = { cookie: `a=1; ${cookie.split(';')[0]!}; b=2` };
    const later = seen(await get(url, { headers: kept }));
    assert.equal(later.headers['cookie'], 'a=1; b=2');
    const fromOthers = { ...kept, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' };
    assert.equal((await get(url, { headers: fromOthers })).status, 401);
    const link = { ...kept, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    assert.equal((await get(url, { headers: link })).status, 200);
    assert.equal((await get(url, { method: 'POST', headers: link })).status, 401);
  });

  it('are shown to everybody where they are public, and as it was said last', async () => {
    const first = await call('expose', { port: 8000 });
    const { url, token } = await call('expose', { port: 8000, access: 'public' });
    assert.equal(token, null);
    assert.equal(seen(await get(url)).url, '/');
    const again = await call('expose', { port: 8000 });
    assert.notEqual(again.token, first.token);
    assert.equal((await get(url, { headers: { 'x-soulbox-token': first.token! } })).status, 401);
    assert.equal((await get(url, { headers: { 'x-soulbox-token': again.token! } })).status, 200);
    const { previews } = await call<{ previews: Preview[] }>('exposed', {});
    assert.deepEqual(
      previews.map(({ port, access }) => [port, access]),
      [[8000, 'token']],
    );
    assert.ok(!JSON.stringify(previews).includes(again.token!));
  });

  it('carry bodies of any size both ways, and tell where a request came from', async () => {
    const { url } = await call('expose', { port: 8000, access: 'public' });
    const body = Buffer.alloc(5_000_000, 'y');
    const forged = {
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-prefix': '/x',
      forwarded: 'for=1',
      connection: 'x-a',
      'x-a': '1',
    };
    const up = seen(await get(url, { method: 'PUT', headers: forged }, body));
    assert.deepEqual([up.bytes, up.sha256], [body.length, createHash('sha256').update(body).digest('hex')]);
    const { headers } = up;
    assert.deepEqual(
      ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix', 'forwarded', 'x-a'].map(
        (name) => headers[name],
      ),
      ['127.0.0.1', 'http', new URL(url).host, undefined, undefined, undefined],
    );
    const down = await get(`${url}large`);
    assert.equal(down.body.length, 20_000_000);
    assert.equal(seen(await get(url, { headers: { expect: '100-continue' } })).headers['expect'], undefined);
    await assert.rejects(get(`${url}broken`), { code: 'ECONNRESET' });
    const { status, headers: own } = await get(`${url}cookies`);
    assert.deepEqual(
      [status, own['set-cookie'], own['x-own']],
      [200, ['a=1; Path=/', 'b=2; path=/', 'domain=3'], undefined],
    );
    assert.deepEqual([own['clear-site-data'], own['alt-svc']], [undefined, 'h2=":1"']);
  });

  it('can be had by path, where nothing of one acts on another', async () => {
    const { pathUrl, token } = await call('expose', { port: 8000 });
    const headers = { 'x-soulbox-token': token!, cookie: 'session=secret' };
    const answer = await get(`${pathUrl}a?b=c`, { headers });
    const { url, headers: told } = seen(answer);
    assert.deepEqual([url, told['cookie'], told['x-forwarded-prefix']], ['/a?b=c', undefined, `/8000-${sandbox}`]);
    assert.match(String(answer.headers['content-security-policy']), /^sandbox (?!.*allow-same-origin)/);
    assert.equal((await get(`${pathUrl}moved`, { headers })).headers.location, `/8000-${sandbox}/there`);
    const { headers: confined } = await get(`${pathUrl}cookies`, { headers });
    assert.deepEqual([confined['set-cookie'], confined['alt-svc']], [undefined, undefined]);
    assert.equal(seen(await get(`${pathUrl.replace(/\/$/, '')}?q`, { headers })).url, '/?q');
    // No cookie lets anybody in by path.
    const page = await get(`${pathUrl}?soulbox_token=${token}`, { headers: { accept: 'text/html' } });
    assert.deepEqual([page.status, page.headers['set-cookie']], [200, undefined]);
    assert.equal((await get(pathUrl, { headers: { cookie: `soulbox_preview=${token}` } })).status, 401);
    const rebound = await get(pathUrl, { headers: { ...headers, host: `evil.example:${new URL(pathUrl).port}` } });
    assert.equal(rebound.status, 404);
  });

  it('carry WebSockets', async () => {
    const { url, pathUrl, token } = await call('expose', { port: 8000 });
    const dial = (to: string, headers: Record<string, string> = {}) => {
      const { port, pathname, host } = new URL(to);
      return new WebSocket(`ws://127.0.0.1:${port}${pathname}`, { headers: { host, ...headers } });
    };
    for (const to of [url, pathUrl]) {
      const socket = dial(to, { 'x-soulbox-token': token! });
      const cookies = once(socket, 'upgrade').then(([{ headers }]) => (headers as IncomingHttpHeaders)['set-cookie']);
      await once(socket, 'open');
      assert.deepEqual(await cookies, to === url ? ['ws=1'] : undefined);
      socket.send('hello');
      const [data] = (await once(socket, 'message')) as [Buffer];
      assert.equal(data.toString(), 'hello');
      socket.close();
      await once(socket, 'close');
    }
    const statusOf = async (socket: WebSocket) => {
      const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
      socket.on('error', () => undefined).terminate();
      return answer.statusCode;
    };
    assert.equal(await statusOf(dial(url)), 401);
    const nobody = await call('expose', { port: 8_001, access: 'public' });
    assert.equal(await statusOf(dial(nobody.url)), 502);
    await call('hide', { port: 8_001 });
    assert.equal(await statusOf(dial(`${url}refused`, { 'x-soulbox-token': token! })), 403);
    const open = dial(url, { 'x-soulbox-token': token! });
    await once(open, 'open');
    const closed = once(open, 'close');
    await call('hide', { port: 8000 });
    await closed;
    assert.equal(await statusOf(dial(url, { 'x-soulbox-token': token! })), 404);
  });

  it('tell by a typed error what is not there', async () => {
    const { url, pathUrl, port } = await call('expose', { access: 'public' });
    assert.ok(port >= 20_000 && port < 30_000);
    const closed = await get(url);
    assert.deepEqual([closed.status, closed.headers['x-soulbox-error']], [502, 'port_closed']);
    const { error } = JSON.parse(closed.body) as { error: { code: string } };
    assert.equal(error.code, 'port_closed');
    await serve(port);
    assert.equal((await get(url)).status, 200);
    const { port: listening } = new URL(url);
    for (const host of [`1-${sandbox}`, 'x', `8000-${sandbox}.y`, `99999-${sandbox}`])
      assert.equal((await get(`http://${host}.localhost:${listening}/`)).status, 404, host);
    assert.equal((await get(`${new URL(pathUrl).origin}/`)).status, 404);
    assert.equal((await get(url, { path: `http://127.0.0.1:${port}/` })).status, 400);
    await assert.rejects(call('hide', { port: 1 }), { code: 'not_found' });
    await assert.rejects(call('expose', { sandbox: 'none' }), { code: 'not_found' });
    await call('hide', { port });
    assert.equal((await get(url)).status, 404);
  });

  it('end when their time is over, with what they have under way', async () => {
    const { url, expiresAt, port } = await call('expose', { port: 8000, access: 'public', expiresInMs: 700 });
    assert.ok(Date.parse(expiresAt!) > Date.now());
    await assert.rejects(get(`${url}slow`), { code: 'ECONNRESET' });
    assert.equal((await get(url)).status, 404);
    assert.deepEqual((await call<{ previews: Preview[] }>('exposed')).previews, []);
    await assert.rejects(call('hide', { port }), { code: 'not_found' });
  });

  it('are bounded in number and in connections', async () => {
    const made = await Promise.allSettled([1, 2, 3, 4, 5].map((port) => call('expose', { port })));
    assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 4);
    await assert.rejects(call('expose', { port: 6 }), { code: 'overloaded' });
    for (const port of [1, 2, 3, 4, 5]) await call('hide', { port }).catch(() => undefined);
    const { url } = await call('expose', { port: 8000, access: 'public' });
    const { port: listening, host } = new URL(url);
    const held = [1, 2, 3, 4].map(() =>
      ask({ host: '127.0.0.1', port: listening, path: '/slow', headers: { host } })
        .on('error', () => undefined)
        .end(),
    );
    await Promise.all(held.map((each) => once(each, 'response')));
    const refused = await get(url);
    assert.deepEqual([refused.status, refused.headers['x-soulbox-error']], [429, 'overloaded']);
    for (const each of held) each.destroy();
    while ((await get(url)).status === 429) await new Promise((resolve) => setTimeout(resolve, 10));
    await call('hide', { port: 8000 });
  });

  it('are of one tenant, stay over a restart of the plugin, and go with their sandbox', async () => {
    const { url } = await call('expose', { port: 8000, access: 'public' });
    for (const verb of ['hide', 'expose', 'list'])
      await assert.rejects(
        live.call(`ports.${verb}`, { sandbox, ...(verb === 'list' ? {} : { port: 8000 }) }, otherTenant),
        { code: 'not_found' },
        verb,
      );
    assert.deepEqual(await live.call('ports.exposed', {}, otherTenant), { previews: [] });
    await live.host.call('plugins.reload', { id: 'live-previews' });
    const { previews } = await call<{ previews: Preview[] }>('exposed');
    assert.equal((await get(previews[0]!.url)).status, 200);
    const other = await live.create();
    await call('expose', { sandbox: other, port: 80 });
    assert.equal((await live.call<{ previews: [] }>('ports.exposed', {})).previews.length, 2);
    await live.call('sandboxes.delete', { id: other });
    while ((await live.call<{ previews: [] }>('ports.exposed', {})).previews.length > 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.notEqual(previews[0]!.url, '');
    assert.match(url, /localhost/);
  });

  it('wake a sandbox that is paused', async () => {
    const { url } = await call('expose', { port: 8000, access: 'public' });
    await live.call('sandboxes.pause', { id: sandbox });
    assert.equal((await get(url)).status, 200);
  });
});

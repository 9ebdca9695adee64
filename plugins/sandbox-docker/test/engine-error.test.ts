import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SoulboxError } from '@soulbox/plugin-sdk';
import { engineError, isUnanswered, saidByProcess } from '../src/engine-error.ts';

const answered = (statusCode: number, message: string): Error => Object.assign(new Error(message), { statusCode });
const unanswered = (code: string): Error => Object.assign(new Error(`connect ${code} /secret/path`), { code });

describe('engineError', () => {
  const cases: readonly (readonly [thrown: Error, code: string, says: RegExp, retryable: boolean])[] = [
    [unanswered('ENOENT'), 'runtime_unavailable', /there is no Docker engine/, true],
    [unanswered('ECONNREFUSED'), 'runtime_unavailable', /no Docker engine listens/, true],
    [unanswered('EACCES'), 'runtime_unavailable', /may not use the socket/, true],
    [unanswered('EPERM'), 'runtime_unavailable', /may not use the socket/, true],
    [unanswered('ECONNRESET'), 'runtime_unavailable', /broke while it should try/, true],
    [new Error('socket hang up'), 'runtime_unavailable', /broke while it should try/, true],
    [answered(500, 'write /var/lib/x: no space left on device'), 'runtime_unavailable', /folder .* is full/, true],
    [answered(400, 'exec: "soulbox-agent": exec format error'), 'image_unavailable', /architecture/, false],
    [
      answered(400, 'exec: "/usr/local/bin/soulbox-agent": stat …: no such file or directory'),
      'image_unavailable',
      /no agent/,
      false,
    ],
    [answered(404, 'No such image: x:1'), 'image_unavailable', /does not have the image/, false],
    [answered(500, 'Get "https://r/v2/": net/http: TLS handshake timeout'), 'runtime_unavailable', /registry/, true],
    [answered(500, 'dial tcp: lookup r on 1.1.1.1:53: no such host'), 'runtime_unavailable', /registry/, true],
    [answered(500, 'layer does not exist'), 'image_unavailable', /damaged/, false],
    [answered(500, 'OCI runtime create failed: seccomp not supported'), 'sandbox_unavailable', /filter/, false],
    [answered(400, 'unknown or invalid runtime name: kata'), 'sandbox_unavailable', /runtime/, false],
    [answered(404, 'No such container: x'), 'not_found', /does not have what/, false],
    [answered(409, 'removal of container x is already in progress'), 'conflict', /no state to try/, false],
    [answered(400, 'invalid reference format'), 'image_unavailable', /does not have the image/, false],
    [answered(400, 'bad parameter'), 'sandbox_unavailable', /refused to try \(status 400\)/, false],
    [answered(500, 'something /secret/path'), 'runtime_unavailable', /refused to try \(status 500\)/, true],
  ];
  for (const [thrown, code, says, retryable] of cases)
    it(`makes ${code} of "${thrown.message}"`, () => {
      const error = engineError(thrown, 'try');
      assert.deepEqual([error.code, error.entry.retryable], [code, retryable]);
      assert.match(error.message, says);
      assert.doesNotMatch(error.message, /secret|\/var/);
      assert.equal(error.cause, thrown);
      assert.ok(Array.isArray(error.details?.['advice']));
    });

  it('leaves errors of ours as they are', () => {
    const error = new SoulboxError('cancelled', 'x');
    assert.equal(engineError(error, 'try'), error);
  });

  it('knows what got no answer at all', () => {
    assert.deepEqual(
      [unanswered('ENOENT'), answered(500, 'x'), new SoulboxError('runtime_unavailable', 'late')].map(isUnanswered),
      [true, false, true],
    );
  });
});

describe('what a process said before it ended', () => {
  it('is known where it is the fault of the image', () => {
    const text = 'exec /usr/local/bin/soulbox-agent: exec format error';
    assert.equal(saidByProcess(text)?.code, 'image_unavailable');
    assert.equal(saidByProcess('soulbox-agent: memory: Cannot allocate memory'), undefined);
  });
});

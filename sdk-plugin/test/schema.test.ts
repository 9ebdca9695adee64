import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputJsonSchema, isSoulboxError, outputJsonSchema, parse, z, type Schema } from '../src/index.ts';

const Point = z.strictObject({ x: z.int(), y: z.int().default(0), tags: z.array(z.string()).optional() });

/** A schema that was made without any library. */
function made(validate: (value: unknown) => unknown): Schema {
  return { '~standard': { version: 1, vendor: 'test', validate } } as unknown as Schema;
}

test('a good value comes back as the schema yields it', () => {
  assert.deepEqual(parse(Point, { x: 1 }), { x: 1, y: 0 });
});

test('all problems are told at once, each with its path', () => {
  assert.throws(
    () => parse(Point, { x: 'a', tags: ['ok', 5], more: 1 }),
    (thrown) => {
      assert.ok(isSoulboxError(thrown));
      assert.equal(thrown.code, 'invalid_params');
      const problems = thrown.details?.['problems'] as { path: string; message: string }[];
      assert.deepEqual(
        problems.map(({ path }) => path),
        ['x', 'tags.1', ''],
      );
      assert.match(thrown.message, /^x: .*; tags\.1: .*; Unrecognized key: "more"$/);
      return true;
    },
  );
});

test('the code is the one asked for', () => {
  assert.throws(() => parse(Point, null, 'config_invalid'), { code: 'config_invalid' });
});

test('paths may be given as keys or as segments, or not at all', () => {
  const issues = [{ message: 'a', path: [{ key: 'deep' }, 0, Symbol.for('s')] }, { message: 'b' }];
  assert.throws(
    () =>
      parse(
        made(() => ({ issues })),
        1,
      ),
    (thrown) => {
      assert.ok(isSoulboxError(thrown));
      assert.deepEqual(thrown.details?.['problems'], [
        { path: 'deep.0.Symbol(s)', message: 'a' },
        { path: '', message: 'b' },
      ]);
      return true;
    },
  );
});

test('a schema that needs time is refused', () => {
  assert.throws(
    () =>
      parse(
        made(() => Promise.resolve({ value: 1 })),
        1,
      ),
    { code: 'internal' },
  );
});

test('a schema describes what it takes and what it yields', () => {
  const [input, output] = [inputJsonSchema(Point), outputJsonSchema(Point)];
  for (const schema of [input, output]) assert.match(String(schema['$schema']), /2020-12/);
  assert.deepEqual([input['required'], output['required']], [['x'], ['x', 'y']]);
});

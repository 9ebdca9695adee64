import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { dockerSubject, linuxSubject, type MakeSubject, type Subject } from '../hostile/subject.ts';
import { whyNoBox } from '../support/boxes.ts';
import { noEngine } from '../support/docker/engine.ts';
import { needs } from '../support/needs.ts';
import { findToolchains } from '../support/toolchains.ts';
import { Comparison, Languages, type Ending } from './waiting/comparison.ts';
import { nodePrograms } from './waiting/node-programs.ts';
import type { ComparedProgram } from './waiting/program.ts';
import { pythonPrograms } from './waiting/python-programs.ts';

const places: readonly [string, MakeSubject, string | false][] = [
  ['of the Linux driver', linuxSubject, (await whyNoBox()) || needs('python3')],
  ['of the Docker driver', dockerSubject, noEngine || needs('python3')],
];

const fresh: readonly ComparedProgram[] = [
  {
    name: 'Python',
    language: 'python',
    files: {
      'main.py':
        'import hashlib, os, random, secrets, ssl, tempfile, time, uuid\n' +
        'for value in (random.random(), random.SystemRandom().random(), random.getrandbits(64), uuid.uuid1(), uuid.uuid4(),\n' +
        '    secrets.token_hex(), ssl.RAND_bytes(16).hex(), os.urandom(16).hex(), next(tempfile._get_candidate_names()),\n' +
        '    tempfile.mkdtemp(), hashlib.sha256(os.urandom(9)).hexdigest(), time.time_ns()): print(value)\n',
    },
  },
  {
    name: 'JavaScript',
    language: 'javascript',
    files: {
      'main.js':
        'const crypto = require("crypto"); const fs = require("fs");\n' +
        'for (const value of [Math.random(), Math.random(), crypto.randomUUID(), crypto.randomBytes(16).toString("hex"),\n' +
        '  crypto.webcrypto.getRandomValues(new Uint32Array(4)).join(), Date.now() + performance.now(),\n' +
        '  fs.mkdtempSync("/tmp/x-")])\n' +
        '  console.log(value);\n',
    },
  },
];

/** The two outermost frames of Node.js tell who called the main module; where something lies in memory is chance. */
const differing = /^.*(?:executeUserEntryPoint|run_main_module|processImmediate).*\n|0x[0-9a-f]+/gm;
const comparable = ({ stdout, stderr, ...rest }: Omit<Ending, 'start'>) => ({
  ...rest,
  stdout: stdout.replaceAll(differing, ''),
  stderr: stderr.replaceAll(differing, ''),
});

for (const [place, make, skip] of places)
  describe(`programs that wait in a box ${place}`, { skip }, () => {
    let languages: Languages;
    let subject: Subject;
    let comparison: Comparison;
    before(async () => {
      languages = await Languages.find();
      const toolchains = await findToolchains();
      const paths = [...new Set([...(await languages.paths()), ...toolchains.paths])];
      subject = await make({ ...toolchains, paths });
      const { id } = await subject.driver.create(subject.spec, { signal: new AbortController().signal });
      comparison = new Comparison(subject.driver, id, languages);
    });
    after(async () => {
      for (const { id } of await subject.driver.list()) await subject.driver.destroy(id);
      assert.deepEqual(await subject.leftovers(), []);
      await subject.close();
      await languages.close();
    });

    for (const [language, programs] of [
      ['Python', pythonPrograms],
      ['Node.js', nodePrograms],
    ] as const)
      describe(`become what a start of ${language} would be`, () => {
        for (const program of programs)
          it(`${program.name} (${program.language})`, async () => {
            const { start: _, ...cold } = await comparison.cold(program);
            const { start, ...used } = await comparison.warm(program);
            assert.equal(start, program.isCold ? 'cold' : 'warm');
            assert.deepEqual(comparable(used), comparable(cold));
          });
      });

    for (const program of fresh)
      it(`share no chance and no time: ${program.name}`, async () => {
        const seen: Set<string>[] = [];
        for (let runs = 0; runs < 6; runs++) {
          const { stdout, stderr, start } = await comparison.warm(program);
          assert.deepEqual([start, stderr], ['warm', '']);
          for (const [index, line] of stdout.trim().split('\n').entries()) (seen[index] ??= new Set()).add(line);
        }
        assert.deepEqual(
          seen.map(({ size }) => size),
          seen.map(() => 6),
        );
        assert.ok(seen.length > 6);
      });
  });

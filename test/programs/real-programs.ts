import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ExecutionResult } from '@soulbox/plugin-sdk';
import { createTestHost, type TestHost, type TestHostOptions } from '@soulbox/plugin-sdk/testing';
import { boxes, whyNoBox } from '../support/boxes.ts';

/** A program that nobody here wrote, from a package or a toolchain that is installed. */
export interface RealProgram {
  readonly name: string;
  /** The first is the entry. */
  readonly files: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  readonly stdin?: string;
  /** What it prints on standard output, as its authors say, or what that holds; it ends with exit code 0. */
  readonly expected: string | RegExp;
}

export interface RealProgramsOptions {
  readonly language: string;
  readonly plugins: NonNullable<TestHostOptions['plugins']>;
  /** Why they cannot be run here, or `false`. */
  readonly skip: string | false;
  /** Reads the programs, which there may be only where they are not skipped. */
  readonly programs: () => readonly RealProgram[];
}

const least = 10;
const skipAll = await whyNoBox();

/** The text without the spaces at the ends of lines, and of the whole, that documents do not keep. */
const tidy = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();

/** Registers a test for each of a language's real programs: in real boxes, within the usual limits, it prints what it should. */
export function realPrograms({ language, plugins, skip, programs }: RealProgramsOptions): void {
  const reason = skip === false ? skipAll : skip;
  describe(`real programs in ${language}`, { skip: reason }, () => {
    const all = reason === false ? programs() : [];
    let host: TestHost;
    before(async () => {
      host = await createTestHost({ plugins: { ...boxes, ...plugins } });
    });
    after(() => host.stop());

    test(`there are at least ${least}`, () => assert.ok(all.length >= least, `${all.length}`));
    for (const { name, files, args, stdin, expected } of all)
      test(name, async () => {
        const sources = Object.entries(files).map(([path, content]) => ({ path, content }));
        const params = { language, files: sources, entry: sources[0]?.path, args, stdin };
        const { verdict, stdout, stderr } = (await host.call('executions.create', params)) as ExecutionResult;
        assert.equal(verdict, 'ok', stderr + stdout);
        if (typeof expected === 'string') assert.equal(tidy(stdout), tidy(expected));
        else assert.match(stdout, expected);
      });
  });
}

import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { packageRules } from './package-rules.ts';

export interface PackageSuiteOptions {
  readonly name?: string;
  /** The folder of the plugin's package.json. */
  readonly folder: URL;
}

/** Registers the tests that the package of every plugin passes, as it is after a build. */
export function packageSuite({ name = 'package', folder }: PackageSuiteOptions): void {
  describe(`conformance: ${name}`, () => {
    for (const [says, rule] of packageRules) test(says, () => rule(fileURLToPath(folder)));
  });
}
